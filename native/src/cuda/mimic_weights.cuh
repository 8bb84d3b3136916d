// gm_mimic_weights and its two halves. 4 to 12 bytes a sample, a few passes of one block: weigh.cuh.
#pragma once

#include "cuda/weigh.cuh"

namespace gm::cuda::mimic_weights {

constexpr int kThreads = 512;
constexpr int kApplyThreads = 256;

struct Parameters {
    gm_weighting weighting;
    Statistics statistics;
    gm_array weight;
    int64_t *non_finite;
};

__global__ void __launch_bounds__(kThreads, 1) weigh_batch(const __grid_constant__ Parameters p) {
    const int64_t non_finite = weigh<kThreads>(p.weighting, p.statistics, shared<WeighShared>(),
                                               [&](int64_t i, double w) { put(p.weight, i, w); });
    if (threadIdx.x == 0 && p.non_finite != nullptr) *p.non_finite = non_finite;
}

__global__ void __launch_bounds__(kThreads) reduce(const __grid_constant__ Parameters p, double *max_and_sum) {
    const Summary all = summary_of<kThreads>(p.weighting, p.statistics, shared<WeighShared>());
    if (threadIdx.x != 0) return;
    max_and_sum[0] = all.finite == 0 ? log(0.0) : all.max;
    max_and_sum[1] = all.sum;
    if (p.non_finite != nullptr) *p.non_finite = p.statistics.count - all.finite;
}

__global__ void __launch_bounds__(kApplyThreads)
    apply(const __grid_constant__ Parameters p, const double *max_and_sum) {
    const int64_t i = int64_t{blockIdx.x} * kApplyThreads + threadIdx.x;
    if (i >= p.statistics.count) return;
    const double x = sample_at(p.weighting, p.statistics, i).x;
    put(p.weight, i, is_finite(x) ? exp_nonpositive(x - max_and_sum[0]) / max_and_sum[1] : 0);
}

}  // namespace gm::cuda::mimic_weights
