package org.gradmimic;

import java.util.Objects;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.device.Device;
import org.gradmimic.internal.DeviceArray;
import org.gradmimic.internal.DeviceQueue;
import org.gradmimic.internal.KernelArrays;
import org.gradmimic.kernel.internal.Descriptors;
import org.gradmimic.kernel.internal.Descriptors.Dtype;
import org.gradmimic.kernel.internal.Kernels;
import org.gradmimic.kernel.internal.Memory;
import org.gradmimic.kernel.internal.abi.gm_array;
import org.gradmimic.kernel.internal.abi.gm_head_step_args;
import org.jspecify.annotations.Nullable;

/**
 * Scores rows for {@link HeadScorer} on a GPU: LibTorch computes one product of the rows with [W; V], then {@code
 * gm_head_step} processes it. {@code gm_head_score}, which the CPU uses, stores no logits. On a GPU, however, the
 * multiplication takes most of the time, and the vendor's product comes closer to the float rate of the device than
 * gradmimic's kernel. The products of a block are computed in parts of bounded size.
 */
final class ProductScorer implements AutoCloseable {
    /** The number of floats of a part's products: 128 MiB. */
    static final long PART = 1L << 25;

    private final Device device;
    private final DeviceQueue queue;
    private final Direction direction;
    private final @Nullable Tensor bias;

    /** [D, 2C] */
    private final Tensor both;

    private final long classes;
    private final long partRows;
    private final gm_head_step_args args;

    /** The caller keeps ownership of its arguments. */
    ProductScorer(
            Device device,
            DeviceQueue queue,
            Tensor weight,
            @Nullable Tensor bias,
            Direction direction,
            long partOfProducts) {
        this.device = device;
        this.queue = queue;
        this.direction = direction;
        this.bias = bias;
        classes = weight.size(0);
        partRows = Math.max(1, partOfProducts / (2 * classes));
        try (PointerScope scope = new PointerScope()) {
            Tensor vector = Objects.requireNonNull(direction.vector(0));
            both = Memory.detached(torch.cat(new TensorVector(weight, vector)).t());
        }
        args = Memory.detached(new gm_head_step_args());
    }

    /**
     * Computes scores, norms and losses of {@code rows} rows, one kind after the other in {@code found}, on the device.
     */
    void score(Tensor features, Tensor labels, DeviceArray<FloatPointer> found) {
        long rows = features.size(0);
        for (long from = 0; from < rows; from += partRows) {
            long count = Math.min(partRows, rows - from);
            try (PointerScope scope = new PointerScope()) {
                Tensor part = features.narrow(0, from, count).to(ScalarType.Float);
                Tensor products = torch.mm(part, both);
                Pointer.memset(args, 0, args.sizeof());
                KernelArrays.describe(args.logits(), products.narrow(1, 0, classes));
                KernelArrays.describe(args.projected(), products.narrow(1, classes, classes));
                KernelArrays.describe(args.labels(), labels.narrow(0, from, count));
                KernelArrays.describe(args.feature_norm_squared(), Tensors.rowNormsSquared(part));
                if (bias != null) KernelArrays.describe(args.bias(), bias);
                args.direction_norm_squared(direction.normSquaredPointer());
                Weighting.uniform().describe(args.weighting());
                describe(args.score(), found.at(from), count);
                describe(args.gradient_norm(), found.at(rows + from), count);
                describe(args.loss(), found.at(2 * rows + from), count);
                Kernels.headStep(queue.now(), args, queue.workspace());
            }
        }
    }

    private void describe(gm_array array, Pointer data, long count) {
        Descriptors.contiguous(array, data, Dtype.F32, count);
        KernelArrays.place(device, array);
    }

    @Override
    public void close() {
        both.deallocate();
        args.deallocate();
    }
}
