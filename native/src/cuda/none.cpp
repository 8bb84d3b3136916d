// Stands in for the CUDA provider where the build found no nvcc.
#include "cuda/device.h"
#include "cuda/kernels.h"

#include "base/failure.h"

namespace gm::cuda {

std::string why_unavailable() {
    return "this libgradmimic was built without CUDA (CMake found no nvcc); use GM_CPU, or build it where nvcc is "
           "installed";
}

void require_device(int) { fail(GM_UNSUPPORTED, "%s", why_unavailable().c_str()); }

DeviceScope::DeviceScope(int) {}
DeviceScope::~DeviceScope() = default;

const Kernels &kernels() {
    static const Kernels none;
    return none;
}

}  // namespace gm::cuda
