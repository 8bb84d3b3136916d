// What kernels are written against: a block's shared memory and sums over its threads, in an order that
// depends on the block's size alone.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace gm::cuda {

constexpr int kWarp = 32;
constexpr unsigned kAllLanes = 0xffffffffu;

// What a block may have of shared memory. Code for sm_80 runs on 8.6 and 8.9 too and PTX on 12.x, which allow the least; code
// for sm_90a runs on 9.0 alone.
constexpr size_t kMostShared = 101376, kMostSharedOfHopper = 232448;

// The block's dynamic shared memory; the launch gives sizeof(Shared) bytes of it. It begins on 1024 bytes, for wgmma.cuh.
template <class Shared, size_t kMost = kMostShared>
__device__ __forceinline__ Shared &shared() {
    static_assert(sizeof(Shared) <= kMost, "more shared memory than every device of the architecture gives a block");
#if defined(__CUDACC__)
    extern __shared__ __align__(1024) unsigned char bytes[];
    return *reinterpret_cast<Shared *>(bytes);
#else
    return *static_cast<Shared *>(emulator::shared_memory(sizeof(Shared)));
#endif
}

// Of a grid that launch_behind() (launch.h) has launched: waits until the grid before it has ended and what that wrote is
// there. Every thread does it first of all.
__device__ __forceinline__ void wait_for_grid_before() {
#if !defined(__CUDACC__)
    emulator::wait_for_grid_before();
#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// The blocks of a grid that launch_behind() launches behind this one may begin once all of this one's have said so.
__device__ __forceinline__ void let_next_grid_begin() {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

// Blocks are one row of threads, a multiple of kWarp.
__device__ __forceinline__ int lane() { return static_cast<int>(threadIdx.x) % kWarp; }
__device__ __forceinline__ int warp() { return static_cast<int>(threadIdx.x) / kWarp; }

// Every lane gets the combination of all lanes' values; kLanes of them are a group of their own.
template <int kLanes = kWarp, class T>
__device__ __forceinline__ T sum_over_lanes(T x) {
    for (int distance = kLanes / 2; distance > 0; distance /= 2) x += __shfl_xor_sync(kAllLanes, x, distance);
    return x;
}

template <int kLanes = kWarp, class T>
__device__ __forceinline__ T max_over_lanes(T x) {
    for (int distance = kLanes / 2; distance > 0; distance /= 2) {
        const T other = __shfl_xor_sync(kAllLanes, x, distance);
        x = other > x ? other : x;
    }
    return x;
}

// The same over a block of kThreads. `scratch` [kThreads / kWarp] is free again once every thread has
// returned and passed another barrier; it may be used for the next one at once.
template <int kThreads, class T>
__device__ __forceinline__ T sum_over_block(T x, T *scratch) {
    x = sum_over_lanes(x);
    __syncthreads();
    if (lane() == 0) scratch[warp()] = x;
    __syncthreads();
    T sum = scratch[0];
    for (int n = 1; n < kThreads / kWarp; n++) sum += scratch[n];
    return sum;
}

template <int kThreads, class T>
__device__ __forceinline__ T max_over_block(T x, T *scratch) {
    x = max_over_lanes(x);
    __syncthreads();
    if (lane() == 0) scratch[warp()] = x;
    __syncthreads();
    T max = scratch[0];
    for (int n = 1; n < kThreads / kWarp; n++) max = scratch[n] > max ? scratch[n] : max;
    return max;
}

}  // namespace gm::cuda
