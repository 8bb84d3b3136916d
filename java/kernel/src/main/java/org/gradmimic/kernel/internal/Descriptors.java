package org.gradmimic.kernel.internal;

import org.bytedeco.javacpp.Pointer;
import org.gradmimic.base.InvalidArgumentException;
import org.gradmimic.kernel.internal.abi.gm_array;
import org.gradmimic.kernel.internal.abi.gm_weighting;
import org.gradmimic.kernel.internal.abi.gradmimic;
import org.jspecify.annotations.Nullable;

/** Fills {@code gm_array} descriptors, which describe to a kernel memory that another object owns. */
public final class Descriptors {
    private Descriptors() {}

    /** Element types, with the codes of the ABI. */
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

    /** Describes a contiguous array of one to three dimensions in host memory. A null pointer makes it absent. */
    public static void contiguous(gm_array array, @Nullable Pointer data, Dtype dtype, long... shape) {
        array.data(data).dtype(dtype.code).rank(shape.length).device_type(gradmimic.GM_DEVICE_CPU);
        long stride = 1;
        for (int d = shape.length - 1; d >= 0; d--) {
            array.shape(d, shape[d]).stride(d, stride);
            stride *= Math.max(1, shape[d]);
        }
    }

    /** Describes an array in host memory with strides in elements. */
    public static void strided(gm_array array, Pointer data, Dtype dtype, long[] shape, long[] stride) {
        array.data(data).dtype(dtype.code).rank(shape.length).device_type(gradmimic.GM_DEVICE_CPU);
        for (int d = 0; d < shape.length; d++) array.shape(d, shape[d]).stride(d, stride[d]);
    }

    /** Changes the device of an array that has just been described to a CUDA device. */
    public static void onCuda(gm_array array, int device) {
        array.device_type(gradmimic.GM_DEVICE_CUDA).device(device);
    }

    /**
     * Fills in the rule by which scores become weights.
     *
     * @param kind the rule, by its name in files and options
     * @throws InvalidArgumentException for an unknown name
     */
    public static void weighting(
            gm_weighting target, String kind, double temperature, double lambda, boolean rhoAttached) {
        int code = switch (kind) {
            case "uniform" -> gradmimic.GM_UNIFORM;
            case "proj" -> gradmimic.GM_PROJ;
            case "cos" -> gradmimic.GM_COS;
            case "normed_proj" -> gradmimic.GM_NORMED_PROJ;
            case "normed_cos" -> gradmimic.GM_NORMED_COS;
            case "opt" -> gradmimic.GM_OPT;
            case "grand" -> gradmimic.GM_GRAND;
            case "agra" -> gradmimic.GM_AGRA;
            case "rho" -> gradmimic.GM_RHO;
            default -> throw new InvalidArgumentException("unknown weighting " + kind);
        };
        target.kind(code).temperature(temperature).lambda(lambda).rho_attached(rhoAttached ? 1 : 0);
    }

    /** Marks an optional array as not given. */
    public static void absent(gm_array array) {
        array.data(null);
    }
}
