package org.gradmimic;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.kernel.Kernels;
import org.gradmimic.kernel.Memory;
import org.gradmimic.kernel.OpenResources;
import org.gradmimic.kernel.Provider;
import org.gradmimic.kernel.Workspace;
import org.gradmimic.kernel.abi.gm_ghost_dot_args;
import org.gradmimic.kernel.abi.gm_ghost_norm_args;
import org.gradmimic.kernel.abi.gm_queue;
import org.jspecify.annotations.Nullable;

/**
 * A linear layer's tap: with a what entered the layer and δ the gradient of each sample's own loss at what left it,
 * g_i = Σ_t δ_it a_itᵀ is the gradient of its weight, and ⟨g_i, V⟩ = Σ_t δ_it · (V a_it).
 */
public final class LinearTap implements Tap {
    private final gm_queue queue = Memory.detached(Provider.CPU.queue());
    private final Workspace workspace = new Workspace();
    private @Nullable Tensor input;
    private @Nullable Tensor delta;
    private boolean closed;

    public LinearTap() {
        OpenResources.opened();
    }

    /**
     * Sets the batch.
     *
     * @param input a, [B,T,I] or [B,I] for one token a sample; float, half or bfloat16
     * @param delta δ, [B,T,O] or [B,O]
     */
    public void record(Tensor input, Tensor delta) {
        if (closed) throw new IllegalStateException("this tap is closed");
        this.input = tokens("input", input);
        this.delta = tokens("delta", delta);
    }

    private static Tensor tokens(String name, Tensor tensor) {
        Tensor detached = tensor.detach();
        if (tensor.dim() == 3) return detached;
        if (tensor.dim() == 2) return detached.unsqueeze(1);
        throw new IllegalArgumentException(
                name + " has the shape " + Tensors.shape(tensor) + ", expected [B, T, features] or [B, features]");
    }

    private Tensor recorded(@Nullable Tensor tensor) {
        if (tensor == null) throw new IllegalStateException("record(input, delta) comes first");
        return tensor;
    }

    @Override
    public Tensor dot(Tensor direction) {
        Tensor a = recorded(input);
        Tensor result = Tensors.empty(a.size(0));
        try (PointerScope scope = new PointerScope();
                gm_ghost_dot_args args = new gm_ghost_dot_args()) {
            Tensors.describe(args.input(), a);
            Tensors.describe(args.delta(), recorded(delta));
            Tensors.describe(args.direction(), direction.detach());
            Tensors.describe(args.dot(), result);
            Kernels.ghostDot(queue, args, workspace);
        }
        return result;
    }

    @Override
    public Tensor normSquared() {
        Tensor a = recorded(input);
        Tensor result = Tensors.empty(a.size(0));
        try (PointerScope scope = new PointerScope();
                gm_ghost_norm_args args = new gm_ghost_norm_args()) {
            Tensors.describe(args.input(), a);
            Tensors.describe(args.delta(), recorded(delta));
            Tensors.describe(args.norm_squared(), result);
            Kernels.ghostNorm(queue, args, workspace);
        }
        return result;
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        workspace.close();
        queue.deallocate();
    }
}
