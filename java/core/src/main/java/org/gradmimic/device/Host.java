package org.gradmimic.device;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.gradmimic.device.internal.Counter;

/** Reads tensors on the host. Each call waits for the device of the tensor, and {@link DeviceCounters} counts it. */
public final class Host {
    private Host() {}

    /** The tensor's elements in row-major order and in host memory; the tensor itself if it already has that form. */
    private static Tensor here(Tensor tensor, ScalarType type) {
        Counter.HOST_READS.count();
        Tensor detached = tensor.detach();
        if (detached.is_cuda()) detached = detached.cpu();
        return detached.to(type).contiguous();
    }

    /** The elements of a tensor of any shape and numeric type as floats, in row-major order. */
    public static float[] floats(Tensor tensor) {
        try (PointerScope scope = new PointerScope()) {
            Tensor here = here(tensor, ScalarType.Float);
            float[] values = new float[Math.toIntExact(here.numel())];
            if (values.length > 0) here.data_ptr_float().get(values);
            return values;
        }
    }

    /** The elements of a tensor of any shape and numeric type as doubles, in row-major order. */
    public static double[] doubles(Tensor tensor) {
        try (PointerScope scope = new PointerScope()) {
            Tensor here = here(tensor, ScalarType.Double);
            double[] values = new double[Math.toIntExact(here.numel())];
            if (values.length > 0) here.data_ptr_double().get(values);
            return values;
        }
    }

    /** The elements of a long tensor of any shape, in row-major order. */
    public static long[] longs(Tensor tensor) {
        try (PointerScope scope = new PointerScope()) {
            Tensor here = here(tensor, ScalarType.Long);
            long[] values = new long[Math.toIntExact(here.numel())];
            if (values.length > 0) here.data_ptr_long().get(values);
            return values;
        }
    }

    /** The only element of a tensor with one element, of any numeric type. */
    public static double number(Tensor tensor) {
        Counter.HOST_READS.count();
        return tensor.item_double();
    }

    /** The only element of an integer tensor with one element. */
    public static long integer(Tensor tensor) {
        Counter.HOST_READS.count();
        return tensor.item_long();
    }

    /** The only element of a boolean tensor with one element. */
    public static boolean truth(Tensor tensor) {
        Counter.HOST_READS.count();
        return tensor.item_bool();
    }
}
