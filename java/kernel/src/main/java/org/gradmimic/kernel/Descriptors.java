package org.gradmimic.kernel;

import org.bytedeco.javacpp.Pointer;
import org.gradmimic.kernel.abi.gm_array;
import org.gradmimic.kernel.abi.gradmimic;
import org.jspecify.annotations.Nullable;

/** Fills {@code gm_array} descriptors: what a kernel is told of memory that somebody else owns. */
public final class Descriptors {
    private Descriptors() {}

    /** Element types; the codes are the ABI's. */
    public enum Dtype {
        F32(gradmimic.GM_F32, 4),
        F16(gradmimic.GM_F16, 2),
        BF16(gradmimic.GM_BF16, 2),
        F64(gradmimic.GM_F64, 8),
        I64(gradmimic.GM_I64, 8);

        private final int code;
        private final int bytes;

        Dtype(int code, int bytes) {
            this.code = code;
            this.bytes = bytes;
        }

        /** {@return the size of an element} */
        public int bytes() {
            return bytes;
        }
    }

    /** A contiguous array of one to three dimensions in the host's memory. A null pointer makes it absent. */
    public static void contiguous(gm_array array, @Nullable Pointer data, Dtype dtype, long... shape) {
        array.data(data).dtype(dtype.code).rank(shape.length).device_type(gradmimic.GM_DEVICE_CPU);
        long stride = 1;
        for (int d = shape.length - 1; d >= 0; d--) {
            array.shape(d, shape[d]).stride(d, stride);
            stride *= Math.max(1, shape[d]);
        }
    }

    /** An array in the host's memory with strides in elements. */
    public static void strided(gm_array array, Pointer data, Dtype dtype, long[] shape, long[] stride) {
        array.data(data).dtype(dtype.code).rank(shape.length).device_type(gradmimic.GM_DEVICE_CPU);
        for (int d = 0; d < shape.length; d++) array.shape(d, shape[d]).stride(d, stride[d]);
    }

    /** The array that was just described is in the memory of this CUDA device. */
    public static void onCuda(gm_array array, int device) {
        array.device_type(gradmimic.GM_DEVICE_CUDA).device(device);
    }

    /** Marks an optional array as not given. */
    public static void absent(gm_array array) {
        array.data(null);
    }
}
