package org.gradmimic.score;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** The samples a model scores, one after another. */
public interface Samples extends AutoCloseable {
    /**
     * Some of them, in the caller's scope.
     *
     * @param images [n,3,H,W] float
     * @param targets labels [n], or captions' tokens [n,T]; long
     * @param ids [n] their positions among all samples
     */
    record Batch(Tensor images, Tensor targets, long[] ids) {}

    /** N. */
    long count();

    /** What they are called in errors. */
    String name();

    /**
     * The next samples, so many as were asked for when this was opened, or those that are left; null at the end.
     *
     * @throws org.gradmimic.base.InputException if a sample can't be read
     */
    @Nullable
    Batch next();

    @Override
    void close();
}
