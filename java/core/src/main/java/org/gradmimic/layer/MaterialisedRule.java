package org.gradmimic.layer;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A rule that materialises the per-sample gradients. It suits a parameter no larger than the layer's output for one sample: the
 * gradients of all samples then take no more memory than δ does, and everything follows from them.
 */
interface MaterialisedRule extends GradientRule {
    /** g_i, [B, the parameter's shape], in float at least; may be δ itself. */
    Tensor perSample(@Nullable Tensor activations, Tensor outputGradients);

    @Override
    default Tensor dot(LayerKernels kernels, @Nullable Tensor activations, Tensor outputGradients, Tensor v) {
        return kernels.projectedDot(perSample(activations, outputGradients), v);
    }

    @Override
    default Tensor normSquared(LayerKernels kernels, @Nullable Tensor activations, Tensor outputGradients) {
        return kernels.rowNormsSquared(perSample(activations, outputGradients));
    }

    @Override
    default Tensor gradient(@Nullable Tensor activations, Tensor outputGradients) {
        return perSample(activations, outputGradients).sum(0);
    }

    @Override
    default Tensor gradient(@Nullable Tensor activations, Tensor outputGradients, Tensor weights) {
        return weighted(perSample(activations, outputGradients), weights);
    }

    /** Σ_i w_i g_i of gradients side by side. */
    static Tensor weighted(Tensor perSample, Tensor weights) {
        long[] shape = new long[(int) perSample.dim() - 1];
        long elements = 1;
        for (int d = 0; d < shape.length; d++) elements *= shape[d] = perSample.size(d + 1);
        Tensor rows = perSample.reshape(perSample.size(0), elements);
        Tensor sum = weights.to(rows.scalar_type()).unsqueeze(0).mm(rows);
        return sum.reshape(shape);
    }
}
