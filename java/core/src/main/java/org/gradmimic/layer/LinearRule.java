package org.gradmimic.layer;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * The weight [O,I] of x Wᵀ: g_i = Σ_t δ_it a_itᵀ. On the CPU tokens whose δ is zero (all but the pooled one
 * in a transformer's last block, padding) are left out of everything; a device decides by shapes and types alone.
 *
 * @param synchronous whether values may be read without waiting for a device
 */
record LinearRule(boolean synchronous) implements GradientRule {
    /** Elements of a product at once: 16 MiB of floats, which the caches keep until they have met δ. */
    private static final long PRODUCT = 1 << 22;

    /** The same on a device: 64 MiB, enough to keep all of it busy. Not measured yet. */
    private static final long PRODUCT_ON_DEVICE = 1 << 24;

    @Override
    public Tensor tangent(@Nullable Tensor activations, Tensor v) {
        Tensor a = GradientRule.required(activations);
        return torch.linear(a, v.to(a.scalar_type()));
    }

    @Override
    public Tensor dot(LayerKernels kernels, @Nullable Tensor activations, Tensor outputGradients, Tensor v) {
        Tensor a = LayerKernels.tokens(GradientRule.required(activations).detach());
        Tensor d = LayerKernels.tokens(outputGradients);
        // 16-bit tokens meet V in their own type on a device: only then do the tensor cores multiply.
        Tensor near = synchronous || isFloat(a) ? v : v.to(a.scalar_type());
        Tensor dots = kernels.ghostDot(
                a, d, near, () -> NonZeroTokens.of(a, d, synchronous).rows() == null);
        return dots != null ? dots : byProduct(kernels, a, d, near);
    }

    private static boolean isFloat(Tensor x) {
        return x.scalar_type().intern() == ScalarType.Float;
    }

    /** V a of some samples at a time, then its products with δ. */
    private Tensor byProduct(LayerKernels kernels, Tensor a, Tensor d, Tensor v) {
        long samples = d.size(0);
        long step = Math.max(1, (synchronous ? PRODUCT : PRODUCT_ON_DEVICE) / Math.max(1, d.size(1) * d.size(2)));
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
    public Tensor normSquared(LayerKernels kernels, @Nullable Tensor activations, Tensor outputGradients) {
        return kernels.ghostNorm(
                LayerKernels.tokens(GradientRule.required(activations)), LayerKernels.tokens(outputGradients));
    }

    @Override
    public Tensor gradient(@Nullable Tensor activations, Tensor outputGradients) {
        return sum(NonZeroTokens.of(GradientRule.required(activations), outputGradients, synchronous), null);
    }

    @Override
    public Tensor gradient(@Nullable Tensor activations, Tensor outputGradients, Tensor weights) {
        return sum(NonZeroTokens.of(GradientRule.required(activations), outputGradients, synchronous), weights);
    }

    /** Σ w_i δ_it a_itᵀ, by scaling whichever of the two has the shorter rows. */
    static Tensor sum(NonZeroTokens rows, @Nullable Tensor weights) {
        Tensor a = rows.activations();
        Tensor d = rows.outputGradients();
        if (weights != null) {
            Tensor scale = rows.perRow(weights);
            if (a.size(1) < d.size(1)) a = LayerKernels.scaled(a, scale);
            else d = LayerKernels.scaled(d, scale);
        }
        ScalarType type = d.scalar_type().intern();
        return d.t().mm(a.to(type));
    }
}
