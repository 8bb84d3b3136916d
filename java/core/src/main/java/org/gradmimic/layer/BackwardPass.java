package org.gradmimic.layer;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** What is left to do of a step once its scores are there. */
interface BackwardPass extends AutoCloseable {
    /**
     * Adds the step's gradients to those of the parameters.
     *
     * @param weights [B] float, w_i
     * @param share of the batch in what one step of the optimiser sees; scales everything
     * @param skip as {@link Gradients} take it
     */
    void run(Tensor weights, double share, @Nullable Tensor skip);

    @Override
    void close();
}
