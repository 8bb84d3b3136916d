package org.gradmimic;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.kernel.internal.Memory;
import org.jspecify.annotations.Nullable;

/**
 * The head's parameter gradients, in buffers that are used again. As with autograd, gradients add up until they are zeroed;
 * an undefined gradient (after {@code zero_grad()}) is set without being added to.
 */
final class HeadGradients implements AutoCloseable {
    private final Tensor weight;
    private final Tensor weightGradient;
    private final @Nullable Bias bias;

    /**
     * The bias of a head that has one.
     *
     * @param buffer where a step writes the gradient
     */
    private record Bias(Tensor parameter, Tensor gradient, Tensor buffer) {}

    HeadGradients(Tensor weight, @Nullable Tensor bias) {
        this.weight = weight;
        weightGradient = Memory.detached(torch.empty_like(weight.detach()));
        this.bias = bias == null ? null : new Bias(bias, like(bias), like(bias));
    }

    private static Tensor like(Tensor parameter) {
        return Memory.detached(torch.empty_like(parameter.detach()));
    }

    /** [C], where a step writes the bias gradient; null if the head has no bias. */
    @Nullable
    Tensor biasBuffer() {
        return bias == null ? null : bias.buffer();
    }

    /** Adds share · rowsᵀ features [C,D] to the weight's gradient and share · the bias buffer to the bias's. */
    void add(Tensor rows, Tensor features, double share) {
        Tensor transposed = rows.t();
        Tensor gradient = weight.mutable_grad();
        Scalar one = new Scalar(1.0f);
        Scalar factor = new Scalar((float) share);
        if (gradient.defined()) {
            torch.addmm_out(gradient, gradient, transposed, features, one, factor);
        } else {
            torch.mm_out(weightGradient, transposed, features);
            if (share != 1) weightGradient.mul_(factor);
            gradient.put(weightGradient);
        }
        if (bias == null) return;
        Tensor target = bias.parameter().mutable_grad();
        if (target.defined()) {
            target.add_(bias.buffer(), factor);
        } else {
            bias.gradient().copy_(bias.buffer());
            if (share != 1) bias.gradient().mul_(factor);
            target.put(bias.gradient());
        }
    }

    @Override
    public void close() {
        weightGradient.deallocate();
        if (bias == null) return;
        bias.gradient().deallocate();
        bias.buffer().deallocate();
    }
}
