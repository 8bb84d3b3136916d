// Sums in two stages: a block adds its own threads' floats, and one more grid adds what the blocks found.
#pragma once

#include "cuda/block.cuh"

namespace gm::cuda {

// The sum over a block, in thread 0: lanes as floats, warps as doubles. `scratch` [kThreads / kWarp] must not
// be in use.
template <int kThreads>
__device__ __forceinline__ double sum_over_warps(float x, float *scratch) {
    x = sum_over_lanes(x);
    if (lane() == 0) scratch[warp()] = x;
    __syncthreads();
    double sum = 0;
    for (int n = 0; threadIdx.x == 0 && n < kThreads / kWarp; n++) sum += scratch[n];
    return sum;
}

constexpr int kPartialThreads = 128;

struct PartialShared {
    double sums[kPartialThreads / kWarp];
};

// The sum of `count` numbers by a block of kPartialThreads, in every thread.
__device__ __forceinline__ double sum_partials(const double *partial, int64_t count) {
    double sum = 0;
    for (int64_t n = threadIdx.x; n < count; n += kPartialThreads) sum += partial[n];
    return sum_over_block<kPartialThreads>(sum, shared<PartialShared>().sums);
}

}  // namespace gm::cuda
