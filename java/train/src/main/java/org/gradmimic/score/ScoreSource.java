package org.gradmimic.score;

import java.util.List;
import org.gradmimic.Weighting;
import org.gradmimic.base.InputException;
import org.jspecify.annotations.Nullable;

/**
 * Samples and the numbers that a head or a model computes for each of them. {@link Scoring} reads a source once, block
 * by block.
 */
public interface ScoreSource extends AutoCloseable {
    /**
     * The numbers needed besides the scores.
     *
     * @param gradientNorms whether ‖g_i‖ is needed
     * @param losses whether ℓ_i is needed
     */
    record Wanted(boolean gradientNorms, boolean losses) {}

    /**
     * A block of samples.
     *
     * @param ids [n] their positions among all samples
     * @param scores [K][n] m_i toward each reference, or toward all references combined (K = 1)
     * @param losses [n] ℓ_i; may be empty if they are not wanted
     * @param gradientNorms [n] ‖g_i‖; may be empty if they are not wanted
     */
    record Block(long[] ids, double[][] scores, double[] losses, double[] gradientNorms) {}

    /** The name of the samples in error messages: their file or data set. */
    String name();

    /** N, the number of samples. */
    long count();

    /** K, the number of scores per sample. */
    int references();

    /**
     * Rejects a request that this source cannot fulfil, before anything is computed.
     *
     * @throws InputException that names the request
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

    /**
     * The first samples, in the blocks read so far, that made the scores of all samples compared with them non-finite.
     */
    default List<Long> invalidSamples() {
        return List.of();
    }

    @Override
    void close();
}
