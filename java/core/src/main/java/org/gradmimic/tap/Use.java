package org.gradmimic.tap;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.gradmimic.kernel.Memory;
import org.jspecify.annotations.Nullable;

/** A parameter's tap in one call of its layer, with what entered the layer. */
final class Use implements AutoCloseable {
    private final TappedParameter parameter;
    private final Tap tap;
    private final LayerRecord record;
    private final @Nullable Tensor input;
    private final long inputVersion;
    private @Nullable Tensor perSample;
    private boolean spent;

    Use(TappedParameter parameter, Tap tap, LayerRecord record, @Nullable Tensor input) {
        this.parameter = parameter;
        this.tap = tap;
        this.record = record;
        this.input = input == null ? null : Memory.detached(input.detach());
        inputVersion = input == null ? 0 : input._version();
    }

    TappedParameter parameter() {
        return parameter;
    }

    LayerRecord record() {
        return record;
    }

    void check() {
        if (input != null && input._version() != inputVersion) {
            throw new IllegalStateException("what entered the layer " + record.layer()
                    + " was changed in place afterwards; use the operation that makes a new tensor");
        }
    }

    Tensor tangent(Tensor v) {
        return tap.tangent(input, v);
    }

    /** The layer's δ is there: gradients that are no larger are formed, and what they are made of is freed. */
    void passed() {
        if (!(tap instanceof SmallTap small)) return;
        try (PointerScope scope = new PointerScope()) {
            perSample = Memory.detached(small.perSample(input, record.delta()));
        }
        if (input != null) input.deallocate();
    }

    boolean needsDelta() {
        return !(tap instanceof SmallTap);
    }

    /** Whether the loss that was differentiated depends on this use. */
    private boolean reaches() {
        return perSample != null || record.delta() != null;
    }

    /** ⟨g_i, v⟩ [B] for the loss that δ is of; null if the layer doesn't reach it. */
    @Nullable
    Tensor dot(TapKernels kernels, Tensor v) {
        if (!reaches()) return null;
        return perSample != null ? kernels.projectedDot(perSample, v) : tap.dot(kernels, input, record.delta(), v);
    }

    /** Σ w_i g_i; null if the layer doesn't reach the loss. */
    @Nullable
    Tensor gradient(Tensor weights) {
        if (!reaches()) return null;
        return perSample != null ? SmallTap.weighted(perSample, weights) : tap.gradient(input, record.delta(), weights);
    }

    /** Frees what the gradients were made from; the layer's δ with the last use that needs it. */
    void spent() {
        close();
        spent = true;
        record.spent();
    }

    boolean isSpent() {
        return spent;
    }

    /** ‖g_i‖² [B] of one parameter, whose gradient is the sum over its uses; null if none reaches the loss. */
    static @Nullable Tensor normSquared(TapKernels kernels, List<Use> uses) {
        List<Use> reaching = uses.stream().filter(Use::reaches).toList();
        if (reaching.isEmpty()) return null;
        if (reaching.size() == 1) return reaching.get(0).normSquared(kernels);
        if (reaching.stream().allMatch(use -> use.tap instanceof LinearTap)) {
            // A layer called twice is a layer with twice the tokens.
            return kernels.ghostNorm(
                    joined(reaching.stream().map(use -> use.input).toList()),
                    joined(reaching.stream().map(use -> use.record.delta()).toList()));
        }
        Tensor like = reaching.get(0).values();
        long rows = like.size(0);
        Tensor norms = kernels.result(like, rows);
        for (long i = 0; i < rows; i++) {
            try (PointerScope scope = new PointerScope()) {
                Tensor sum = reaching.get(0).sample(i);
                for (Use use : reaching.subList(1, reaching.size())) sum = sum.add(use.sample(i));
                norms.narrow(0, i, 1).copy_(TapKernels.normSquared(sum));
            }
        }
        return norms;
    }

    private static Tensor joined(List<Tensor> parts) {
        return torch.cat(new TensorVector(parts.stream().map(TapKernels::tokens).toArray(Tensor[]::new)), 1);
    }

    private Tensor normSquared(TapKernels kernels) {
        return perSample != null ? kernels.rowNormsSquared(perSample) : tap.normSquared(kernels, input, record.delta());
    }

    /** What the gradients are made from, a row for each sample. */
    private Tensor values() {
        return perSample != null ? perSample : record.delta();
    }

    /** g_i, of the parameter's shape. */
    private Tensor sample(long i) {
        Tensor one = values().narrow(0, i, 1);
        if (perSample == null) one = tap.gradient(Tap.one(input, i), one);
        return one.reshape(Tensors.sizes(parameter.live()));
    }

    @Override
    public void close() {
        if (input != null) input.deallocate();
        if (perSample != null) perSample.deallocate();
    }
}
