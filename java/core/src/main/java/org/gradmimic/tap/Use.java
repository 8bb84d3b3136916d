package org.gradmimic.tap;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
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

    /** ⟨g_i, v⟩ [B] for the loss that δ is of; null if the layer doesn't reach it. */
    @Nullable
    Tensor dot(TapKernels kernels, Tensor v) {
        Tensor delta = record.delta();
        if (delta == null) return null;
        if (tap instanceof SmallTap small) return kernels.projectedDot(gradients(small, delta), v);
        return tap.dot(kernels, input, delta, v);
    }

    /** Σ w_i g_i; null if the layer doesn't reach the loss. */
    @Nullable
    Tensor gradient(Tensor weights) {
        Tensor delta = record.delta();
        if (delta == null) return null;
        if (tap instanceof SmallTap small) return SmallTap.weighted(gradients(small, delta), weights);
        return tap.gradient(input, delta, weights);
    }

    private Tensor gradients(SmallTap small, Tensor delta) {
        Tensor formed = perSample;
        if (formed == null) {
            try (PointerScope scope = new PointerScope()) {
                perSample = formed = Memory.detached(small.perSample(input, delta));
            }
        }
        return formed;
    }

    /** ‖g_i‖² [B] of one parameter, whose gradient is the sum over its uses; null if none reaches the loss. */
    static @Nullable Tensor normSquared(TapKernels kernels, List<Use> uses) {
        List<Use> reaching =
                uses.stream().filter(use -> use.record.delta() != null).toList();
        if (reaching.isEmpty()) return null;
        if (reaching.size() == 1) return reaching.get(0).normSquared(kernels);
        if (reaching.stream().allMatch(use -> use.tap instanceof LinearTap)) {
            // A layer called twice is a layer with twice the tokens.
            return kernels.ghostNorm(
                    joined(reaching.stream().map(use -> use.input).toList()),
                    joined(reaching.stream().map(use -> use.record.delta()).toList()));
        }
        Tensor like = reaching.get(0).record.delta();
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
        Tensor delta = record.delta();
        if (tap instanceof SmallTap small) return kernels.rowNormsSquared(gradients(small, delta));
        return tap.normSquared(kernels, input, delta);
    }

    /** g_i, of the parameter's shape. */
    private Tensor sample(long i) {
        return tap.gradient(Tap.one(input, i), record.delta().narrow(0, i, 1))
                .reshape(org.gradmimic.Tensors.sizes(parameter.live()));
    }

    @Override
    public void close() {
        if (input != null) input.deallocate();
        if (perSample != null) perSample.deallocate();
    }
}
