package org.gradmimic.bench;

import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.kernel.internal.Descriptors;
import org.gradmimic.kernel.internal.Descriptors.Dtype;
import org.gradmimic.kernel.internal.Kernels;
import org.gradmimic.kernel.internal.Provider;
import org.gradmimic.kernel.internal.Workspace;
import org.gradmimic.kernel.internal.abi.gm_projected_dot_args;
import org.gradmimic.kernel.internal.abi.gm_queue;

/**
 * Cached features [N,D] that no cache holds, read block by block, round and round; and what the machine can do at best with
 * them: read them, multiply matrices.
 */
final class FeatureRows implements AutoCloseable {
    /** A block that the bandwidth is measured on: as far as no cache reaches. */
    static final int READ_ROWS = 1 << 16;

    final int rows;
    final int width;

    private final PointerScope scope = new PointerScope();
    final Tensor features;
    private final FloatPointer floats;
    private final Workspace workspace = new Workspace();
    private final gm_queue queue = Provider.CPU.queue();
    private final gm_projected_dot_args args = new gm_projected_dot_args();
    private int readAt;

    FeatureRows(int rows, int width) {
        if (rows % READ_ROWS != 0) throw new IllegalArgumentException(rows + " rows, not a multiple of " + READ_ROWS);
        this.rows = rows;
        this.width = width;
        torch.manual_seed(1);
        features = torch.rand(rows, width).sub_(new Scalar(0.5f));
        floats = features.data_ptr_float();
        FloatPointer result = new FloatPointer(READ_ROWS);
        Pointer.memset(args, 0, args.sizeof());
        Descriptors.contiguous(args.direction(), floats, Dtype.F32, width);
        Descriptors.contiguous(args.norm_squared(), result, Dtype.F32, READ_ROWS);
    }

    /** Row {@code row} and what follows it. */
    FloatPointer at(int row) {
        return floats.getPointer((long) row * width);
    }

    private int nextRead() {
        readAt = (readAt + READ_ROWS) % rows;
        return readAt;
    }

    /** Reads {@link #READ_ROWS} rows: LibTorch's sum. */
    void readBySum() {
        try (PointerScope inner = new PointerScope()) {
            torch.sum(features.narrow(0, nextRead(), READ_ROWS));
        }
    }

    /** Reads {@link #READ_ROWS} rows: gm_projected_dot's norms. */
    void readByNorms() {
        try (PointerScope inner = new PointerScope()) {
            Descriptors.contiguous(args.gradient(), at(nextRead()), Dtype.F32, READ_ROWS, width);
            Kernels.projectedDot(queue, args, workspace);
        }
    }

    @Override
    public void close() {
        workspace.close();
        scope.close();
    }
}
