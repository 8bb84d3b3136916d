package org.gradmimic.tap;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A parameter that works on the batch as a whole, such as a contrastive loss's logit scale: a sample has no gradient of its
 * own, only an exact contrastive score.
 *
 * @param name the parameter's, for the message
 */
record ScalarTap(String name) implements Tap {
    @Override
    public Tensor tangent(@Nullable Tensor input, Tensor v) {
        return v;
    }

    @Override
    public Tensor dot(TapKernels kernels, @Nullable Tensor input, Tensor delta, Tensor v) {
        throw refusal();
    }

    @Override
    public Tensor normSquared(TapKernels kernels, @Nullable Tensor input, Tensor delta) {
        throw refusal();
    }

    @Override
    public Tensor gradient(@Nullable Tensor input, Tensor delta) {
        throw refusal();
    }

    private IllegalArgumentException refusal() {
        return new IllegalArgumentException(
                "parameter " + name + " works on the whole batch at once, so samples have no"
                        + " gradients of their own: only exact contrastive scores have it as mimic layer; to multiply each"
                        + " sample's values by it, call scale() instead of scalar()");
    }
}
