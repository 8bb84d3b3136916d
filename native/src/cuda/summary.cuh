// What a batch's statistics come to, in pieces: enough for every kind's weights but those that are searched for.
//
// A softmax needs every sample's statistic before the first weight is known. Each piece (a thread's samples, a block's
// rows) keeps its own maximum and its sum of exponentials below it, and two of them make one: so the rows are passed over
// once, by the blocks that compute them, and whoever weighs reads one summary a block instead of every sample.
// Sums are in double, in an order that depends on sizes alone. Exponentials are in float, of what double left over:
// double's own would take longer than everything else.
#pragma once

#include "cuda/cross_entropy.cuh"

namespace gm::cuda {

constexpr double kNoMaximum = -1e308;  // below every finite statistic

struct WeighShared {
    double doubles[kWarp];  // one for each warp
    int64_t counts[kWarp];
};

// e^x for x <= 0 to float's accuracy.
__device__ __forceinline__ double exp_nonpositive(double x) {
    if (x < -800) return 0;
    const double n = rint(x * 1.4426950408889634);
    return ldexp(static_cast<double>(expf(static_cast<float>(x - n * 0.6931471805599453))), static_cast<int>(n));
}

struct Summary {
    double max = kNoMaximum;  // kNoMaximum: no sample takes part
    double sum = 0;           // of e^(x - max) over those that do
    double loss = 0;          // the same, each times its loss: for weights that know their mean loss
    int64_t finite = 0;       // samples that take part
    int64_t positive = 0;     // and are judged above 0
};

// Another summary comes to it; or a sample that takes part: its statistic, 1, its loss, 1, whether it is above 0.
__device__ __forceinline__ void add(Summary &all, double max, double sum, double loss, int64_t finite,
                                    int64_t positive) {
    const double difference = max - all.max, shrink = exp_nonpositive(-fabs(difference));
    const bool higher = difference > 0;
    all.sum = all.sum * (higher ? shrink : 1) + sum * (higher ? 1 : shrink);
    all.loss = all.loss * (higher ? shrink : 1) + loss * (higher ? 1 : shrink);
    all.max = higher ? max : all.max;
    all.finite += finite;
    all.positive += positive;
}

// Of all threads of a block, in each of them.
template <int kThreads>
__device__ __forceinline__ Summary over_block(const Summary &mine, WeighShared &shared) {
    Summary all;
    all.max = max_over_block<kThreads>(mine.max, shared.doubles);
    const double shrink = exp_nonpositive(mine.max - all.max);
    all.sum = sum_over_block<kThreads>(mine.sum * shrink, shared.doubles);
    all.loss = sum_over_block<kThreads>(mine.loss * shrink, shared.doubles);
    all.finite = sum_over_block<kThreads>(mine.finite, shared.counts);
    all.positive = sum_over_block<kThreads>(mine.positive, shared.counts);
    return all;
}

// Summaries of a grid's blocks, in its workspace. One is of kMostCounted samples at most.
struct Summaries {
    int64_t count;
    double *max, *sum;
    double *loss;      // NULL: nobody asks for it
    uint32_t *counts;  // finite, and positive in the upper half
};
constexpr int kMostCounted = 0xffff;

__device__ __forceinline__ void put(const Summaries &to, int64_t block, const Summary &summary) {
    to.max[block] = summary.max;
    to.sum[block] = summary.sum;
    if (to.loss != nullptr) to.loss[block] = summary.loss;
    to.counts[block] = static_cast<uint32_t>(summary.finite) | static_cast<uint32_t>(summary.positive) << 16;
}

// All of them in one, by a block of kThreads, in each of its threads. The loads of kTogether are under way at once: one
// after the other, each would wait for the second-level cache alone.
template <int kThreads, int kTogether = 8>
__device__ __forceinline__ Summary merge(const Summaries &from, WeighShared &shared) {
    Summary mine;
#pragma unroll 1
    for (int64_t first = threadIdx.x; first < from.count; first += kTogether * kThreads) {
        double max[kTogether], sum[kTogether], loss[kTogether];
        uint32_t counts[kTogether];
#pragma unroll
        for (int n = 0; n < kTogether; n++) {
            const int64_t block = first + n * kThreads;
            const bool there = block < from.count;
            max[n] = there ? from.max[block] : kNoMaximum;
            sum[n] = there ? from.sum[block] : 0;
            loss[n] = there && from.loss != nullptr ? from.loss[block] : 0;
            counts[n] = there ? from.counts[block] : 0;
        }
#pragma unroll
        for (int n = 0; n < kTogether; n++)
            add(mine, max[n], sum[n], loss[n], counts[n] & kMostCounted, counts[n] >> 16);
    }
    return over_block<kThreads>(mine, shared);
}

}  // namespace gm::cuda
