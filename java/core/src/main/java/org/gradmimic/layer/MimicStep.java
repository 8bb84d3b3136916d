package org.gradmimic.layer;

import java.util.List;
import org.gradmimic.base.InvalidStateException;
import org.jspecify.annotations.Nullable;

/**
 * A scored batch of {@link MimicSteps}. Its numbers are its own and stay; on a device the first that is asked for waits for all of
 * them, and must be asked for before the next step. {@link #backward()} belongs to the time before the next forward pass.
 */
public final class MimicStep {
    private final MimicSteps steps;
    private final StepTensors tensors;
    private StepTensors.@Nullable Numbers numbers;
    private boolean done;

    /** @param numbers null where they are on a device */
    MimicStep(MimicSteps steps, StepTensors tensors, StepTensors.@Nullable Numbers numbers) {
        this.steps = steps;
        this.tensors = tensors;
        this.numbers = numbers;
    }

    private StepTensors.Numbers numbers() {
        StepTensors.Numbers found = numbers;
        if (found == null) {
            steps.requireCurrent(this);
            numbers = found = tensors.read();
        }
        return found;
    }

    /** Losses, the scores toward every reference, and norms where the weighting looks at them. */
    public LayerScores layerScores() {
        return numbers().layerScores();
    }

    /** [B] the raw score of every sample that weighs it, whatever the weights are made of. */
    public double[] scores() {
        return numbers().scores().clone();
    }

    /** [B] the weights w_i; all 0 where the step is skipped. */
    public float[] weights() {
        return numbers().weights().clone();
    }

    /** The mean of the finite losses. */
    public double meanLoss() {
        double sum = 0;
        int finite = 0;
        for (double loss : layerScores().losses()) {
            if (!Double.isFinite(loss)) continue;
            sum += loss;
            finite++;
        }
        return finite == 0 ? 0 : sum / finite;
    }

    /**
     * Whether nothing will be trained: a sample whose loss or score is not finite may have spoilt the others' below the head,
     * through normalisation over the batch; of a contrastive loss it has spoilt them all.
     */
    public boolean skipped() {
        return !nonFiniteIds().isEmpty();
    }

    /**
     * The ids of the samples whose loss or score is not finite (their places in the batch where no ids were given). Of a
     * contrastive batch those whose features are to blame, if there are any: no other has a finite loss then.
     */
    public List<Long> nonFiniteIds() {
        return numbers().nonFinite();
    }

    /** As {@link #backward(double)} with a share of 1. */
    public void backward() {
        backward(1);
    }

    /**
     * Adds this batch's gradients to those of the parameters. For a skipped step nothing; on a device, which doesn't tell, zeros.
     *
     * @param share of this batch in the samples that one step of the optimiser sees: weights sum to one over this batch, and
     *     are rescaled by it when gradients of several are accumulated
     * @throws InvalidStateException if it ran already, or another forward pass has begun
     */
    public void backward(double share) {
        steps.requireCurrent(this);
        if (done) throw new InvalidStateException("backward() ran already; the step's output gradients are used up");
        done = true;
        steps.backward(tensors.weights(), share);
    }
}
