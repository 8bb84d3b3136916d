package org.gradmimic.tap;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * The weight [O,I] of x Wᵀ: g_i = Σ_t δ_it a_itᵀ. Tokens whose δ is zero (all but the pooled one in a transformer's last
 * block, padding) are left out of everything.
 */
final class LinearTap implements Tap {
    static final LinearTap INSTANCE = new LinearTap();

    private LinearTap() {}

    @Override
    public Tensor tangent(@Nullable Tensor input, Tensor v) {
        return torch.linear(input, v.to(input.scalar_type()));
    }

    @Override
    public Tensor dot(TapKernels kernels, @Nullable Tensor input, Tensor delta, Tensor v) {
        return kernels.ghostDot(TapKernels.tokens(input), TapKernels.tokens(delta), v);
    }

    @Override
    public Tensor normSquared(TapKernels kernels, @Nullable Tensor input, Tensor delta) {
        return kernels.ghostNorm(TapKernels.tokens(input), TapKernels.tokens(delta));
    }

    @Override
    public Tensor gradient(@Nullable Tensor input, Tensor delta) {
        return sum(Carrying.of(input, delta), null);
    }

    @Override
    public Tensor gradient(@Nullable Tensor input, Tensor delta, Tensor weights) {
        return sum(Carrying.of(input, delta), weights);
    }

    /** Σ w_i δ_it a_itᵀ, by scaling whichever of the two has the shorter rows. */
    static Tensor sum(Carrying rows, @Nullable Tensor weights) {
        Tensor a = rows.input();
        Tensor d = rows.delta();
        if (weights != null) {
            Tensor scale = rows.perRow(weights);
            if (a.size(1) < d.size(1)) a = TapKernels.scaled(a, scale);
            else d = TapKernels.scaled(d, scale);
        }
        ScalarType type = d.scalar_type().intern();
        return d.t().mm(a.to(type));
    }
}
