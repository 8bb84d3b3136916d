package org.gradmimic;

import org.bytedeco.javacpp.Pointer;
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
    private final @Nullable Tensor bias;
    private final Tensor weightGradient;
    private final @Nullable Tensor biasGradient;
    private final @Nullable Tensor biasBuffer;

    HeadGradients(Tensor weight, @Nullable Tensor bias) {
        this.weight = weight;
        this.bias = bias;
        weightGradient = Memory.detached(torch.empty_like(weight.detach()));
        biasGradient = bias == null ? null : Memory.detached(torch.empty_like(bias.detach()));
        biasBuffer = bias == null ? null : Memory.detached(torch.empty_like(bias.detach()));
    }

    /** [C], where a step writes the bias gradient. */
    @Nullable
    Tensor biasBuffer() {
        return biasBuffer;
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
        Tensor biasTarget = bias.mutable_grad();
        if (biasTarget.defined()) {
            biasTarget.add_(biasBuffer, factor);
        } else {
            biasGradient.copy_(biasBuffer);
            if (share != 1) biasGradient.mul_(factor);
            biasTarget.put(biasGradient);
        }
    }

    @Override
    public void close() {
        for (Pointer pointer : new Pointer[] {weightGradient, biasGradient, biasBuffer}) {
            if (pointer != null) pointer.deallocate();
        }
    }
}
