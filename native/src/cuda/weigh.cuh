// Scores to weights by one block, for gm_mimic_weights and the end of gm_head_step.
//
// A batch's weights need every sample's statistic before the first of them is known, and a batch is some
// ten thousand numbers at most: one block reads them out of the cache two or three times (256 KB at
// B = 65,536) rather than that several blocks wait for each other. Sums are in double and in
// an order that depends on the block's size alone. Exponentials are in float, of what double left over: double's
// own would take longer than everything else.
#pragma once

#include "cuda/cross_entropy.cuh"
#include "cuda/elements.cuh"
#include "numerics/weights.h"

namespace gm::cuda {

constexpr double kNoMaximum = -1e308;  // below every finite statistic

struct WeighShared {
    double doubles[kWarp];  // one for each warp
    int64_t counts[kWarp];
};

// Vectors that the kind does not need may be NULL.
struct Statistics {
    int64_t count;
    const float *score;          // m_i; for rho the difference of losses
    int64_t score_stride;
    const float *gradient_norm;
    int64_t gradient_norm_stride;
    const double *direction_norm_squared;
    const uint8_t *usable;       // NULL: all; 0: weight 0 whatever the statistic
};

// The number a sample is judged by: what must be finite, and what the softmax kinds exponentiate.
__device__ __forceinline__ double statistic(const gm_weighting &weighting, double score, double norm) {
    switch (weighting.kind) {
        case GM_UNIFORM: return 0;
        case GM_COS: return cosine(score, norm);
        case GM_NORMED_PROJ: return score / weighting.temperature;
        case GM_NORMED_COS: return cosine(score, norm) / weighting.temperature;
        case GM_OPT: return score + norm;
        case GM_GRAND: return norm;
        default: return score;  // proj, agra, rho
    }
}

// NaN where the sample takes no part.
__device__ __forceinline__ double statistic(const gm_weighting &weighting, const Statistics &s, int64_t i) {
    const double score = s.score == nullptr ? 0 : s.score[i * s.score_stride];
    const double norm = s.gradient_norm == nullptr ? 0 : s.gradient_norm[i * s.gradient_norm_stride];
    const double x = statistic(weighting, score, norm);
    return is_finite(x) && (s.usable == nullptr || s.usable[i] != 0) ? x : nan("");
}

// body(i, x) for this thread's samples in their order, x as above. The loads of
// kBatch samples are under way together: one after the other, each would wait for the second-level cache alone.
template <int kThreads, class Body>
__device__ __forceinline__ void for_each_sample(const gm_weighting &weighting, const Statistics &s, Body &&body) {
    constexpr int kBatch = 4;
    for (int64_t from = threadIdx.x; from < s.count; from += kBatch * kThreads) {
        float score[kBatch] = {}, norm[kBatch] = {};
        bool usable[kBatch];
#pragma unroll
        for (int n = 0; n < kBatch; n++) {
            const int64_t i = from + n * kThreads;
            usable[n] = i < s.count && (s.usable == nullptr || s.usable[i] != 0);
            if (i < s.count && s.score != nullptr) score[n] = s.score[i * s.score_stride];
            if (i < s.count && s.gradient_norm != nullptr) norm[n] = s.gradient_norm[i * s.gradient_norm_stride];
        }
#pragma unroll
        for (int n = 0; n < kBatch; n++) {
            const int64_t i = from + n * kThreads;
            const double x = statistic(weighting, score[n], norm[n]);
            if (i < s.count) body(i, is_finite(x) && usable[n] ? x : nan(""));
        }
    }
}

// e^x for x <= 0 to float's accuracy.
__device__ __forceinline__ double exp_nonpositive(double x) {
    if (x < -800) return 0;
    const double n = rint(x * 1.4426950408889634);
    return ldexp(static_cast<double>(expf(static_cast<float>(x - n * 0.6931471805599453))), static_cast<int>(n));
}

struct MaxAndCount {
    double max;      // kNoMaximum: no sample takes part
    int64_t finite;  // samples that do
};

template <int kThreads>
__device__ __forceinline__ MaxAndCount max_statistic(const gm_weighting &weighting, const Statistics &s, WeighShared &shared) {
    double max = kNoMaximum;
    int64_t finite = 0;
    for_each_sample<kThreads>(weighting, s, [&](int64_t, double x) {
        finite += is_finite(x);
        max = x > max ? x : max;
    });
    max = max_over_block<kThreads>(max, shared.doubles);
    return {max, sum_over_block<kThreads>(finite, shared.counts)};
}

template <int kThreads>
__device__ __forceinline__ double sum_of_exponentials(const gm_weighting &weighting, const Statistics &s, double max, WeighShared &shared) {
    double sum = 0;
    for_each_sample<kThreads>(weighting, s, [&](int64_t, double x) {
        if (is_finite(x)) sum += exp_nonpositive(x - max);
    });
    return sum_over_block<kThreads>(sum, shared.doubles);
}

// The weight of `opt` without a penalty: <n_i, D>/|n_i|^2.
__device__ __forceinline__ double free_weight(double score, double norm, double distance) {
    return norm == 0 || distance == 0 ? 0 : score * distance / (norm * norm);
}

// The weights of `opt` with a penalty: mu = lambda/|w| by bisection on its logarithm, every trial one sweep of
// the block over the batch. cpu/weights.cpp explains.
template <int kThreads>
class OptimalWeights {
public:
    __device__ OptimalWeights(const gm_weighting &weighting, const Statistics &s, WeighShared &shared)
        : weighting_(weighting), s_(s), shared_(shared), distance_(sqrt(*s.direction_norm_squared)) {}

