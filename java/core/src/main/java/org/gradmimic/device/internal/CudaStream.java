package org.gradmimic.device.internal;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.global.torch_cuda;

/** LibTorch's current stream. Loaded only where there is a CUDA device. */
public final class CudaStream {
    private CudaStream() {}

    /** The current stream of this thread on a device; the pointer belongs to the caller's scope. */
    public static Pointer current(int device) {
        return torch_cuda.getCurrentCUDAStream((byte) device).stream();
    }
}
