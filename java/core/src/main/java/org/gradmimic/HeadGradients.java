package org.gradmimic;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.kernel.Memory;
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

    /** Adds rowsᵀ features [C,D] to the weight's gradient and the bias buffer to the bias's. */
    void add(Tensor rows, Tensor features) {
        Tensor transposed = rows.t();
        Tensor gradient = weight.mutable_grad();
        if (gradient.defined()) {
            torch.addmm_out(gradient, gradient, transposed, features);
        } else {
            torch.mm_out(weightGradient, transposed, features);
            gradient.put(weightGradient);
        }
        if (bias == null) return;
        Tensor biasTarget = bias.mutable_grad();
        if (biasTarget.defined()) {
            biasTarget.add_(biasBuffer);
        } else {
            biasGradient.copy_(biasBuffer);
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
