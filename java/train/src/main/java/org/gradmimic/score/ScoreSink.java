package org.gradmimic.score;

import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.jspecify.annotations.Nullable;

/**
 * Receives scores or weights. A sink takes the results of one run.
 *
 * <p>Both kinds of sink hold float32. A file needs constant memory: it keeps one number per sample, so {@code
 * normed_cos} is computed from cosines rounded to float32. Memory holds scores and norms separately.
 */
public abstract sealed class ScoreSink implements AutoCloseable permits ScoreFileSink, ScoreMemory {
    ScoreSink() {}

    /**
     * A sink that writes a file, whole or not at all.
     *
     * @param out {@code .npy} (float32 [N]) or {@code .parquet} (sample_id, score), by extension
     * @throws InputException if the extension is another one, or the folder is missing or cannot be written to
     */
    public static ScoreSink file(Path out) {
        return new ScoreFileSink(out);
    }

    /** A sink on the heap, which also keeps losses and gradient norms. */
    public static ScoreMemory memory() {
        return new ScoreMemory(false);
    }

    /** The numbers that this sink keeps besides the scores. */
    abstract ScoreSource.Wanted wanted();

    /**
     * Begins a run.
     *
     * @param norms whether gradient norms will be written
     * @param normsNeeded whether they are needed after all samples have been read
     */
    abstract void open(long samples, int references, boolean norms, boolean normsNeeded);

    /** [K·N], the scores toward one reference after those toward the other. */
    abstract FloatColumn scoreColumn();

    /** [N]; null if losses are not kept. */
    abstract @Nullable FloatColumn lossColumn();

    /** [N]; null if gradient norms are not kept. */
    abstract @Nullable FloatColumn normColumn();

    /** Ends a run that succeeded. */
    abstract void commit();

    /** Discards results that were not committed. */
    @Override
    public abstract void close();
}
