package org.gradmimic.train;

import java.nio.file.Path;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.gradmimic.Tensors;
import org.gradmimic.base.InputException;
import org.gradmimic.base.PhysicalMemory;
import org.gradmimic.io.npy.NpyFile;
import org.gradmimic.io.npy.NpyLabels;
import org.gradmimic.io.npy.NpyType;

/** Reads {@code .npy} files as tensors. */
public final class NpyTensors {
    private static final long BLOCK = 1 << 20;

    /** Files of at most this share of the memory are read. */
    private static final int SHARE = 4;

    private NpyTensors() {}

    /**
     * A floating-point array as a float tensor of the same shape. Other types are converted to float32. Writing to the
     * tensor does not change the file.
     *
     * <p>float32 of more than a quarter of the memory is mapped, not read. Such a file must not be truncated while the
     * tensor is used: the system would end the JVM.
     *
     * @throws InputException if the file is missing, damaged or does not contain floating-point numbers
     */
    public static Tensor floats(Path path) {
        try (NpyFile file = NpyFile.open(path)) {
            if (!file.type().isFloating()) {
                throw InputException.in(
                        path, "has dtype " + file.type().code() + "; expected floating-point numbers (f2, f4 or f8)");
            }
            long elements = file.elements();
            boolean mappable =
                    file.type() == NpyType.FLOAT32 && file.isInPlace() && file.dataOffset() % Float.BYTES == 0;
            if (!mappable || elements <= PhysicalMemory.bytes() / SHARE / Float.BYTES) return read(file);
            long before = file.dataOffset() / Float.BYTES;
            Tensor whole = torch.from_file(
                    path.toString(),
                    new BoolOptional(false),
                    new LongOptional(before + elements),
                    new TensorOptions(torch.ScalarType.Float));
            return whole.narrow(0, before, elements).view(file.shape());
        }
    }

    private static Tensor read(NpyFile file) {
        Tensor tensor = Tensors.empty(file.shape());
        if (file.elements() == 0) return tensor;
        long row = Math.max(1, file.rowElements());
        long step = Math.max(1, BLOCK / row);
        var target = tensor.data_ptr_float();
        for (long from = 0; from < file.rows(); from += step) {
            long to = Math.min(file.rows(), from + step);
            var block = target.getPointer(from * row).capacity((to - from) * row);
            file.readFloats(
                    from,
                    to,
                    block.asByteBuffer().order(java.nio.ByteOrder.nativeOrder()).asFloatBuffer());
        }
        return tensor;
    }

    /**
     * Class labels as a long tensor [N]; see {@link NpyLabels}.
     *
     * @throws InputException if the file is missing, damaged or does not contain labels
     */
    public static Tensor labels(Path path) {
        long[] labels = NpyLabels.readAll(path);
        return Tensors.of(labels, labels.length);
    }

    /**
     * An integer array as a long tensor of the same shape, a copy.
     *
     * @throws InputException if the file is missing, damaged or does not contain integers
     */
    public static Tensor longs(Path path) {
        try (NpyFile file = NpyFile.open(path)) {
            return Tensors.of(file.readLongs(), file.shape());
        }
    }
}
