package org.gradmimic.score;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** The samples that a model scores, in order. */
public interface Samples extends AutoCloseable {
    /**
     * A batch of samples, in the caller's scope.
     *
     * @param images [n,3,H,W] float
     * @param targets labels [n], or the tokens of captions [n,T]; long
     * @param ids [n] their positions among all samples
     */
    record Batch(Tensor images, Tensor targets, long[] ids) {}

    /** N, the number of samples. */
    long count();

    /** The name of the samples in error messages. */
    String name();

    /**
     * The next samples: as many as requested when this was opened, or those that are left; null at the end.
     *
     * @throws org.gradmimic.base.InputException if a sample cannot be read
     */
    @Nullable
    Batch next();

    @Override
    void close();
}
