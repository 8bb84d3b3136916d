// The emulated runtime's state and its calls.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <vector>

#include "cuda_runtime.h"
#include "emulator.h"
#include "machine.h"
#include "sanitizer.h"

namespace emulator {
namespace {

constexpr int kProcessors = 3;             // few, so that blocks that stay have several tiles
constexpr size_t kPlainShared = 48 << 10;  // without cudaFuncSetAttribute

struct Runtime {
    std::map<char *, size_t> allocations;
    std::map<const void *, size_t> shared_bytes;  // that kernels have been allowed
    Calls calls;
    cudaError_t sticky = cudaSuccess, last = cudaSuccess, injected = cudaSuccess;
    std::vector<Capability> devices = usual_devices();
    int device = 0;
};

Runtime &runtime() {
    static Runtime only;
    return only;
}

// Of a block, by the devices' data sheets.
size_t most_shared(const Capability &device) {
    if (device.shared != 0) return device.shared;
    if (device.major >= 9 && device.major < 12) return 227 << 10;
    return device.major == 8 && (device.minor == 0 || device.minor == 7) ? 163 << 10 : 99 << 10;
}

// Device memory may be touched while one of these is alive.
class Access {
public:
    Access() { open_memory(true); }
    ~Access() { open_memory(false); }
};

cudaError_t answer(cudaError_t error) {
    if (runtime().sticky != cudaSuccess) error = runtime().sticky;
    if (error != cudaSuccess) runtime().last = error;
    return error;
}

}  // namespace

void open_memory([[maybe_unused]] bool open) {
#if defined(__SANITIZE_ADDRESS__)
    for (const auto &[memory, bytes] : runtime().allocations) {
        if (open) ASAN_UNPOISON_MEMORY_REGION(memory, bytes);
        else ASAN_POISON_MEMORY_REGION(memory, bytes);
    }
#endif
}

const Calls &calls() { return runtime().calls; }
void restart() { runtime().sticky = runtime().last = cudaSuccess; }
void fail_next_launch(int error) { runtime().injected = static_cast<cudaError_t>(error); }
std::vector<Capability> usual_devices() {
    return {{9, 0}, {8, 0}, {10, 0}, {8, 6}, {12, 0}, {8, 6, 64 << 10}, {8, 6, 48 << 10}};
}
void set_devices(const std::vector<Capability> &devices) { runtime().devices = devices; }

cudaError_t launch(const cudaLaunchConfig_t &config, const std::function<void()> &thread, const void *kernel) {
    Runtime &r = runtime();
    r.calls.launches++;
    if (r.sticky != cudaSuccess) return answer(r.sticky);
    if (r.injected != cudaSuccess) return answer(std::exchange(r.injected, cudaSuccess));
    const auto allowed = r.shared_bytes.find(kernel);
    if (config.dynamicSmemBytes > (allowed == r.shared_bytes.end() ? kPlainShared : allowed->second))
        return answer(cudaErrorInvalidValue);
    if (config.dynamicSmemBytes > most_shared(r.devices[static_cast<size_t>(r.device)]))
        return answer(cudaErrorInvalidValue);
    bool behind = false;
    for (unsigned n = 0; n < config.numAttrs; n++) {
        behind = behind || config.attrs[n].val.programmaticStreamSerializationAllowed != 0;
    }
    r.calls.launches_behind += behind;
    const Access access;
    const cudaError_t error = run_grid(config, thread, behind);
    if (error == cudaErrorLaunchFailure) r.sticky = error;
    return answer(error);
}

}  // namespace emulator

using emulator::answer;
using emulator::runtime;

const char *cudaGetErrorName(cudaError_t error) {
    switch (error) {
        case cudaSuccess: return "cudaSuccess";
        case cudaErrorInvalidValue: return "cudaErrorInvalidValue";
        case cudaErrorMemoryAllocation: return "cudaErrorMemoryAllocation";
        case cudaErrorInvalidConfiguration: return "cudaErrorInvalidConfiguration";
        case cudaErrorIllegalAddress: return "cudaErrorIllegalAddress";
        case cudaErrorLaunchFailure: return "cudaErrorLaunchFailure";
        default: return "cudaError";
    }
}

