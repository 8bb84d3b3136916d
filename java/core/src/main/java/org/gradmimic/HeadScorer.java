package org.gradmimic;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.device.Device;
import org.gradmimic.kernel.Descriptors;
import org.gradmimic.kernel.Descriptors.Dtype;
import org.gradmimic.kernel.Kernels;
import org.gradmimic.kernel.Memory;
import org.gradmimic.kernel.OpenResources;
import org.gradmimic.kernel.Provider;
import org.gradmimic.kernel.Workspace;
import org.gradmimic.kernel.abi.gm_head_score_args;
import org.gradmimic.kernel.abi.gm_queue;
import org.jspecify.annotations.Nullable;

/**
 * Scores features against a fixed head and its reference: both products, softmax, score and gradient norm in one pass over
 * memory, without logits. Rows are independent of each other, so blocks of any size give the same numbers.
 */
public final class HeadScorer implements AutoCloseable {
    private final Tensor weight;
    private final @Nullable Tensor bias;
    private final Direction direction;
    private final gm_queue queue;
    private final gm_head_score_args args;
    private final LongPointer nonFinite;
    private final Workspace workspace;
    private boolean closed;

    /**
     * @param weight [C,D] float
     * @param bias [C] float, or null
     * @param reference [C,D] float, the reference head's weight
     * @throws IllegalArgumentException for another type or shape
     */
    public HeadScorer(Tensor weight, @Nullable Tensor bias, Tensor reference) {
        Tensors.requireFloat("weight", weight);
        Tensors.requireRank("weight", weight, "[C, D]", 2);
        Device.CPU.require("weight", weight); // it reads features where their file is mapped
        Tensors.requireFloat("reference weight", reference);
        Tensors.requireShape("reference weight", reference, weight.size(0), weight.size(1));
        if (bias != null) {
            Tensors.requireFloat("bias", bias);
            Tensors.requireShape("bias", bias, weight.size(0));
        }
        this.weight = Memory.detached(weight.detach());
        this.bias = bias == null ? null : Memory.detached(bias.detach());
        direction = Direction.toward(List.of(reference), List.of(this.weight));
        direction.refresh();
        queue = Memory.detached(Provider.CPU.queue());
        args = Memory.detached(new gm_head_score_args());
        nonFinite = Memory.detached(new LongPointer(1));
        workspace = new Workspace();
        OpenResources.opened();
    }

    /** V and its norms. */
    public Direction direction() {
        return direction;
    }

    /**
     * Scores a block of rows.
     *
     * @param features row-major [rows,D] of {@code dtype}, anywhere in memory
     * @param labels [rows], each in [0,C)
     * @param score [rows] out, the raw score; NaN where not finite
     * @param gradientNorm [rows] out, ‖g_i‖; may be null
     * @param loss [rows] out, ℓ_i; may be null
     * @return how many rows have no finite loss or score
     */
    public long score(
            Pointer features,
            Dtype dtype,
            int rows,
            LongPointer labels,
            FloatPointer score,
            @Nullable FloatPointer gradientNorm,
            @Nullable FloatPointer loss) {
        if (closed) throw new IllegalStateException("this scorer is closed");
        Pointer.memset(args, 0, args.sizeof());
        Descriptors.contiguous(args.features(), features, dtype, rows, weight.size(1));
        Descriptors.contiguous(args.labels(), labels, Dtype.I64, rows);
        Tensors.describe(args.weight(), weight);
        if (bias != null) Tensors.describe(args.bias(), bias);
        Tensors.describe(args.direction(), direction.vector(0));
        args.direction_norm_squared(direction.normSquaredPointer());
        Descriptors.contiguous(args.score(), score, Dtype.F32, rows);
        Descriptors.contiguous(args.gradient_norm(), gradientNorm, Dtype.F32, rows);
        Descriptors.contiguous(args.loss(), loss, Dtype.F32, rows);
        args.non_finite(nonFinite);
        Kernels.headScore(queue, args, workspace);
        return nonFinite.get();
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        direction.close();
        workspace.close();
        for (Pointer pointer : new Pointer[] {queue, args, nonFinite, weight, bias}) {
            if (pointer != null) pointer.deallocate();
        }
    }
}
