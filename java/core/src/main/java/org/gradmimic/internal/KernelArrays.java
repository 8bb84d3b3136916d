package org.gradmimic.internal;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.device.Device;
import org.gradmimic.kernel.internal.Descriptors;
import org.gradmimic.kernel.internal.Descriptors.Dtype;
import org.gradmimic.kernel.internal.Memory;
import org.gradmimic.kernel.internal.abi.gm_array;

/** Tensors and memory of a device, described for a kernel. */
public final class KernelArrays {
    /** Where tensors without elements point: LibTorch gives them no memory, and the kernels take that for absent. */
    private static final BytePointer NOTHING = Memory.detached(new BytePointer(8));

    private KernelArrays() {}

    /**
     * What the kernels call the type of a tensor.
     *
     * @throws InvalidArgumentException for a type that they do not know
     */
    public static Dtype dtype(Tensor tensor) {
        ScalarType type = tensor.scalar_type().intern();
        return switch (type) {
            case Float -> Dtype.F32;
            case Half -> Dtype.F16;
            case BFloat16 -> Dtype.BF16;
            case Double -> Dtype.F64;
            case Long -> Dtype.I64;
            default -> throw new InvalidArgumentException("a tensor of " + type + " is not supported");
        };
    }

    /** Describes a tensor of up to three dimensions. */
    public static void describe(gm_array array, Tensor tensor) {
        int rank = (int) tensor.dim();
        long[] shape = new long[rank];
        long[] stride = new long[rank];
        for (int d = 0; d < rank; d++) {
            shape[d] = tensor.size(d);
            stride[d] = tensor.stride(d);
        }
        Pointer data = tensor.data_ptr();
        Descriptors.strided(array, data == null || data.isNull() ? NOTHING : data, dtype(tensor), shape, stride);
        if (tensor.is_cuda()) place(Device.of(tensor), array);
    }

    /** Says of an array that was just described that it is in the memory of this device. */
    public static void place(Device device, gm_array array) {
        if (device.kind() == Device.Kind.CUDA) Descriptors.onCuda(array, device.index());
    }

    /** A view of memory of a device that somebody else owns and keeps. */
    public static Tensor view(Device device, Pointer memory, ScalarType type, long... shape) {
        return torch.from_blob(memory, shape, device.options(type));
    }
}