const char *cudaGetErrorString(cudaError_t error) {
    return error == cudaErrorLaunchFailure ? emulator::failure().c_str() : "as the emulator was told";
}

cudaError_t cudaGetLastError() {
    if (runtime().sticky != cudaSuccess) return runtime().sticky;
    return std::exchange(runtime().last, cudaSuccess);
}

cudaError_t cudaGetDeviceCount(int *count) {
    *count = static_cast<int>(runtime().devices.size());
    return answer(*count > 0 ? cudaSuccess : cudaErrorNoDevice);
}

cudaError_t cudaGetDevice(int *device) {
    *device = runtime().device;
    return answer(cudaSuccess);
}

cudaError_t cudaSetDevice(int device) {
    if (device < 0 || static_cast<size_t>(device) >= runtime().devices.size()) return answer(cudaErrorInvalidDevice);
    runtime().device = device;
    return answer(cudaSuccess);
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device) {
    runtime().calls.attributes++;
    const emulator::Capability &capability = runtime().devices.at(static_cast<size_t>(device));
    *value = attribute == cudaDevAttrComputeCapabilityMajor   ? capability.major
             : attribute == cudaDevAttrComputeCapabilityMinor ? capability.minor
             : attribute == cudaDevAttrMaxSharedMemoryPerBlockOptin
                 ? static_cast<int>(emulator::most_shared(capability))
                 : emulator::kProcessors;
    return answer(cudaSuccess);
}

// As if there were code for every device.
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, const void *) {
    runtime().calls.attributes++;
    const emulator::Capability &device = runtime().devices[static_cast<size_t>(runtime().device)];
    attributes->ptxVersion = 10 * device.major + device.minor;
    return answer(cudaSuccess);
}

// malloc's own blocks, so that the sanitizer guards their ends; full of NaN like a shared memory.
cudaError_t cudaMalloc(void **memory, size_t bytes) {
    runtime().calls.allocations++;
    char *block = static_cast<char *>(std::malloc(bytes == 0 ? 1 : bytes));
    std::memset(block, 0xff, bytes);
    runtime().allocations[block] = bytes;
    ASAN_POISON_MEMORY_REGION(block, bytes);
    *memory = block;
    return answer(cudaSuccess);
}

cudaError_t cudaFree(void *memory) {
    runtime().calls.frees++;
    const auto found = runtime().allocations.find(static_cast<char *>(memory));
    if (found == runtime().allocations.end()) return answer(memory == nullptr ? cudaSuccess : cudaErrorInvalidValue);
    ASAN_UNPOISON_MEMORY_REGION(found->first, found->second);
    std::free(found->first);
    runtime().allocations.erase(found);
    return answer(cudaSuccess);
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind) {
    runtime().calls.copies++;
    const emulator::Access access;
    std::memcpy(to, from, bytes);
    return answer(cudaSuccess);
}

cudaError_t cudaMemsetAsync(void *memory, int value, size_t bytes, cudaStream_t) {
    runtime().calls.memsets++;
    const emulator::Access access;
    std::memset(memory, value, bytes);
    return answer(cudaSuccess);
}

cudaError_t cudaFuncSetAttribute(const void *kernel, cudaFuncAttribute, int bytes) {
    runtime().calls.attributes++;
    const emulator::Capability &device = runtime().devices[static_cast<size_t>(runtime().device)];
    if (bytes < 0 || static_cast<size_t>(bytes) > emulator::most_shared(device)) return answer(cudaErrorInvalidValue);
    runtime().shared_bytes[kernel] = static_cast<size_t>(bytes);
    return answer(cudaSuccess);
}

cudaError_t cudaStreamCreate(cudaStream_t *stream) {
    *stream = reinterpret_cast<cudaStream_t>(uintptr_t{16});
    return answer(cudaSuccess);
}

cudaError_t cudaStreamDestroy(cudaStream_t) { return answer(cudaSuccess); }

cudaError_t cudaStreamSynchronize(cudaStream_t) {
    runtime().calls.synchronisations++;
    return answer(cudaSuccess);
}
