// What kernels are written against: a block's shared memory and sums over its threads, in an order that
// depends on the block's size alone.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace gm::cuda {

constexpr int kWarp = 32;
constexpr unsigned kAllLanes = 0xffffffffu;

// The block's dynamic shared memory; the launch gives sizeof(Shared) bytes of it. It begins on 1024 bytes, for wgmma.cuh.
template <class Shared>
__device__ __forceinline__ Shared &shared() {
#if defined(__CUDACC__)
    extern __shared__ __align__(1024) unsigned char bytes[];
    return *reinterpret_cast<Shared *>(bytes);
#else
    return *static_cast<Shared *>(emulator::shared_memory(sizeof(Shared)));
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
