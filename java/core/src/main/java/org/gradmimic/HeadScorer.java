package org.gradmimic;

import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.base.InvalidStateException;
import org.gradmimic.device.Device;
import org.gradmimic.device.DeviceArray;
import org.gradmimic.device.DeviceQueue;
import org.gradmimic.kernel.CudaFailure;
import org.gradmimic.kernel.Descriptors;
import org.gradmimic.kernel.Descriptors.Dtype;
import org.gradmimic.kernel.Kernels;
import org.gradmimic.kernel.Memory;
import org.gradmimic.kernel.OpenResources;
import org.gradmimic.kernel.abi.gm_array;
import org.gradmimic.kernel.abi.gm_head_score_args;
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

    /** On a GPU; null on the CPU. */
    private final @Nullable ProductScorer products;

    /** On a GPU: scores, norms and losses of a block. */
    private @Nullable DeviceArray<FloatPointer> results;

    private int resultRows;
    private boolean closed;

    private HeadScorer(Tensor weight, @Nullable Tensor bias, Tensor reference) {
        device = Device.of(weight);
        Tensors.requireFloat("weight", weight);
        Tensors.requireRank("weight", weight, "[C, D]", 2);
        Tensors.requireFloat("reference weight", reference);
        Tensors.requireShape("reference weight", reference, weight.size(0), weight.size(1));
        if (bias != null) {
            Tensors.requireFloat("bias", bias);
            Tensors.requireShape("bias", bias, weight.size(0));
            device.require("bias", bias);
        }
        this.weight = Memory.detached(weight.detach());
        this.bias = bias == null ? null : Memory.detached(bias.detach());
        direction = Direction.toward(List.of(reference), List.of(this.weight));
        direction.refresh();
        queue = device.queue();
        args = Memory.detached(new gm_head_score_args());
        nonFinite = DeviceArray.longs(device, 1);
        products = device.asynchronous()
                ? new ProductScorer(device, queue, this.weight, this.bias, direction, ProductScorer.PART)
                : null;
        OpenResources.opened();
    }

    /**
     * A scorer of a head with this weight.
     *
     * @param weight [C,D] float
     */
    public static Builder builder(Tensor weight) {
        return new Builder(weight);
    }

    /** What a scorer is made of. The reference has to be given. */
    public static final class Builder {
        private final Tensor weight;
        private @Nullable Tensor bias;
        private @Nullable Tensor reference;

        private Builder(Tensor weight) {
            this.weight = weight;
        }

        /** @param bias [C] float; without this call the head has none */
        public Builder bias(Tensor bias) {
            this.bias = bias;
            return this;
        }

        /** @param reference [C,D] float, the reference head's weight */
        public Builder reference(Tensor reference) {
            this.reference = reference;
            return this;
        }

        /**
         * The scorer.
         *
         * @throws InvalidArgumentException for another type, shape or device than the weight's, and no reference
         */
        public HeadScorer build() {
            if (reference == null) throw new InvalidArgumentException("a scorer needs a reference; none was given");
            return new HeadScorer(weight, bias, reference);
        }
    }

    /** V and its norms. */
    public Direction direction() {
        return direction;
    }

    /**
     * Scores a block of rows. On a device it is copied there, and what was found is read back as one block.
     *
     * @param features row-major [rows,D] of {@code dtype}, anywhere in the host's memory
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
        if (closed) throw new InvalidStateException("this scorer is closed");
        ProductScorer products = this.products;
        if (products == null) {
            run(features, dtype, rows, labels, score, gradientNorm, loss);
            return (long) nonFinite.get(0);
        }
        try (PointerScope scope = new PointerScope()) {
            Tensor there = device.move(Device.CPU.view(features, Tensors.scalarType(dtype), rows, weight.size(1)));
            Tensor named = device.move(Device.CPU.view(labels, ScalarType.Long, rows));
            DeviceArray<FloatPointer> found = results(rows);
            products.score(there, named, found);
            float[] all = found.floats(0, 3 * rows);
            score.put(all, 0, rows);
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

    private void run(
            Pointer features,
            Dtype dtype,
            int rows,
            Pointer labels,
            FloatPointer score,
            @Nullable FloatPointer gradientNorm,
            @Nullable FloatPointer loss) {
        Pointer.memset(args, 0, args.sizeof());
        describe(args.features(), features, dtype, rows, weight.size(1));
        describe(args.labels(), labels, Dtype.I64, rows);
        Tensors.describe(args.weight(), weight);
        if (bias != null) Tensors.describe(args.bias(), bias);
        Tensors.describe(args.direction(), direction.vector(0));
        args.direction_norm_squared(direction.normSquaredPointer());
        describe(args.score(), score, Dtype.F32, rows);
        describe(args.gradient_norm(), gradientNorm, Dtype.F32, rows);
        describe(args.loss(), loss, Dtype.F32, rows);
        args.non_finite(nonFinite.at(0));
        Kernels.headScore(queue.now(), args, queue.workspace());
    }

    private void describe(gm_array array, @Nullable Pointer data, Dtype dtype, long... shape) {
        Descriptors.contiguous(array, data, dtype, shape);
        device.place(array);
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        OpenResources.closed();
        if (products != null) products.close();
        direction.close();
        queue.close();
        nonFinite.close();
        if (results != null) results.close();
        for (Pointer pointer : new Pointer[] {args, weight, bias}) {
            if (pointer != null) pointer.deallocate();
        }
    }
}
