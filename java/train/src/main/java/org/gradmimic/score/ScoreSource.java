package org.gradmimic.score;

import java.util.List;
import org.gradmimic.Weighting;
import org.gradmimic.base.InputException;
import org.jspecify.annotations.Nullable;

/** Samples with what a head or a model gives for each of them. {@link Scoring} reads a source once, block by block. */
public interface ScoreSource extends AutoCloseable {
    /**
     * What is needed beside the scores.
     *
     * @param gradientNorms whether ‖g_i‖ is
     * @param losses whether ℓ_i is
     */
    record Wanted(boolean gradientNorms, boolean losses) {}

    /**
     * Some samples.
     *
     * @param ids [n] their numbers among all samples
     * @param scores [K][n] m_i toward each reference, or toward all references combined (K = 1)
     * @param losses [n] ℓ_i; may be empty if they are not wanted
     * @param gradientNorms [n] ‖g_i‖; may be empty if they are not wanted
     */
    record Block(long[] ids, double[][] scores, double[] losses, double[] gradientNorms) {}

    /** What errors call the samples: their file or data set. */
    String name();

    /** N, the number of samples. */
    long count();

    /** K, the number of scores of a sample. */
    int references();

    /**
     * Refuses what this source cannot give, before anything is computed.
     *
     * @throws InputException that names it
     */
    void check(Weighting.Kind kind, Wanted wanted);

    /**
     * The next samples; null after the last one.
     *
     * @throws InputException if a sample cannot be read
     */
    @Nullable
    Block next(Wanted wanted);

    /** ‖V‖ of every reference; known after the first block. */
    double[] directionNorms();

    /** The first samples of the blocks so far that spoilt the scores of all samples they are compared with. */
    default List<Long> invalidSamples() {
        return List.of();
    }

    @Override
    void close();
}