    // False: all weights are 0.
    __device__ bool solve() {
        const double lambda = weighting_.lambda;
        double pull = 0;
        for (int64_t i = threadIdx.x; i < s_.count; i += kThreads) {
            if (free(i) != 0) pull += score(i) * score(i);
        }
        if (sqrt(sum_over_block<kThreads>(pull, shared_.doubles)) <= lambda) return false;
        double low = log(lambda / norm(0)), high = low + 1;
        while (norm(exp(high)) * exp(high) < lambda) high += high - low;
        for (int step = 0; step < 60 && high - low > 1e-14; step++) {
            const double middle = 0.5 * (low + high), mu = exp(middle);
            (norm(mu) * mu < lambda ? low : high) = middle;
        }
        mu_ = exp(0.5 * (low + high));
        return true;
    }

    __device__ double weight(int64_t i) const { return root(i, mu_); }

private:
    __device__ double score(int64_t i) const { return s_.score[i * s_.score_stride]; }
    __device__ double gradient_norm(int64_t i) const { return s_.gradient_norm[i * s_.gradient_norm_stride]; }

    __device__ double free(int64_t i) const {
        return is_finite(statistic(weighting_, s_, i)) ? free_weight(score(i), gradient_norm(i), distance_) : 0;
    }

    __device__ double root(int64_t i, double mu) const {
        return free(i) == 0 ? 0 : optimal_weight(score(i), gradient_norm(i), distance_, mu);
    }

    __device__ double norm(double mu) const {
        double sum = 0;
        for (int64_t i = threadIdx.x; i < s_.count; i += kThreads) {
            const double w = root(i, mu);
            sum += w * w;
        }
        return sqrt(sum_over_block<kThreads>(sum, shared_.doubles));
    }

    const gm_weighting &weighting_;
    const Statistics &s_;
    WeighShared &shared_;
    double distance_, mu_ = 0;
};

// Whether a kind asks for trials over the whole batch, which only a block with nothing else to do takes on.
__host__ __device__ __forceinline__ bool is_searched(const gm_weighting &weighting) { return weighting.kind == GM_OPT && weighting.lambda > 0; }

// put(i, w) for every sample, on some thread; returns how many take no part. If none does all weights are 0.
// Kinds that are searched for need kSearch; their code costs registers.
template <int kThreads, bool kSearch, class Put>
__device__ __forceinline__ int64_t weigh(const gm_weighting &weighting, const Statistics &s, WeighShared &shared, Put &&put) {
    const MaxAndCount all = max_statistic<kThreads>(weighting, s, shared);
    const auto each = [&](auto &&weight) {
        for_each_sample<kThreads>(weighting, s, [&](int64_t i, double x) { put(i, is_finite(x) ? weight(i, x) : 0.0); });
    };
    switch (weighting.kind) {
        case GM_UNIFORM: {
            const double share = 1 / static_cast<double>(all.finite);
            each([&](int64_t, double) { return share; });
            break;
        }
        case GM_PROJ:
        case GM_COS: each([&](int64_t, double x) { return x; }); break;
        case GM_OPT: {
            if constexpr (kSearch) {
                if (is_searched(weighting)) {
                    OptimalWeights<kThreads> optimal(weighting, s, shared);
                    const bool found = optimal.solve();
                    each([&](int64_t i, double) { return found ? optimal.weight(i) : 0; });
                    break;
                }
            }
            const double distance = sqrt(*s.direction_norm_squared);
            each([&](int64_t i, double) { return free_weight(s.score[i * s.score_stride], s.gradient_norm[i * s.gradient_norm_stride], distance); });
            break;
        }
        case GM_AGRA: {
            int64_t mine = 0;
            for_each_sample<kThreads>(weighting, s, [&](int64_t, double x) { mine += x > 0; });
            const int64_t positive = sum_over_block<kThreads>(mine, shared.counts);
            const double share = 1 / static_cast<double>(positive == 0 ? all.finite : positive);
            each([&](int64_t, double x) { return positive == 0 || x > 0 ? share : 0.0; });
            break;
        }
        default: {
            const double share = 1 / sum_of_exponentials<kThreads>(weighting, s, all.max, shared);
            each([&](int64_t, double x) { return exp_nonpositive(x - all.max) * share; });
        }
    }
    return s.count - all.finite;
}

}  // namespace gm::cuda
