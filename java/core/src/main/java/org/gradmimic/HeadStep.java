package org.gradmimic;

import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.device.Host;
import org.jspecify.annotations.Nullable;

/**
 * A scored batch. Its tensors are views of the head's memory, valid until the head's next step (clone what is kept); the
 * score table keeps them longer. After that step, and once the head is closed, every method but {@link #nonFinite()} throws
 * {@link InvalidStateException}.
 */
public final class HeadStep {
    private final MimicHead head;
    private final Tensor input;
    private final Tensor features;
    private final HeadBuffers buffers;
    private final boolean through;
    private final Supplier<List<Long>> finder;
    private @Nullable List<Long> nonFiniteIds;
    private boolean done;

    HeadStep(
            MimicHead head,
            Tensor input,
            Tensor features,
            HeadBuffers buffers,
            boolean through,
            Supplier<List<Long>> finder) {
        this.head = head;
        this.input = input;
        this.features = features;
        this.buffers = buffers;
        this.through = through;
        this.finder = finder;
    }

    /** ℓ_i of every sample before the step, [B] float. */
    public Tensor losses() {
        head.requireCurrent(this);
        return buffers.lossTensor();
    }

    /**
     * The raw score ⟨−g_i, V⟩/‖V‖ of every sample, whatever the weights are made of; NaN where not finite. Of several
     * references what they combine to. [B] float.
     */
    public Tensor scores() {
        requireScores();
        return buffers.scoreTensor();
    }

    /** The raw score toward every reference, [B,K] float; NaN where not finite. */
    public Tensor referenceScores() {
        requireScores();
        return buffers.referenceScores();
    }

    private void requireScores() {
        head.requireCurrent(this);
        if (!buffers.scored()) {
            throw new InvalidStateException(
                    "weighting " + head.weighting().kind() + " without a direction has no scores");
        }
    }

    /** The weights w_i, [B] float. */
    public Tensor weights() {
        head.requireCurrent(this);
        return buffers.weightTensor();
    }

    /** The mean of the finite losses, in double precision; reads them on the host, and waits for a device. */
    public double meanLoss() {
        head.requireCurrent(this);
        double sum = 0;
        int finite = 0;
        for (float loss : Host.floats(buffers.lossTensor())) {
            if (!Float.isFinite(loss)) continue;
            sum += loss;
            finite++;
        }
        return finite == 0 ? 0 : sum / finite;
    }

    /**
     * How many samples have no finite loss or score and were given weight 0. On a device it waits, and only the newest step can
     * be asked; the score table tells without waiting, when it is drained.
     */
    public long nonFinite() {
        return found().size();
    }

    /** The ids of those samples (their places in the batch where there is no score table). */
    public List<Long> nonFiniteIds() {
        head.requireCurrent(this);
        return found();
    }

    private List<Long> found() {
        List<Long> found = nonFiniteIds;
        if (found == null) {
            head.requireCurrent(this);
            nonFiniteIds = found = finder.get();
        }
        return found;
    }

    /**
     * The backward pass: adds the head's gradients to {@code weight.grad()} and {@code bias.grad()} and, if the features
     * require a gradient, sends theirs back through what made them.
     *
     * @throws InvalidStateException if it ran already, or the head has begun another step
     */
    public void backward() {
        head.requireCurrent(this);
        if (done) throw new InvalidStateException("backward() ran already; the step's output gradients are used up");
        done = true;
        head.backward(this);
    }

    Tensor input() {
        return input;
    }

    Tensor features() {
        return features;
    }

    HeadBuffers buffers() {
        return buffers;
    }

    boolean through() {
        return through;
    }
}
