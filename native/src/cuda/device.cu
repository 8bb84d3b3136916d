// Which device a GM_CUDA queue would run on. The runtime is linked statically: a machine without a
// driver loads the library all the same and is told here what it lacks.
#include <cuda_runtime_api.h>

#include "cuda/device.h"

namespace gm::cuda {

std::string why_unavailable() {
    int devices = 0;
    const cudaError_t status = cudaGetDeviceCount(&devices);
    if (status == cudaErrorInsufficientDriver) {
        return "no NVIDIA driver for CUDA " + std::to_string(CUDART_VERSION / 1000) +
               " was found (libcuda.so.1); install or update it, or use GM_CPU";
    }
    if (status == cudaErrorNoDevice || (status == cudaSuccess && devices == 0)) {
        return "the NVIDIA driver is there but shows no device (see nvidia-smi and CUDA_VISIBLE_DEVICES); use GM_CPU";
    }
    if (status != cudaSuccess) {
        return std::string("CUDA cannot start: ") + cudaGetErrorString(status) + " (" + cudaGetErrorName(status) + "); use GM_CPU";
    }
    cudaDeviceProp properties;
    const char *name = cudaGetDeviceProperties(&properties, 0) == cudaSuccess ? properties.name : "a device";
    return std::string("found ") + name + ", but gradmimic " GM_VERSION " has no CUDA kernels; use GM_CPU";
}

}  // namespace gm::cuda
