package org.gradmimic.layer;

import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * How the per-sample gradients g_i of one parameter of one kind of layer follow from the layer's activations a and its output
 * gradients δ, the gradients of each sample's own loss by the layer's output. A rule gives their inner products with a
 * direction, their norms and their sum. One kind, one file. All of them are linear in their parameter, so ⟨g_i, v⟩ = ⟨δ_i, layer(a_i; v)⟩.
 *
 * <p>{@code activations} is what the layer call recorded for this rule, [B,...], null where the gradient does not depend on it.
 * Results belong to the caller's innermost {@code PointerScope}.
 */
interface GradientRule {
    /**
     * The change of the layer's output as the parameter moves along v: layer(a; v), without terms that do not depend on the
     * parameter. Of the output's shape or broadcast to it; differentiable where the output is.
     *
     * @param v of the parameter's shape
     */
    Tensor tangent(@Nullable Tensor activations, Tensor v);

    /** ⟨g_i, v⟩, [B] float (double for double). */
    default Tensor dot(LayerKernels kernels, @Nullable Tensor activations, Tensor outputGradients, Tensor v) {
        return kernels.rowDot(tangent(activations, v), outputGradients);
    }

    /** ‖g_i‖², [B] float (double for double). One sample's gradient at a time, unless a kind has a better way. */
    default Tensor normSquared(LayerKernels kernels, @Nullable Tensor activations, Tensor outputGradients) {
        long rows = outputGradients.size(0);
        Tensor norms = kernels.result(outputGradients, rows);
        for (long i = 0; i < rows; i++) {
            norms.narrow(0, i, 1)
                    .copy_(LayerKernels.normSquared(gradient(one(activations, i), outputGradients.narrow(0, i, 1))));
        }
        return norms;
    }

    /** Σ_i g_i, of the parameter's shape and δ's type. */
    Tensor gradient(@Nullable Tensor activations, Tensor outputGradients);

    /**
     * Σ_i w_i g_i.
     *
     * @param weights [B] float or double
     */
    default Tensor gradient(@Nullable Tensor activations, Tensor outputGradients, Tensor weights) {
        return gradient(activations, LayerKernels.scaled(outputGradients, weights));
    }

    /** The activations of a layer whose rule needs them, and which has therefore recorded them. */
    static Tensor required(@Nullable Tensor activations) {
        return Objects.requireNonNull(activations, "the layer call recorded no activations for its rule");
    }

    /** Sample i of the recorded activations. */
    static @Nullable Tensor one(@Nullable Tensor activations, long i) {
        return activations == null ? null : activations.narrow(0, i, 1);
    }
}
