// Stands in for device.cu where the build found no nvcc.
#include "cuda/device.h"

namespace gm::cuda {

std::string why_unavailable() {
    return "this libgradmimic was built without CUDA (CMake found no nvcc); use GM_CPU, or build it where nvcc is installed";
}

}  // namespace gm::cuda
