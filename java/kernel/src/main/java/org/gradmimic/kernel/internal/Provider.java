package org.gradmimic.kernel.internal;

import org.gradmimic.kernel.NativeLibrary;
import org.gradmimic.kernel.internal.abi.gm_queue;
import org.gradmimic.kernel.internal.abi.gradmimic;

/** The implementation that computes an operation. All have the same semantics. */
public enum Provider {
    /** Vectorised, threaded kernels on host memory. */
    CPU(gradmimic.GM_CPU),
    /** CUDA kernels; {@link NativeLibrary#cudaProblem()} gives the reason if they cannot be used. */
    CUDA(gradmimic.GM_CUDA),
    /** Double precision in plain loops on host memory: slow, for checking the others. */
    REFERENCE(gradmimic.GM_REFERENCE);

    private final int code;

    Provider(int code) {
        this.code = code;
    }

    /** A queue on the provider's first device and default stream, for {@link Kernels}. The caller closes it. */
    public gm_queue queue() {
        return queue(0);
    }

    /** A queue on one of the provider's devices and its default stream. The caller closes it. */
    public gm_queue queue(int device) {
        NativeLibrary.require();
        return new gm_queue().provider(code).device(device).stream(null);
    }
}
