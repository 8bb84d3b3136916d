package org.gradmimic.layer;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.kernel.internal.Memory;
import org.jspecify.annotations.Nullable;

/** One use of a parameter in a layer call: its gradient rule and the layer's activations. */
final class ParameterUse implements AutoCloseable {
    private final ModelParameter parameter;
    private final GradientRule rule;
    private final LayerRecord record;
    private final @Nullable Tensor activations;
    private final long inputVersion;
    private @Nullable Tensor perSample;
    private boolean spent;

    ParameterUse(ModelParameter parameter, GradientRule rule, LayerRecord record, @Nullable Tensor activations) {
        this.parameter = parameter;
        this.rule = rule;
        this.record = record;
        this.activations = activations == null ? null : Memory.detached(activations.detach());
        inputVersion = activations == null ? 0 : activations._version();
    }

    ModelParameter parameter() {
        return parameter;
    }

    LayerRecord record() {
        return record;
    }

    void check() {
        if (activations != null && activations._version() != inputVersion) {
            throw new InvalidStateException("what entered the layer " + record.layer()
                    + " was changed in place afterwards; use the operation that makes a new tensor");
        }
    }

    Tensor tangent(Tensor v) {
        return rule.tangent(activations, v);
    }

    /** The layer's δ is there: gradients that are no larger are formed, and what they are made of is freed. */
    void passed() {
        if (!(rule instanceof MaterialisedRule small)) return;
        try (PointerScope scope = new PointerScope()) {
            perSample = Memory.detached(small.perSample(activations, record.outputGradients()));
        }
        if (activations != null) activations.deallocate();
    }

    boolean needsOutputGradients() {
        return !(rule instanceof MaterialisedRule);
    }

    /** Whether the loss that was differentiated depends on this use. */
    private boolean reaches() {
        return perSample != null || record.outputGradients() != null;
    }

    /** ⟨g_i, v⟩ [B] for the loss that δ is of; null if the layer doesn't reach it. */
    @Nullable
    Tensor dot(LayerKernels kernels, Tensor v) {
        if (!reaches()) return null;
        return perSample != null
                ? kernels.projectedDot(perSample, v)
                : rule.dot(kernels, activations, record.outputGradients(), v);
    }

    /** Σ w_i g_i; null if the layer doesn't reach the loss. */
    @Nullable
    Tensor gradient(Tensor weights) {
        if (!reaches()) return null;
        return perSample != null
                ? MaterialisedRule.weighted(perSample, weights)
                : rule.gradient(activations, record.outputGradients(), weights);
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
    static @Nullable Tensor normSquared(LayerKernels kernels, List<ParameterUse> uses) {
        List<ParameterUse> reaching =
                uses.stream().filter(ParameterUse::reaches).toList();
        if (reaching.isEmpty()) return null;
        if (reaching.size() == 1) return reaching.get(0).normSquared(kernels);
        if (reaching.stream().allMatch(use -> use.rule instanceof LinearRule)) {
            // A layer called twice is a layer with twice the tokens.
            return kernels.ghostNorm(
                    joined(reaching.stream().map(use -> use.activations).toList()),
                    joined(reaching.stream()
                            .map(use -> use.record.outputGradients())
                            .toList()));
        }
        Tensor like = reaching.get(0).values();
        long rows = like.size(0);
        Tensor norms = kernels.result(like, rows);
        for (long i = 0; i < rows; i++) {
            try (PointerScope scope = new PointerScope()) {
                Tensor sum = reaching.get(0).sample(i);
                for (ParameterUse use : reaching.subList(1, reaching.size())) sum = sum.add(use.sample(i));
                norms.narrow(0, i, 1).copy_(LayerKernels.normSquared(sum));
            }
        }
        return norms;
    }

    private static Tensor joined(List<Tensor> parts) {
        return torch.cat(
                new TensorVector(parts.stream().map(LayerKernels::tokens).toArray(Tensor[]::new)), 1);
    }

    private Tensor normSquared(LayerKernels kernels) {
        return perSample != null
                ? kernels.rowNormsSquared(perSample)
                : rule.normSquared(kernels, activations, record.outputGradients());
    }

    /** What the gradients are made from, a row for each sample. */
    private Tensor values() {
        return perSample != null ? perSample : record.outputGradients();
    }

    /** g_i, of the parameter's shape. */
    private Tensor sample(long i) {
        Tensor one = values().narrow(0, i, 1);
        if (perSample == null) one = rule.gradient(GradientRule.one(activations, i), one);
        return one.reshape(Tensors.sizes(parameter.live()));
    }

    @Override
    public void close() {
        if (activations != null) activations.deallocate();
        if (perSample != null) perSample.deallocate();
    }
}
