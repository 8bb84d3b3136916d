package org.gradmimic.layer;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
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
    private boolean released;

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
            throw new InvalidStateException("the input of layer " + record.layer()
                    + " was changed in place afterwards; use the operation that makes a new tensor");
        }
    }

    Tensor tangent(Tensor v) {
        return rule.tangent(activations, v);
    }

    /**
     * Receives δ of the layer. Gradients that are no larger than δ are formed at once, and the activations freed.
     *
     * @param outputGradients δ
     */
    void receive(Tensor outputGradients) {
        if (!(rule instanceof MaterialisedRule small)) return;
        try (PointerScope scope = new PointerScope()) {
            perSample = Memory.detached(small.perSample(activations, outputGradients));
        }
        if (activations != null) activations.deallocate();
    }

    boolean needsOutputGradients() {
        return !(rule instanceof MaterialisedRule);
    }

    /** What the gradients are made from, a row for each sample; null if the loss does not depend on this use. */
    private @Nullable Tensor values() {
        return perSample != null ? perSample : record.outputGradients();
    }

    /** ⟨g_i, v⟩ [B] for the loss that δ is of; null if the layer doesn't reach it. */
    @Nullable
    Tensor dot(LayerKernels kernels, Tensor v) {
        Tensor values = values();
        if (values == null) return null;
        return perSample != null ? kernels.projectedDot(values, v) : rule.dot(kernels, activations, values, v);
    }

    /** Σ w_i g_i; null if the layer doesn't reach the loss. */
    @Nullable
    Tensor gradient(Tensor weights) {
        Tensor values = values();
        if (values == null) return null;
        return perSample != null
                ? MaterialisedRule.weighted(values, weights)
                : rule.gradient(activations, values, weights);
    }

    /** Frees the activations; the layer's δ is freed with the last use that needs it. */
    void release() {
        close();
        released = true;
        record.useReleased();
    }

    boolean isReleased() {
        return released;
    }

    /** ‖g_i‖² [B] of one parameter, whose gradient is the sum over its uses; null if none reaches the loss. */
    static @Nullable Tensor normSquared(LayerKernels kernels, List<ParameterUse> uses) {
        List<Rows> reaching = new ArrayList<>();
        for (ParameterUse use : uses) {
            Tensor values = use.values();
            if (values != null) reaching.add(new Rows(use, values));
        }
        if (reaching.isEmpty()) return null;
        if (reaching.size() == 1) return reaching.get(0).normSquared(kernels);
        if (reaching.stream().allMatch(rows -> rows.use().rule instanceof LinearRule)) {
            // A layer called twice is a layer with twice the tokens.
            return kernels.ghostNorm(
                    joined(reaching.stream().map(Rows::activations)),
                    joined(reaching.stream().map(Rows::values)));
        }
        Tensor like = reaching.get(0).values();
        long samples = like.size(0);
        Tensor norms = kernels.result(like, samples);
        for (long i = 0; i < samples; i++) {
            try (PointerScope scope = new PointerScope()) {
                Tensor sum = reaching.get(0).sample(i);
                for (Rows rows : reaching.subList(1, reaching.size())) sum = sum.add(rows.sample(i));
                norms.narrow(0, i, 1).copy_(LayerKernels.normSquared(sum));
            }
        }
        return norms;
    }

    private static Tensor joined(Stream<Tensor> parts) {
        return torch.cat(new TensorVector(parts.map(LayerKernels::tokens).toArray(Tensor[]::new)), 1);
    }

    /**
     * A use that reaches the loss.
     *
     * @param values what its gradients are made from, a row for each sample
     */
    private record Rows(ParameterUse use, Tensor values) {
        Tensor activations() {
            return GradientRule.required(use.activations);
        }

        Tensor normSquared(LayerKernels kernels) {
            return use.perSample != null
                    ? kernels.rowNormsSquared(values)
                    : use.rule.normSquared(kernels, use.activations, values);
        }

        /** g_i, of the parameter's shape. */
        Tensor sample(long i) {
            Tensor one = values.narrow(0, i, 1);
            if (use.perSample == null) one = use.rule.gradient(GradientRule.one(use.activations, i), one);
            return one.reshape(Tensors.sizes(use.parameter.live()));
        }
    }

    @Override
    public void close() {
        if (activations != null) activations.deallocate();
        if (perSample != null) perSample.deallocate();
    }
}
