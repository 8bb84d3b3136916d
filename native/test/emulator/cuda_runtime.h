// CUDA for g++, as far as native/src/cuda uses it: the files there compile unchanged with this folder in
// front of the toolkit's, and run on the CPU. Device memory is host memory, a stream is a number, and a
// launch runs the grid before it returns: emulator.h says how.
//
// What is not declared here cannot be used by a kernel or a launcher. In particular there is no static
// __shared__: shared memory is what block.cuh's shared() gives, so that every block finds it refilled.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <tuple>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(bytes) __attribute__((aligned(bytes)))

struct uint3 {
    unsigned x, y, z;
};
struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};
struct alignas(8) uint2 {
    unsigned x, y;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};

extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;

// ---- the runtime -------------------------------------------------------------------------------

enum cudaError_t {
    cudaSuccess = 0,
    cudaErrorInvalidValue = 1,
    cudaErrorMemoryAllocation = 2,
    cudaErrorInvalidConfiguration = 9,
    cudaErrorInsufficientDriver = 35,
    cudaErrorNoDevice = 100,
    cudaErrorInvalidDevice = 101,
    cudaErrorNoKernelImageForDevice = 209,
    cudaErrorECCUncorrectable = 214,
    cudaErrorIllegalAddress = 700,
    cudaErrorLaunchOutOfResources = 701,
    cudaErrorLaunchTimeout = 702,
    cudaErrorAssert = 710,
    cudaErrorHardwareStackError = 714,
    cudaErrorIllegalInstruction = 715,
    cudaErrorMisalignedAddress = 716,
    cudaErrorInvalidAddressSpace = 717,
    cudaErrorInvalidPc = 718,
    cudaErrorLaunchFailure = 719,
    cudaErrorSystemDriverMismatch = 803,
};
enum cudaDeviceAttr {
    cudaDevAttrMultiProcessorCount = 16,
    cudaDevAttrComputeCapabilityMajor = 75,
    cudaDevAttrComputeCapabilityMinor = 76,
    cudaDevAttrMaxSharedMemoryPerBlockOptin = 97
};
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2 };
typedef struct EmulatedStream *cudaStream_t;

#define CUDART_VERSION 13000

enum cudaLaunchAttributeID { cudaLaunchAttributeProgrammaticStreamSerialization = 6 };
union cudaLaunchAttributeValue {
    int programmaticStreamSerializationAllowed;
};
struct cudaLaunchAttribute {
    cudaLaunchAttributeID id;
    cudaLaunchAttributeValue val;
};
struct cudaFuncAttributes {
    int ptxVersion;
};
struct cudaLaunchConfig_t {
    dim3 gridDim, blockDim;
    size_t dynamicSmemBytes;
    cudaStream_t stream;
    cudaLaunchAttribute *attrs;
    unsigned numAttrs;
};

const char *cudaGetErrorName(cudaError_t error);
const char *cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError();
cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaGetDevice(int *device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device);
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, const void *kernel);
cudaError_t cudaFuncSetAttribute(const void *kernel, cudaFuncAttribute attribute, int value);
cudaError_t cudaMalloc(void **memory, size_t bytes);
cudaError_t cudaFree(void *memory);
cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind);
cudaError_t cudaMemsetAsync(void *memory, int value, size_t bytes, cudaStream_t stream);
cudaError_t cudaStreamCreate(cudaStream_t *stream);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);

