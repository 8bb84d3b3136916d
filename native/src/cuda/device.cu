// Which device a GM_CUDA queue runs on, and what CUDA's errors mean. The runtime is linked statically: a
// machine without a driver loads the library all the same and is told here what it lacks.
#include "cuda/device.h"

#include <cuda_runtime.h>

#include <atomic>
#include <map>
#include <mutex>

#include "base/failure.h"
#include "cuda/launch.h"

namespace gm::cuda {
namespace {

constexpr int kLeastCapability = 8;  // GRADMIMIC_CUDA_ARCHITECTURES begins with 80
constexpr int kDevices = 64;         // whose capability is remembered

// Whether CUDA says of an error that it leaves the process in an inconsistent state, in which all further work fails until
// the process ends. By number where older toolkits do not have the name.
bool is_fatal(cudaError_t status) {
    switch (static_cast<int>(status)) {
        case cudaErrorECCUncorrectable:
        case 220:  // cudaErrorNvlinkUncorrectable
        case 226:  // cudaErrorContained
        case cudaErrorIllegalAddress:
        case cudaErrorLaunchTimeout:
        case cudaErrorAssert:
        case cudaErrorHardwareStackError:
        case cudaErrorIllegalInstruction:
        case cudaErrorMisalignedAddress:
        case cudaErrorInvalidAddressSpace:
        case cudaErrorInvalidPc:
        case cudaErrorLaunchFailure:
        case 721:  // cudaErrorTensorMemoryLeak
        case 810:  // cudaErrorMpsClientTerminated
        case 911:  // cudaErrorExternalDevice
            return true;
        default: return false;
    }
}

int attribute(cudaDeviceAttr which, int device) {
    int value = 0;
    check(cudaDeviceGetAttribute(&value, which, device), "cudaDeviceGetAttribute");
    return value;
}

// As "9.0"; its first number in `major`.
std::string capability(int device, int &major) {
    major = attribute(cudaDevAttrComputeCapabilityMajor, device);
    const int minor = attribute(cudaDevAttrComputeCapabilityMinor, device);
    return std::to_string(major) + "." + std::to_string(minor);
}

Facts ask_facts(int device) {
    return {10 * attribute(cudaDevAttrComputeCapabilityMajor, device) +
                attribute(cudaDevAttrComputeCapabilityMinor, device),
            attribute(cudaDevAttrMultiProcessorCount, device),
            static_cast<size_t>(attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin, device))};
}

}  // namespace

void check(cudaError_t status, const char *what) {
    if (status == cudaSuccess) return;
    cudaGetLastError();  // told here; whoever asks next shall not be told again
    const char *name = cudaGetErrorName(status), *text = cudaGetErrorString(status);
    if (status == cudaErrorMemoryAllocation) fail(GM_OUT_OF_MEMORY, "%s: %s (%s)", what, text, name);
    if (is_fatal(status)) {
        fail(GM_CUDA_FATAL,
             "%s: %s (%s); after this error CUDA cannot be used in this process, which has to be restarted", what, text,
             name);
    }
    fail(GM_CUDA_ERROR, "%s: %s (%s)", what, text, name);
}

std::string why_unavailable() {
    int devices = 0;
    const cudaError_t status = cudaGetDeviceCount(&devices);
    if (status != cudaSuccess) cudaGetLastError();
    if (status == cudaErrorInsufficientDriver) {
        return "no NVIDIA driver for CUDA " + std::to_string(CUDART_VERSION / 1000) +
               " was found (libcuda.so.1); install or update it, or use GM_CPU";
    }
    if (status == cudaErrorNoDevice || (status == cudaSuccess && devices == 0)) {
        return "the NVIDIA driver is there but shows no device (see nvidia-smi and CUDA_VISIBLE_DEVICES); use GM_CPU";
    }
    if (status != cudaSuccess) {
        return std::string("CUDA cannot start: ") + cudaGetErrorString(status) + " (" + cudaGetErrorName(status) +
               "); use GM_CPU";
    }
    std::string found;
    for (int device = 0; device < devices; device++) {
        int major = 0;
        const std::string version = capability(device, major);
        if (major >= kLeastCapability) return "";
        found += (device ? ", " : "") + version;
    }
    return "CUDA shows no device of compute capability " + std::to_string(kLeastCapability) + ".0 or newer (found " +
           found + "); use GM_CPU";
}

void require_device(int device) {
    static std::atomic<bool> usable[kDevices];
    if (device >= 0 && device < kDevices && usable[device]) return;
    const std::string why = why_unavailable();
    if (!why.empty()) fail(GM_UNSUPPORTED, "%s", why.c_str());
    int devices = 0, major = 0;
    check(cudaGetDeviceCount(&devices), "cudaGetDeviceCount");
    if (device < 0 || device >= devices)
        fail(GM_INVALID_ARGUMENT, "queue->device is %d; there are %d devices", device, devices);
    const std::string version = capability(device, major);
    if (major < kLeastCapability) {
        fail(GM_UNSUPPORTED, "device %d has compute capability %s; the kernels need %d.0 or newer", device,
             version.c_str(), kLeastCapability);
    }
    if (device < kDevices) usable[device] = true;
}

Facts facts_of(int device) {
    // Asked for once.
    static std::once_flag asked[kDevices];
    static Facts known[kDevices];
    if (device < 0 || device >= kDevices) return ask_facts(device);
    std::call_once(asked[device], [&] { known[device] = ask_facts(device); });
    return known[device];
}

bool prepare(const void *kernel, int device, size_t shared, const char *name) {
    static std::mutex mutex;
    static std::map<std::pair<const void *, int>, bool> prepared;
    const std::lock_guard<std::mutex> lock(mutex);
    const auto found = prepared.find({kernel, device});
    if (found != prepared.end()) return found->second;
    cudaFuncAttributes attributes = {};
    check(cudaFuncGetAttributes(&attributes, kernel), name);
    if (shared > kPlainShared) {
        check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared)),
              name);
    }
    // Code for an earlier architecture, which a later device may run too, does not have the instruction that waits.
    const bool may_overlap = facts_of(device).capability >= 90 && attributes.ptxVersion >= 90;
    prepared[{kernel, device}] = may_overlap;
    return may_overlap;
}

DeviceScope::DeviceScope(int device) {
    int current = 0;
    check(cudaGetDevice(&current), "cudaGetDevice");
    if (current == device) return;
    check(cudaSetDevice(device), "cudaSetDevice");
    before_ = current;
}

DeviceScope::~DeviceScope() {
    if (before_ >= 0) cudaSetDevice(before_);
}

}  // namespace gm::cuda
