package org.gradmimic;

import java.util.Arrays;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.device.Host;
import org.gradmimic.kernel.internal.Memory;
import org.jspecify.annotations.Nullable;

/** Checks of tensors whose messages name the error, the few constructors this library needs, and reads on the host. */
public final class Tensors {
    static {
        CpuThreads.shared();
    }

    private Tensors() {}

    /** "[32, 768]" */
    public static String shape(Tensor tensor) {
        return Arrays.toString(sizes(tensor));
    }

    /** The tensor's shape: the length of each dimension, outermost first. */
    public static long[] sizes(Tensor tensor) {
        long[] sizes = new long[(int) tensor.dim()];
        for (int d = 0; d < sizes.length; d++) sizes[d] = tensor.size(d);
        return sizes;
    }

    /**
     * Checks a shape.
     *
     * @param name the tensor's name in the message
     * @throws InvalidArgumentException that names the tensor and both shapes
     */
    public static void requireShape(String name, Tensor tensor, long... expected) {
        boolean same = tensor.dim() == expected.length;
        for (int d = 0; same && d < expected.length; d++) same = tensor.size(d) == expected[d];
        if (!same) {
            throw new InvalidArgumentException(
                    name + " has the shape " + shape(tensor) + ", expected " + Arrays.toString(expected));
        }
    }

    /**
     * Checks that a tensor has memory on the CPU or a CUDA device. Its shape and type may be any.
     *
     * @param name what the tensor is, for the message
     * @throws InvalidArgumentException for one that was freed, is undefined, or is on another device, such as meta
     */
    public static void requireThere(String name, Tensor tensor) {
        if (tensor.isNull()) {
            throw new InvalidArgumentException(
                    name + " was freed: it was closed, or the scope it was made in has ended");
        }
        if (!tensor.defined()) throw new InvalidArgumentException(name + " is undefined");
        if (!tensor.is_cpu() && !tensor.is_cuda()) {
            throw new InvalidArgumentException(name + " is on the device "
                    + (tensor.is_meta() ? "meta, where tensors have no elements" : "of another kind")
                    + "; expected on the CPU or a CUDA device");
        }
    }

    /**
     * Checks that a parameter can be trained. Its shape and type may be any.
     *
     * @param name the tensor's name in the message
     * @throws InvalidArgumentException for one that requires no gradient or is not a leaf of autograd's graph
     */
    public static void requireTrainable(String name, Tensor tensor) {
        if (!tensor.requires_grad()) {
            throw new InvalidArgumentException(
                    name + " does not require a gradient; set_requires_grad(true) makes it do so");
        }
        if (!tensor.is_leaf()) {
            throw new InvalidArgumentException(
                    name + " is not a leaf: an operation made it, so that no gradient is kept for it; detach it first");
        }
    }

    static void requireFloat(String name, Tensor tensor) {
        requireType(name, tensor, ScalarType.Float);
    }

    /** Checks that a tensor is float or one of the 16-bit types, which {@link #as} converts to float without loss. */
    static void requireAtMostFloat(String name, Tensor tensor) {
        requireThere(name, tensor);
        switch (tensor.scalar_type().intern()) {
            case Float, BFloat16, Half -> {}
            default ->
                throw new InvalidArgumentException(
                        name + " is " + tensor.scalar_type().intern() + "; Float, BFloat16 or Half is expected");
        }
    }

    /** x itself if it has this type; otherwise a converted copy. */
    static Tensor as(ScalarType type, Tensor x) {
        return x.scalar_type().intern() == type ? x : x.to(type);
    }

    /**
     * Checks that the elements have type long.
     *
     * @param name the tensor's name in the message
     * @throws InvalidArgumentException that names the tensor and its type
     */
    public static void requireLong(String name, Tensor tensor) {
        requireType(name, tensor, ScalarType.Long);
    }

    private static void requireType(String name, Tensor tensor, ScalarType expected) {
        requireThere(name, tensor);
        if (tensor.scalar_type().intern() != expected) {
            throw new InvalidArgumentException(
                    name + " is " + tensor.scalar_type().intern() + "; " + expected + " is expected");
        }
    }

    /**
     * Checks the number of dimensions.
     *
     * @param name the tensor's name in the message
     * @param expected the shape in the message, such as "[B, D]"
     * @throws InvalidArgumentException that names the tensor and both shapes
     */
    public static void requireRank(String name, Tensor tensor, String expected, int rank) {
        if (tensor.dim() != rank) {
            throw new InvalidArgumentException(name + " has the shape " + shape(tensor) + ", expected " + expected);
        }
    }

    /**
     * A new handle to the caller's tensor, which stays valid when a scope of the caller closes.
     *
     * @return shares the memory and the graph of the tensor; the caller frees it with {@code deallocate()}
     */
    public static Tensor handle(Tensor tensor) {
        return Memory.detached(new Tensor(tensor));
    }

    /** The index of the first element, in row-major order, that is NaN or infinite; null if all are finite. */
    public static long @Nullable [] firstNonFinite(Tensor tensor) {
        try (PointerScope scope = new PointerScope()) {
            Tensor finite = tensor.detach().isfinite();
            if (Host.truth(finite.all())) return null;
            long flat = Host.integer(finite.logical_not().to(ScalarType.Byte).argmax());
            long[] index = new long[(int) tensor.dim()];
            for (int d = index.length - 1; d >= 0; d--) {
                index[d] = flat % tensor.size(d);
                flat /= tensor.size(d);
            }
            return index;
        }
    }

    private static TensorOptions options(ScalarType type) {
        return new TensorOptions(type);
    }

    /** A contiguous float tensor of undefined content on the CPU; it belongs to the caller's scope. */
    public static Tensor empty(long... shape) {
        return torch.empty(shape, options(ScalarType.Float), new org.bytedeco.pytorch.MemoryFormatOptional());
    }

    /**
     * A float tensor on the CPU with a copy of the values.
     *
     * @param values in row-major order; as many as the shape has elements
     */
    public static Tensor of(float[] values, long... shape) {
        try (FloatPointer data = new FloatPointer(values)) {
            return torch.from_blob(data, shape, options(ScalarType.Float)).clone();
        }
    }

    /** A double tensor on the CPU with a copy of the values; parameters as for {@link #of(float[], long...)}. */
    public static Tensor of(double[] values, long... shape) {
        try (DoublePointer data = new DoublePointer(values)) {
            return torch.from_blob(data, shape, options(ScalarType.Double)).clone();
        }
    }

    /** A long tensor on the CPU with a copy of the values; parameters as for {@link #of(float[], long...)}. */
    public static Tensor of(long[] values, long... shape) {
        try (LongPointer data = new LongPointer(values)) {
            return torch.from_blob(data, shape, options(ScalarType.Long)).clone();
        }
    }

    /** The elements of a tensor of any shape and type as floats, in row-major order; waits for a device. */
    public static float[] floats(Tensor tensor) {
        return Host.floats(tensor);
    }

    /** ‖row‖² of a float matrix [B,D]: [B]. */
    public static Tensor rowNormsSquared(Tensor matrix) {
        return torch.linalg_vector_norm(
                        matrix.detach(),
                        new Scalar(2.0f),
                        new long[] {1},
                        false,
                        new ScalarTypeOptional(ScalarType.Float))
                .square_();
    }
}