namespace emulator {
cudaError_t launch(const cudaLaunchConfig_t &config, const std::function<void()> &thread, const void *kernel);
// What launch() does once it may; `behind` another grid, which threads wait for before they touch device memory.
cudaError_t run_grid(const cudaLaunchConfig_t &config, const std::function<void()> &thread, bool behind);
void *shared_memory(size_t bytes);
void wait_for_grid_before();
void barrier(const char *file, int line);
// The values that all lanes of this warp brought along.
const uint64_t *exchange(unsigned mask, uint64_t value, const char *name, const char *file, int line);
unsigned lane();
// See mma_emulated.h.
void copy_later(void *to, const void *from, int bytes);
void commit_copies();
void wait_for_copies(int pending);
void count_multiplication();
unsigned shared_address(const void *memory);
void *shared_pointer(unsigned address);  // the other way round
[[noreturn]] void trap();
}  // namespace emulator

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t *config, void (*kernel)(Parameters...),
                               Arguments &&...arguments) {
    const std::tuple<Parameters...> values(std::forward<Arguments>(arguments)...);
    return emulator::launch(
        *config, [&] { std::apply(kernel, values); }, reinterpret_cast<const void *>(kernel));
}

template <class... Parameters>
cudaError_t cudaFuncSetAttribute(void (*kernel)(Parameters...), cudaFuncAttribute attribute, int value) {
    return cudaFuncSetAttribute(reinterpret_cast<const void *>(kernel), attribute, value);
}

// ---- the device's side -------------------------------------------------------------------------

#define GM_EMULATED_SITE const char *file = __builtin_FILE(), int line = __builtin_LINE()

inline void __syncthreads(GM_EMULATED_SITE) { emulator::barrier(file, line); }
inline void __syncwarp(unsigned mask = 0xffffffffu, GM_EMULATED_SITE) {
    emulator::exchange(mask, 0, "__syncwarp", file, line);
}
inline void __threadfence() {}
[[noreturn]] inline void __trap() { emulator::trap(); }

namespace emulator {
template <class T>
T shuffle(unsigned mask, T value, unsigned source, const char *name, const char *file, int line) {
    static_assert(sizeof(T) <= sizeof(uint64_t), "a lane passes on at most 8 bytes");
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof value);
    bits = exchange(mask, bits, name, file, line)[source];
    std::memcpy(&value, &bits, sizeof value);
    return value;
}
}  // namespace emulator

template <class T>
T __shfl_xor_sync(unsigned mask, T value, int distance, int width = 32, GM_EMULATED_SITE) {
    const unsigned lane = emulator::lane(), other = lane ^ static_cast<unsigned>(distance),
                   w = static_cast<unsigned>(width);
    return emulator::shuffle(mask, value, other / w > lane / w ? lane : other, "__shfl_xor_sync", file, line);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned distance, int width = 32, GM_EMULATED_SITE) {
    const unsigned lane = emulator::lane(), other = lane + distance, w = static_cast<unsigned>(width);
    return emulator::shuffle(mask, value, other / w > lane / w ? lane : other, "__shfl_down_sync", file, line);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned distance, int width = 32, GM_EMULATED_SITE) {
    const unsigned lane = emulator::lane(), w = static_cast<unsigned>(width);
    return emulator::shuffle(mask, value, lane % w < distance ? lane : lane - distance, "__shfl_up_sync", file, line);
}
template <class T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, GM_EMULATED_SITE) {
    const unsigned lane = emulator::lane(), w = static_cast<unsigned>(width);
    return emulator::shuffle(mask, value, lane / w * w + static_cast<unsigned>(source) % w, "__shfl_sync", file, line);
}
inline unsigned __ballot_sync(unsigned mask, int holds, GM_EMULATED_SITE) {
    const uint64_t *all = emulator::exchange(mask, holds != 0, "__ballot_sync", file, line);
    unsigned bits = 0;
    for (unsigned n = 0; n < 32; n++) bits |= static_cast<unsigned>(all[n]) << n;
    return bits;
}
inline int __any_sync(unsigned mask, int holds, GM_EMULATED_SITE) {
    return __ballot_sync(mask, holds, file, line) != 0;
}
inline float __uint_as_float(unsigned bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}
inline unsigned __float_as_uint(float value) {
    unsigned bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}
inline int __popc(unsigned bits) { return __builtin_popcount(bits); }

template <class T>
T atomicAdd(T *at, T value) {
    static_assert(std::is_integral<T>::value,
                  "an order of additions that changes from run to run changes a float's bits");
    const T before = *at;
    *at = before + value;
    return before;
}
