package org.gradmimic.layer;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * A matrix P [I,O] of x P (CLIP's projections): g_i = Σ_t a_it δ_itᵀ.
 *
 * @param transposed the rule for Pᵀ
 */
record MatrixRule(LinearRule transposed) implements GradientRule {
    @Override
    public Tensor tangent(@Nullable Tensor activations, Tensor v) {
        Tensor a = GradientRule.required(activations);
        return torch.matmul(a, v.to(a.scalar_type()));
    }

    @Override
    public Tensor dot(LayerKernels kernels, @Nullable Tensor activations, Tensor outputGradients, Tensor v) {
        return transposed.dot(kernels, activations, outputGradients, v.t().contiguous());
    }

    @Override
    public Tensor normSquared(LayerKernels kernels, @Nullable Tensor activations, Tensor outputGradients) {
        return transposed.normSquared(kernels, activations, outputGradients);
    }

    @Override
    public Tensor gradient(@Nullable Tensor activations, Tensor outputGradients) {
        return transposed.gradient(activations, outputGradients).t();
    }

    @Override
    public Tensor gradient(@Nullable Tensor activations, Tensor outputGradients, Tensor weights) {
        return transposed.gradient(activations, outputGradients, weights).t();
    }
}
