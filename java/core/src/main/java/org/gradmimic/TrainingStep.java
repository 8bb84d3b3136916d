package org.gradmimic;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InvalidStateException;

/**
 * One batch between its scores and its gradients, as a training loop, a listener or a metric sees it. A {@link
 * MimicHead} makes steps of a classification head, {@link org.gradmimic.layer.MimicSteps} steps of any layer.
 *
 * <p>Losses, scores and weights are on the device that computed them. Reading a value on the host waits for the device
 * ({@link org.gradmimic.device.Host}). They belong to the step: they are valid until the next step begins or this one
 * is closed. After that, every method except {@link #close()} throws {@link InvalidStateException}. Clone tensors that
 * are needed longer.
 *
 * <p>A step owns the tensors that it created, and holds its own handles to the tensors it was given. Closing the step
 * frees both, and so does the next step, so a loop does not have to close it. The intermediate tensors of the forward
 * pass belong to the caller; {@link TensorScope} frees them.
 */
public interface TrainingStep extends AutoCloseable {
    /** ℓ_i of every sample before the step, [B]. */
    Tensor losses();

    /**
     * The raw score ⟨−g_i, V⟩/‖V‖ of every sample, whatever the weights are made of; NaN where it is not finite. With several
     * references, the score that decides the weight. [B]
     *
     * @throws InvalidStateException if the weighting has no direction, so that there are no scores
     */
    Tensor scores();

    /** The weights w_i, [B] float; all 0 if the step is skipped. */
    Tensor weights();

    /** The mean of the finite losses; waits for a device. */
    double meanLoss();

    /**
     * The ids of the samples whose loss or score is not finite, or their positions in the batch if there are no ids.
     * Waits for a device.
     */
    List<Long> nonFiniteIds();

    /**
     * Whether {@link #backward()} adds nothing, because samples that are not finite may have made other samples' scores wrong.
     * Waits for a device.
     */
    boolean skipped();

    /** As {@link #backward(double)} with a share of 1. */
    default void backward() {
        backward(1);
    }

    /**
     * The backward pass. Adds the weighted gradients of this batch to those of the parameters.
     *
     * @param share the share of this batch in the samples of one step of the optimiser. Weights sum to one over this
     *     batch; the share rescales them if gradients of several batches are accumulated
     * @throws InvalidStateException if it ran already, or the step is no longer the newest
     */
    void backward(double share);

    /** Frees what the step holds. Closing a step twice, or one that is no longer the newest, does nothing. */
    @Override
    void close();
}
