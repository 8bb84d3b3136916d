package org.gradmimic;

import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.device.Host;
import org.gradmimic.kernel.internal.Memory;
import org.jspecify.annotations.Nullable;

/**
 * A batch that a {@link MimicHead} has scored. Its losses, scores and weights are views of the head's memory, which the next step
 * overwrites. The score table keeps them longer.
 */
public final class HeadStep implements TrainingStep {
    private final MimicHead head;
    private final HeadBuffers buffers;

    /** The features as the caller gave them, if they require a gradient. The step owns this handle. */
    private @Nullable Tensor input;

    /** The features in float, without a graph; null after the backward pass. The step owns this handle. */
    private @Nullable Tensor features;

    /** The norms or reference losses that must be finite too; null where the answer is known. The step owns this handle. */
    private @Nullable Tensor mustBeFinite;

    /** [B] long; null where the answer is known. The step owns this handle. */
    private @Nullable Tensor ids;

    private @Nullable Tensor losses;
    private @Nullable Tensor scores;
    private @Nullable Tensor referenceScores;
    private @Nullable Tensor weights;
    private @Nullable List<Long> nonFiniteIds;

    /** Takes ownership of the handles. */
    HeadStep(MimicHead head, HeadBuffers buffers, @Nullable Tensor input, Tensor features) {
        this.head = head;
        this.buffers = buffers;
        this.input = input;
        this.features = features;
    }

    /** The answer of {@link #nonFiniteIds()}, where it is known at once. */
    void nonFinite(List<Long> ids) {
        nonFiniteIds = ids;
    }

    /** What {@link #nonFiniteIds()} reads when it is asked, where an answer now would wait for the device. */
    void askLater(@Nullable Tensor mustBeFinite, @Nullable Tensor ids) {
        this.mustBeFinite = mustBeFinite == null ? null : Tensors.handle(mustBeFinite);
        this.ids = ids == null ? null : Tensors.handle(ids);
    }

    /** A tensor that is freed with the step. */
    private static Tensor own(Supplier<Tensor> tensor) {
        try (PointerScope scope = new PointerScope()) {
            return Memory.detached(tensor.get());
        }
    }

    @Override
    public Tensor losses() {
        head.requireCurrent(this);
        Tensor found = losses;
        if (found == null) losses = found = own(buffers::lossTensor);
        return found;
    }

    /** [B] float. */
    @Override
    public Tensor scores() {
        requireScores();
        Tensor found = scores;
        if (found == null) scores = found = own(buffers::scoreTensor);
        return found;
    }

    /** The raw score toward every reference, [B,K] float; NaN if not finite. */
    public Tensor referenceScores() {
        requireScores();
        Tensor found = referenceScores;
        if (found == null) referenceScores = found = own(buffers::referenceScores);
        return found;
    }

    private void requireScores() {
        head.requireCurrent(this);
        if (!buffers.scored()) {
            throw new InvalidStateException(
                    "weighting " + head.weighting().kind() + " without a direction has no scores");
        }
    }

    @Override
    public Tensor weights() {
        head.requireCurrent(this);
        Tensor found = weights;
        if (found == null) weights = found = own(buffers::weightTensor);
        return found;
    }

    @Override
    public double meanLoss() {
        double sum = 0;
        int finite = 0;
        for (float loss : Host.floats(losses())) {
            if (!Float.isFinite(loss)) continue;
            sum += loss;
            finite++;
        }
        return finite == 0 ? 0 : sum / finite;
    }

    /**
     * The ids of the samples without a finite loss or score, whose weight is 0, or their positions in the batch if
     * there are no ids. On a device this waits; the score table reports them without waiting, when it is drained.
     */
    @Override
    public List<Long> nonFiniteIds() {
        head.requireCurrent(this);
        List<Long> found = nonFiniteIds;
        if (found == null) nonFiniteIds = found = head.nonFiniteIds(buffers, mustBeFinite, ids);
        return found;
    }

    /** Always false: a sample of a head cannot affect another sample's score. Non-finite samples have weight 0. */
    @Override
    public boolean skipped() {
        head.requireCurrent(this);
        return false;
    }

    /**
     * The backward pass: adds the head's gradients to {@code weight.grad()} and {@code bias.grad()}. If the features
     * require a gradient, the pass continues through the graph that computed them.
     */
    @Override
    public void backward(double share) {
        head.requireCurrent(this);
        Tensor h = features;
        if (h == null)
            throw new InvalidStateException("backward() ran already; the step's output gradients are used up");
        try {
            head.backward(this, input, h, share);
        } finally {
            input = freed(input);
            features = freed(features);
        }
    }

    HeadBuffers buffers() {
        return buffers;
    }

    private static @Nullable Tensor freed(@Nullable Tensor tensor) {
        if (tensor != null) tensor.deallocate();
        return null;
    }

    /** Frees everything that the step owns. The head calls this when the step ends. */
    void end() {
        input = freed(input);
        features = freed(features);
        for (Tensor tensor : new Tensor[] {mustBeFinite, ids, losses, scores, referenceScores, weights}) freed(tensor);
    }

    @Override
    public void close() {
        head.end(this);
    }
}
