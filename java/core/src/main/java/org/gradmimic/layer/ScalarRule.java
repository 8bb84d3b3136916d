package org.gradmimic.layer;

import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InvalidArgumentException;
import org.jspecify.annotations.Nullable;

/**
 * A parameter that works on the batch as a whole, such as a contrastive loss's logit scale: a sample has no gradient of its
 * own, only an exact contrastive score.
 *
 * @param name the parameter's, for the message
 */
record ScalarRule(String name) implements GradientRule {
    @Override
    public Tensor tangent(@Nullable Tensor activations, Tensor v) {
        return v;
    }

    @Override
    public Tensor dot(LayerKernels kernels, @Nullable Tensor activations, Tensor outputGradients, Tensor v) {
        throw refusal();
    }

    @Override
    public Tensor normSquared(LayerKernels kernels, @Nullable Tensor activations, Tensor outputGradients) {
        throw refusal();
    }

    @Override
    public Tensor gradient(@Nullable Tensor activations, Tensor outputGradients) {
        throw refusal();
    }

    private InvalidArgumentException refusal() {
        return new InvalidArgumentException(
                "parameter " + name + " works on the whole batch at once, so samples have no"
                        + " gradients of their own: only exact contrastive scores have it as mimic layer; to multiply each"
                        + " sample's values by it, call scale() instead of scalar()");
    }
}
