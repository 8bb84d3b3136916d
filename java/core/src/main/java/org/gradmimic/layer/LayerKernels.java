package org.gradmimic.layer;

import java.util.function.BooleanSupplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.device.Device;
import org.gradmimic.internal.DeviceQueue;
import org.gradmimic.internal.KernelArrays;
import org.gradmimic.kernel.OpenResources;
import org.gradmimic.kernel.internal.Kernels;
import org.gradmimic.kernel.internal.abi.gm_clip_scores_args;
import org.gradmimic.kernel.internal.abi.gm_ghost_dot_args;
import org.gradmimic.kernel.internal.abi.gm_ghost_norm_args;
import org.gradmimic.kernel.internal.abi.gm_projected_dot_args;
import org.gradmimic.kernel.internal.abi.gm_row_dot_args;
import org.gradmimic.kernel.internal.abi.gradmimic;
import org.jspecify.annotations.Nullable;

/**
 * The sums that gradient rules need. Results are float; for double tensors they are double, by plain loops, for tests. For one
 * thread at a time.
 */
final class LayerKernels implements AutoCloseable {
    private final Device device;
    private final DeviceQueue queue;
    private boolean closed;

    LayerKernels(Device device) {
        this.device = device;
        queue = new DeviceQueue(device);
        OpenResources.opened();
    }

    /** The type of sums over elements of {@code like}. */
    static ScalarType sumType(Tensor like) {
        return like.scalar_type().intern() == ScalarType.Double ? ScalarType.Double : ScalarType.Float;
    }

    /** A new vector for results, of undefined content. */
    Tensor result(Tensor like, long rows) {
        return device.empty(sumType(like), rows);
    }

    /** x [B,F] or [B,...,F] as [B,T,F], the last dimension contiguous. */
    static Tensor tokens(Tensor x) {
        Tensor rows = x.dim() == 2 ? x.unsqueeze(1) : x.dim() == 3 ? x : x.flatten(1, -2);
        return rows.stride(2) == 1 || rows.size(2) == 1 ? rows : rows.contiguous();
    }

    /** x [B,...] as [B,1,N], by places: two tensors of one shape keep their elements opposite each other. */
    private static Tensor flat(Tensor x, boolean channelsLast) {
        Tensor laid = channelsLast ? x.permute(0, 2, 3, 1) : x;
        return laid.contiguous().reshape(x.size(0), 1, x.numel() / Math.max(1, x.size(0)));
    }

    /** Σ U_i ⊙ δ_i for each sample, [B]; U is broadcast to δ [B,...]. */
    Tensor rowDot(Tensor projected, Tensor outputGradients) {
        Tensor result = result(outputGradients, outputGradients.size(0));
        if (outputGradients.numel() == 0) return result.zero_();
        try (PointerScope scope = new PointerScope();
                gm_row_dot_args args = new gm_row_dot_args()) {
            Tensor u = projected.detach();
            if (!u.is_same_size(outputGradients)) u = u.expand_as(outputGradients);
            boolean last = outputGradients.dim() == 4
                    && outputGradients.is_contiguous(MemoryFormat.ChannelsLast)
                    && u.is_contiguous(MemoryFormat.ChannelsLast);
            KernelArrays.describe(args.projected(), flat(u, last));
            KernelArrays.describe(args.delta(), flat(outputGradients.detach(), last));
            KernelArrays.describe(args.dot(), result);
            Kernels.rowDot(queue.now(), args, queue.workspace());
        }
        return result;
    }

    /**
     * Σ_t δ_it · (v a_it), [B]: a [B,T,I], δ [B,T,O], v [O,I].
     *
     * @param product asked where LibTorch's product V a and {@link #rowDot} are expected to be faster: whether to take them
     * @return null if they are to be taken
     */
    @Nullable
    Tensor ghostDot(Tensor activations, Tensor outputGradients, Tensor v, BooleanSupplier product) {
        Tensor result = result(outputGradients, outputGradients.size(0));
        try (PointerScope scope = new PointerScope();
                gm_ghost_dot_args args = new gm_ghost_dot_args()) {
            KernelArrays.describe(args.input(), activations.detach());
            KernelArrays.describe(args.delta(), outputGradients.detach());
            KernelArrays.describe(args.direction(), v.detach());
            KernelArrays.describe(args.dot(), result);
            boolean slower = Kernels.ghostDotForm(queue.now(), args) == gradmimic.GM_GHOST_DOT_PRODUCT;
            if (slower && product.getAsBoolean()) return null;
            Kernels.ghostDot(queue.now(), args, queue.workspace());
        }
        return result;
    }

    /** ‖Σ_t δ_it a_itᵀ‖², [B]: a [B,T,I], δ [B,T,O]. */
    Tensor ghostNorm(Tensor activations, Tensor outputGradients) {
        Tensor result = result(outputGradients, outputGradients.size(0));
        try (PointerScope scope = new PointerScope();
                gm_ghost_norm_args args = new gm_ghost_norm_args()) {
            KernelArrays.describe(args.input(), activations.detach());
            KernelArrays.describe(args.delta(), outputGradients.detach());
            KernelArrays.describe(args.norm_squared(), result);
            Kernels.ghostNorm(queue.now(), args, queue.workspace());
        }
        return result;
    }

    /** ⟨G_i, v⟩, [B]: G [B,...], v of the rest of its shape. */
    Tensor projectedDot(Tensor gradients, Tensor v) {
        return projected(gradients, v, true);
    }

    /** ‖G_i‖², [B]: G [B,...]. */
    Tensor rowNormsSquared(Tensor gradients) {
        if (gradients.size(0) == 0) return result(gradients, 0);
        return projected(gradients, gradients.select(0, 0), false);
    }

    /** The queue and scratch memory are these; everything else is in the arguments. */
    void clipScores(gm_clip_scores_args args) {
        Kernels.clipScores(queue.now(), args, queue.workspace());
    }

    private Tensor projected(Tensor gradients, Tensor v, boolean dot) {
        Tensor result = result(gradients, gradients.size(0));
        try (PointerScope scope = new PointerScope();
                gm_projected_dot_args args = new gm_projected_dot_args()) {
            KernelArrays.describe(
                    args.gradient(),
                    gradients.detach().reshape(gradients.size(0), v.numel()).contiguous());
            KernelArrays.describe(args.direction(), v.detach().reshape(-1).contiguous());
            args.dot().data(null);
            args.norm_squared().data(null);
            args.direction_norm_squared(null);
            KernelArrays.describe(dot ? args.dot() : args.norm_squared(), result);
            Kernels.projectedDot(queue.now(), args, queue.workspace());
        }
        return result;
    }

    /** ‖x‖² of a whole tensor, [1] in {@link #sumType}. */
    static Tensor normSquared(Tensor x) {
        return torch.linalg_vector_norm(
                        x.flatten(0, -1).unsqueeze(0),
                        new Scalar(2.0f),
                        new long[] {1},
                        false,
                        new ScalarTypeOptional(sumType(x)))
                .square_();
    }

    /** Row i of x [B,...] times w_i, in x's type. */
    static Tensor scaled(Tensor x, Tensor weights) {
        long[] shape = new long[(int) x.dim()];
        java.util.Arrays.fill(shape, 1);
        shape[0] = x.size(0);
        return x.mul(weights.to(x.scalar_type()).reshape(shape));
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        queue.close();
    }
}
