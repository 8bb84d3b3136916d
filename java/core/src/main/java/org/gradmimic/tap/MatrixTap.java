package org.gradmimic.tap;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * A matrix P [I,O] of x P (CLIP's projections): g_i = Σ_t a_it δ_itᵀ.
 *
 * @param transposed the tap of Pᵀ
 */
record MatrixTap(LinearTap transposed) implements Tap {
    @Override
    public Tensor tangent(@Nullable Tensor input, Tensor v) {
        return torch.matmul(input, v.to(input.scalar_type()));
    }

    @Override
    public Tensor dot(TapKernels kernels, @Nullable Tensor input, Tensor delta, Tensor v) {
        return transposed.dot(kernels, input, delta, v.t().contiguous());
    }

    @Override
    public Tensor normSquared(TapKernels kernels, @Nullable Tensor input, Tensor delta) {
        return transposed.normSquared(kernels, input, delta);
    }

    @Override
    public Tensor gradient(@Nullable Tensor input, Tensor delta) {
        return transposed.gradient(input, delta).t();
    }

    @Override
    public Tensor gradient(@Nullable Tensor input, Tensor delta, Tensor weights) {
        return transposed.gradient(input, delta, weights).t();
    }
}
