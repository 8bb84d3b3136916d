package org.gradmimic.device;

import org.bytedeco.cuda.cudart.cudaDeviceProp;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.SizeTPair;
import org.bytedeco.pytorch.cuda.CUDAEvent;
import org.bytedeco.pytorch.cuda.CUDAStream;
import org.bytedeco.pytorch.cuda.DeviceStats;
import org.bytedeco.pytorch.global.torch_cuda;
import org.gradmimic.kernel.CudaFailure;
import org.gradmimic.kernel.internal.Memory;

/**
 * The only class that calls LibTorch's CUDA part and CUDA's runtime, through their presets; loaded when {@link CudaSupport} has
 * found everything that they need, and never where there is no driver.
 */
final class CudaRuntime {
    private CudaRuntime() {}

    /**
     * How many devices LibTorch sees.
     *
     * @throws LinkageError if its CUDA part cannot be loaded
     */
    static int devices() {
        Loader.load(torch_cuda.class);
        return torch_cuda.device_count();
    }

    static void await(int device) {
        try (PointerScope scope = new PointerScope()) {
            byte before = torch_cuda.ExchangeDevice((byte) device);
            try {
                torch_cuda.device_synchronize();
            } finally {
                torch_cuda.ExchangeDevice(before);
            }
        }
    }

    static DeviceFacts facts(int device) {
        try (PointerScope scope = new PointerScope()) {
            cudaDeviceProp properties = torch_cuda.getDeviceProperties((byte) device);
            int[] driver = {0};
            int[] runtime = {0};
            check("cudaDriverGetVersion", cudart.cudaDriverGetVersion(driver));
            check("cudaRuntimeGetVersion", cudart.cudaRuntimeGetVersion(runtime));
            return new DeviceFacts(
                    properties.name().getString(),
                    properties.major() + "." + properties.minor(),
                    properties.multiProcessorCount(),
                    properties.totalGlobalMem(),
                    DeviceFacts.version(driver[0]),
                    DeviceFacts.version(runtime[0]));
        }
    }

    private static void check(String call, int status) {
        if (status == cudart.cudaSuccess) return;
        throw CudaFailure.of(call + ": " + cudart.cudaGetErrorString(status).getString() + " ("
                + cudart.cudaGetErrorName(status).getString() + ")");
    }

    static DeviceMemory memory(int device) {
        try (PointerScope scope = new PointerScope()) {
            DeviceStats stats = torch_cuda.getAllocator().getDeviceStats((byte) device);
            SizeTPair freeAndTotal = torch_cuda.getAllocator().getMemoryInfo((byte) device);
            return new DeviceMemory(
                    stats.allocated_bytes().current(),
                    stats.allocated_bytes().peak(),
                    stats.reserved_bytes().current(),
                    freeAndTotal.first(),
                    freeAndTotal.second());
        }
    }

    static void resetPeakMemory(int device) {
        try (PointerScope scope = new PointerScope()) {
            torch_cuda.getAllocator().resetPeakStats((byte) device);
        }
    }

    /** Two events of the device that can be timed. */
    static final class Events implements AutoCloseable {
        private final int device;
        private final CUDAEvent first = Memory.detached(new CUDAEvent(cudart.cudaEventDefault));
        private final CUDAEvent last = Memory.detached(new CUDAEvent(cudart.cudaEventDefault));

        Events(int device) {
            this.device = device;
        }

        void begin() {
            record(first);
        }

        void end() {
            record(last);
        }

        private void record(CUDAEvent event) {
            try (PointerScope scope = new PointerScope()) {
                CUDAStream stream = torch_cuda.getCurrentCUDAStream((byte) device);
                event.record(stream);
            }
        }

        double seconds() {
            last.synchronize();
            return first.elapsed_time(last) * 1e-3;
        }

        @Override
        public void close() {
            first.deallocate();
            last.deallocate();
        }
    }
}
