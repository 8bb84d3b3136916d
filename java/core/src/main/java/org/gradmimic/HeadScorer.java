package org.gradmimic;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.device.Device;
import org.gradmimic.internal.DeviceArray;
import org.gradmimic.internal.DeviceQueue;
import org.gradmimic.internal.KernelArrays;
import org.gradmimic.internal.OneThread;
import org.gradmimic.kernel.CudaFailure;
import org.gradmimic.kernel.OpenResources;
import org.gradmimic.kernel.internal.Descriptors;
import org.gradmimic.kernel.internal.Descriptors.Dtype;
import org.gradmimic.kernel.internal.Kernels;
import org.gradmimic.kernel.internal.Memory;
import org.gradmimic.kernel.internal.abi.gm_array;
import org.gradmimic.kernel.internal.abi.gm_head_score_args;
import org.jspecify.annotations.Nullable;

/**
 * Scores features against a fixed head and its reference: both products, softmax, score and gradient norm. It works on the device
 * that the weight is on. On the CPU it takes one pass over memory, without logits, and a row has the same bits in blocks of any size.
 * On a GPU it takes LibTorch's product, which may round a row differently in blocks of different sizes, and obeys LibTorch's
 * setting for TF32.
 */
public final class HeadScorer implements AutoCloseable {
    private final Tensor weight;
    private final @Nullable Tensor bias;
    private final Direction direction;
    private final Device device;
    private final DeviceQueue queue;
    private final gm_head_score_args args;
    private final DeviceArray<LongPointer> nonFinite;

    /** Used on a GPU; null on the CPU. */
    private final @Nullable ProductScorer products;

    /** On a GPU: scores, norms and losses of a block. */
    private @Nullable DeviceArray<FloatPointer> results;

    private int resultRows;
    private final OneThread thread = new OneThread("this scorer");
    private boolean closed;

    private HeadScorer(Tensor weight, @Nullable Tensor bias, Tensor reference) {
        Tensors.requireFloat("weight", weight);
        Tensors.requireRank("weight", weight, "[C, D]", 2);
        // Rows without features have a gradient of zero, and a score.
        if (weight.size(0) == 0) {
            throw new InvalidArgumentException(
                    "weight has the shape " + Tensors.shape(weight) + "; a head has at least one class");
        }
        device = Device.of(weight);
        Tensors.requireFloat("reference weight", reference);
        Tensors.requireShape("reference weight", reference, weight.size(0), weight.size(1));
        HeadChecks.bias(device, weight, bias);
        this.weight = Memory.detached(weight.detach());
        this.bias = bias == null ? null : Memory.detached(bias.detach());
        direction = Direction.toward(List.of(reference), List.of(this.weight));
        direction.refresh();
        queue = new DeviceQueue(device);
        args = Memory.detached(new gm_head_score_args());
        nonFinite = DeviceArray.longs(device, 1);
        products = device.asynchronous()
                ? new ProductScorer(device, queue, this.weight, this.bias, direction, ProductScorer.PART)
                : null;
        OpenResources.opened();
    }

    /**
     * A builder of a scorer for a head with this weight.
     *
     * @param weight [C,D] float
     */
    public static Builder builder(Tensor weight) {
        return new Builder(weight);
    }

    /** Collects the parts of a scorer. The reference is required. */
    public static final class Builder {
        private final Tensor weight;
        private @Nullable Tensor bias;
        private @Nullable Tensor reference;

        private Builder(Tensor weight) {
            this.weight = weight;
        }

        /** @param bias [C] float; if this is not called, the head has no bias */
        public Builder bias(Tensor bias) {
            this.bias = bias;
            return this;
        }

        /** @param reference [C,D] float, the weight of the reference head */
        public Builder reference(Tensor reference) {
            this.reference = reference;
            return this;
        }

        /**
         * Builds the scorer.
         *
         * @throws InvalidArgumentException for a tensor of another type, shape or device than the weight's, or a
         *     missing reference
         */
        public HeadScorer build() {
            if (reference == null) throw new InvalidArgumentException("a scorer needs a reference, but none was given");
            return new HeadScorer(weight, bias, reference);
        }
    }

