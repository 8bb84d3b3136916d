package org.gradmimic.score;

import java.nio.file.Path;
import org.gradmimic.base.InputException;
import org.jspecify.annotations.Nullable;

/**
 * Where the scores or weights go. A sink takes the results of one run.
 *
 * <p>Both kinds hold float32. A file takes constant memory: it keeps one number a sample, so the kind {@code normed_cos} is
 * made from cosines rounded to float32. Memory holds scores and norms apart.
 */
public abstract sealed class ScoreSink implements AutoCloseable permits ScoreFileSink, ScoreMemory {
    /**
     * A file that appears whole or not at all.
     *
     * @param out {@code .npy} (float32 [N]) or {@code .parquet} (sample_id, score), by the ending
     * @throws InputException if the ending is another one, or the folder is missing or cannot be written to
     */
    public static ScoreSink file(Path out) {
        return new ScoreFileSink(out);
    }

    /** The heap, where losses and gradient norms are kept, too. */
    public static ScoreMemory memory() {
        return new ScoreMemory(false);
    }

    /** What this sink keeps beside the scores. */
    abstract ScoreSource.Wanted wanted();

    /**
     * Begins.
     *
     * @param norms whether gradient norms will be put
     * @param normsNeeded whether they are needed after all samples have been read
     */
    abstract void open(long samples, int references, boolean norms, boolean normsNeeded);

    /** [K·N], those of a reference after those of the other. */
    abstract FloatColumn scoreColumn();

    /** [N]; null if they are not kept. */
    abstract @Nullable FloatColumn lossColumn();

    /** [N]; null if they are not kept. */
    abstract @Nullable FloatColumn normColumn();

    /** Ends a run that succeeded. */
    abstract void commit();

    /** Drops what was not committed. */
    @Override
    public abstract void close();
}
