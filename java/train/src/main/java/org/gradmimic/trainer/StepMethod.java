package org.gradmimic.trainer;

import org.bytedeco.pytorch.Tensor;

/** How the gradients of a batch are computed. */
interface StepMethod extends AutoCloseable {
    /** Called before the first step of an epoch. */
    void begin(int epoch);

    /**
     * Adds the gradients of a batch to those of the parameters, and scores, weights and losses to the score table.
     *
     * @param images [B,3,H,W], normalised
     * @param labels [B]
     * @param ids [B]
     * @param share of the batch in one step of the optimiser; scales the gradients
     * @return the logits [B,C], in the caller's scope
     * @throws org.gradmimic.base.NonFiniteException if nothing of the batch can be used
     */
    Tensor backward(Tensor images, Tensor labels, Tensor ids, double share);

    @Override
    void close();
}