    /** V and its norms. */
    public Direction direction() {
        return direction;
    }

    /**
     * Scores a block of rows. A scorer on a device copies them there, and reads the results back as one block.
     *
     * @param features [rows,D] float, bfloat16 or half, in host memory
     * @param labels [rows] long, each in [0,C)
     * @param into receives a score for each row, and the other results that it has memory for
     * @return the number of rows without a finite loss or score
     * @throws InvalidArgumentException for tensors of another type, shape or place, labels out of range, and more rows
     *     than fit
     */
    public long score(Tensor features, Tensor labels, HeadScores into) {
        thread.enter();
        try {
            return scoreAlone(features, labels, into);
        } finally {
            thread.leave();
        }
    }

    private long scoreAlone(Tensor features, Tensor labels, HeadScores into) {
        if (closed) throw new InvalidStateException("this scorer is closed");
        Tensors.requireAtMostFloat("features", features);
        Tensors.requireRank("features", features, "[rows, " + weight.size(1) + "]", 2);
        int rows = Math.toIntExact(features.size(0));
        Tensors.requireShape("features", features, rows, weight.size(1));
        Tensors.requireLong("labels", labels);
        Tensors.requireShape("labels", labels, rows);
        Device.CPU.require("features", features);
        Device.CPU.require("labels", labels);
        into.begin(rows);
        ProductScorer products = this.products;
        if (products == null) {
            run(features, labels, into);
            return (long) nonFinite.get(0);
        }
        FloatPointer gradientNorm = into.gradientNormPointer();
        FloatPointer loss = into.lossPointer();
        try (PointerScope scope = new PointerScope()) {
            DeviceArray<FloatPointer> found = results(rows);
            products.score(device.move(features), device.move(labels), found);
            float[] all = found.floats(0, 3 * rows);
            into.scorePointer().put(all, 0, rows);
            if (gradientNorm != null) gradientNorm.put(all, rows, rows);
            if (loss != null) loss.put(all, 2 * rows, rows);
            long nonFiniteRows = 0;
            for (int i = 0; i < rows; i++) {
                if (!Float.isFinite(all[i]) || !Float.isFinite(all[2 * rows + i])) nonFiniteRows++;
            }
            return nonFiniteRows;
        } catch (RuntimeException e) {
            throw CudaFailure.typed("HeadScorer.score of " + rows + " rows", e);
        }
    }

    private DeviceArray<FloatPointer> results(int rows) {
        DeviceArray<FloatPointer> current = results;
        if (current == null || resultRows < rows) {
            if (current != null) current.close();
            results = current = DeviceArray.floats(device, 3L * rows);
            resultRows = rows;
        }
        return current;
    }

    private void run(Tensor features, Tensor labels, HeadScores into) {
        long rows = features.size(0);
        Pointer.memset(args, 0, args.sizeof());
        KernelArrays.describe(args.features(), features);
        KernelArrays.describe(args.labels(), labels);
        KernelArrays.describe(args.weight(), weight);
        if (bias != null) KernelArrays.describe(args.bias(), bias);
        KernelArrays.describe(args.direction(), direction.vector(0));
        args.direction_norm_squared(direction.normSquaredPointer());
        describe(args.score(), into.scorePointer(), rows);
        describe(args.gradient_norm(), into.gradientNormPointer(), rows);
        describe(args.loss(), into.lossPointer(), rows);
        args.non_finite(nonFinite.at(0));
        Kernels.headScore(queue.now(), args, queue.workspace());
    }

    private static void describe(gm_array array, @Nullable FloatPointer data, long rows) {
        Descriptors.contiguous(array, data, Dtype.F32, rows);
    }

    @Override
    public void close() {
        thread.enter();
        try {
            closeAlone();
        } finally {
            thread.leave();
        }
    }

    private void closeAlone() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        if (products != null) products.close();
        direction.close();
        queue.close();
        nonFinite.close();
        if (results != null) results.close();
        for (Pointer pointer : new @Nullable Pointer[] {args, weight, bias}) {
            if (pointer != null) pointer.deallocate();
        }
    }
}
