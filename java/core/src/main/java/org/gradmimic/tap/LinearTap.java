package org.gradmimic.tap;

import org.bytedeco.javacpp.PointerScope;
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

    /** Tokens of a batch from which on a product by LibTorch's BLAS is faster than {@code gm_ghost_dot}. */
    private static final long MANY = 64;

    /** Elements of such a product at once: 16 MiB of floats, which the caches keep until they have met δ. */
    private static final long PRODUCT = 1 << 22;

    @Override
    public Tensor dot(TapKernels kernels, @Nullable Tensor input, Tensor delta, Tensor v) {
        Tensor a = TapKernels.tokens(input.detach());
        Tensor d = TapKernels.tokens(delta);
        boolean product = d.size(0) * d.size(1) >= MANY
                && isFloat(a)
                && isFloat(d)
                && Carrying.of(a, d).rows() == null;
        return product ? byProduct(kernels, a, d, v) : kernels.ghostDot(a, d, v);
    }

    /** In float: elsewhere V a would be rounded to the input's type before it meets δ. */
    private static boolean isFloat(Tensor x) {
        return x.scalar_type().intern() == ScalarType.Float;
    }

    /** V a of some samples at a time, then its products with δ. */
    private static Tensor byProduct(TapKernels kernels, Tensor a, Tensor d, Tensor v) {
        long samples = d.size(0);
        long step = Math.max(1, PRODUCT / Math.max(1, d.size(1) * d.size(2)));
        Tensor dots = kernels.result(d, samples);
        for (long at = 0; at < samples; at += step) {
            try (PointerScope scope = new PointerScope()) {
                long n = Math.min(step, samples - at);
                Tensor projected = torch.linear(a.narrow(0, at, n), v);
                dots.narrow(0, at, n).copy_(kernels.rowDot(projected, d.narrow(0, at, n)));
            }
        }
        return dots;
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
