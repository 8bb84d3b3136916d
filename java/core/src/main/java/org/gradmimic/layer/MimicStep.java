package org.gradmimic.layer;

import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.TrainingStep;
import org.gradmimic.base.InvalidStateException;
import org.jspecify.annotations.Nullable;

/**
 * A batch that {@link MimicSteps} have scored. Call {@link #backward()} before the next forward pass. On a device, the
 * first number that is read on the host waits for all of them.
 */
public final class MimicStep implements TrainingStep {
    private final MimicSteps steps;
    private final StepTensors tensors;
    private StepTensors.@Nullable Numbers numbers;
    private boolean done;

    /** @param numbers null if they are on a device */
    MimicStep(MimicSteps steps, StepTensors tensors, StepTensors.@Nullable Numbers numbers) {
        this.steps = steps;
        this.tensors = tensors;
        this.numbers = numbers;
    }

    private StepTensors current() {
        steps.requireCurrent(this);
        return tensors;
    }

    private StepTensors.Numbers numbers() {
        StepTensors current = current();
        StepTensors.Numbers found = numbers;
        if (found == null) numbers = found = current.read();
        return found;
    }

    /**
     * Losses, the scores toward every reference, and gradient norms if the weighting needs them. The arrays stay valid.
     */
    public LayerScores layerScores() {
        return numbers().layerScores();
    }

    /** [B] double. */
    @Override
    public Tensor losses() {
        return current().losses();
    }

    /** [B] double. */
    @Override
    public Tensor scores() {
        return current().scores();
    }

    @Override
    public Tensor weights() {
        return current().weights();
    }

    @Override
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
     * Whether {@link #backward()} adds nothing. A sample with a non-finite loss or score may have made the scores of
     * other samples wrong, below the head, through normalisation over the batch. With a contrastive loss, it has done
     * so for all of them.
     */
    @Override
    public boolean skipped() {
        return !nonFiniteIds().isEmpty();
    }

    /**
     * The ids of the samples whose loss or score is not finite, or their positions in the batch if there are no ids. In
     * a contrastive batch, non-finite features of one sample make the losses of all samples non-finite; the list then
     * contains only the ids of the samples with such features.
     */
    @Override
    public List<Long> nonFiniteIds() {
        return numbers().nonFinite();
    }

    /**
     * The backward pass. Adds the weighted gradients of this batch to those of the parameters. A skipped step adds nothing on the
     * CPU, and zeros on a device, where the host does not know that it is skipped.
     */
    @Override
    public void backward(double share) {
        StepTensors current = current();
        if (done) throw new InvalidStateException("backward() ran already; the step's output gradients are used up");
        done = true;
        steps.backward(current.weights(), share);
    }

    @Override
    public void close() {
        steps.end(this);
    }
}
