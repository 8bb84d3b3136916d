package org.gradmimic.tap;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What scoring needs to know of one parameter of one kind of layer: with a what entered the layer and δ the gradient of each
 * sample's own loss at what left it, the inner products of the samples' gradients g_i with a direction, their norms and
 * their sum. One kind, one file. All of them are linear in their parameter, so ⟨g_i, v⟩ = ⟨δ_i, layer(a_i; v)⟩.
 *
 * <p>{@code input} is what the layer call recorded for this tap, [B,...], null where the gradient does not depend on it.
 * Results belong to the caller's innermost {@code PointerScope}.
 */
interface Tap {
    /**
     * What the layer's output changes by as the parameter moves along v: layer(a; v), without whatever does not depend on the
     * parameter. Of the output's shape or broadcast to it; differentiable where the output is.
     *
     * @param v of the parameter's shape
     */
    Tensor tangent(@Nullable Tensor input, Tensor v);

    /** ⟨g_i, v⟩, [B] float (double for double). */
    default Tensor dot(TapKernels kernels, @Nullable Tensor input, Tensor delta, Tensor v) {
        return kernels.rowDot(tangent(input, v), delta);
    }

    /** ‖g_i‖², [B] float (double for double). One sample's gradient at a time, unless a kind has a better way. */
    default Tensor normSquared(TapKernels kernels, @Nullable Tensor input, Tensor delta) {
        long rows = delta.size(0);
        Tensor norms = kernels.result(delta, rows);
        for (long i = 0; i < rows; i++) {
            norms.narrow(0, i, 1).copy_(TapKernels.normSquared(gradient(one(input, i), delta.narrow(0, i, 1))));
        }
        return norms;
    }

    /** Σ_i g_i, of the parameter's shape and δ's type. */
    Tensor gradient(@Nullable Tensor input, Tensor delta);

    /**
     * Σ_i w_i g_i.
     *
     * @param weights [B] float or double
     */
    default Tensor gradient(@Nullable Tensor input, Tensor delta, Tensor weights) {
        return gradient(input, TapKernels.scaled(delta, weights));
    }

    /** Sample i of what a tap recorded. */
    static @Nullable Tensor one(@Nullable Tensor input, long i) {
        return input == null ? null : input.narrow(0, i, 1);
    }
}
