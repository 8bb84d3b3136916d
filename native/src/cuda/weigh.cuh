// Scores to weights, for gm_mimic_weights and the end of gm_head_step: what a sample is judged by, its weight once the
// batch's summary is known (summary.cuh), and a whole batch by one block.
#pragma once

#include "cuda/elements.cuh"
#include "cuda/summary.cuh"
#include "numerics/weights.h"

namespace gm::cuda {

// Vectors that the kind does not need may be NULL.
struct Statistics {
    int64_t count;
    const float *score;  // m_i; for rho the difference of losses
    int64_t score_stride;
    const float *gradient_norm;
    int64_t gradient_norm_stride;
    const double *direction_norm_squared;
    const uint8_t *usable;  // NULL: all; 0: weight 0 whatever the statistic
    const float *loss;      // NULL: nobody asks for the mean loss
};

struct Sample {
    int64_t i;
    float score, norm, loss;
    double x;  // the statistic; NaN where the sample takes no part
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

__device__ __forceinline__ Sample sample_at(const gm_weighting &weighting, const Statistics &s, int64_t i) {
    Sample sample = {i, s.score == nullptr ? 0 : s.score[i * s.score_stride],
                     s.gradient_norm == nullptr ? 0 : s.gradient_norm[i * s.gradient_norm_stride],
                     s.loss == nullptr ? 0 : s.loss[i], 0};
    const bool usable = s.usable == nullptr || s.usable[i] != 0;
    const double x = statistic(weighting, sample.score, sample.norm);
    sample.x = usable && is_finite(x) ? x : nan("");
    return sample;
}

// body(sample) for this thread's samples of [first, end) in their order. The loads of kTogether are under way at once.
template <int kThreads, class Body>
__device__ __forceinline__ void for_each_sample(const gm_weighting &weighting, const Statistics &s, int64_t first,
                                                int64_t end, Body &&body) {
    constexpr int kTogether = 4;
    for (int64_t from = first + threadIdx.x; from < end; from += kTogether * kThreads) {
        Sample samples[kTogether];
#pragma unroll
        for (int n = 0; n < kTogether; n++) samples[n] = sample_at(weighting, s, smaller(from + n * kThreads, end - 1));
#pragma unroll
        for (int n = 0; n < kTogether; n++) {
            if (from + n * kThreads < end) body(samples[n]);
        }
    }
}

template <int kThreads>
__device__ __forceinline__ Summary summary_of(const gm_weighting &weighting, const Statistics &s, WeighShared &shared) {
    Summary mine;
    for_each_sample<kThreads>(weighting, s, 0, s.count, [&](const Sample &sample) {
        if (is_finite(sample.x)) add(mine, sample.x, 1, sample.loss, 1, sample.x > 0);
    });
    return over_block<kThreads>(mine, shared);
}

// The weight of `opt` without a penalty: <n_i, D>/|n_i|^2.
__device__ __forceinline__ double free_weight(double score, double norm, double distance) {
    return norm == 0 || distance == 0 ? 0 : score * distance / (norm * norm);
}

// Every sample's weight, of a batch whose summary is known. For kinds that are not searched for.
class Weights {
public:
    __device__ __forceinline__ Weights(const gm_weighting &weighting, const Statistics &s, const Summary &all)
        : kind_(weighting.kind), top_(all.max), all_equal_(weighting.kind == GM_UNIFORM || all.positive == 0) {
        const int64_t sharers = all_equal_ ? all.finite : all.positive;
        share_ = kind_ == GM_UNIFORM || kind_ == GM_AGRA ? 1 / static_cast<double>(sharers) : 1 / all.sum;
        mean_loss_ = all.loss * share_;
        distance_ = kind_ == GM_OPT ? sqrt(*s.direction_norm_squared) : 0;
    }

    __device__ __forceinline__ double of(const Sample &sample) const {
        if (!is_finite(sample.x)) return 0;
        switch (kind_) {
            case GM_UNIFORM: return share_;
            case GM_PROJ:
            case GM_COS: return sample.x;
            case GM_OPT: return free_weight(sample.score, sample.norm, distance_);
            case GM_AGRA: return all_equal_ || sample.x > 0 ? share_ : 0;
            default: return exp_nonpositive(sample.x - top_) * share_;
        }
    }

    // sum_j w_j l_j of a softmax kind.
    __device__ __forceinline__ double mean_loss() const { return mean_loss_; }

private:
    int32_t kind_;
    double top_, share_, mean_loss_, distance_;
    bool all_equal_;
};

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
            const Sample sample = at(i);
            if (free(sample) != 0) pull += static_cast<double>(sample.score) * sample.score;
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

    __device__ double of(const Sample &sample) const { return root(sample, mu_); }

private:
    __device__ Sample at(int64_t i) const { return sample_at(weighting_, s_, i); }

    __device__ double free(const Sample &sample) const {
        return is_finite(sample.x) ? free_weight(sample.score, sample.norm, distance_) : 0;
    }

    __device__ double root(const Sample &sample, double mu) const {
        return free(sample) == 0 ? 0 : optimal_weight(sample.score, sample.norm, distance_, mu);
    }

    __device__ double norm(double mu) const {
        double sum = 0;
        for (int64_t i = threadIdx.x; i < s_.count; i += kThreads) {
            const double w = root(at(i), mu);
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
__host__ __device__ __forceinline__ bool is_searched(const gm_weighting &weighting) {
    return weighting.kind == GM_OPT && weighting.lambda > 0;
}

// put(i, w) for every sample, on some thread; returns how many take no part. If none does all weights are 0. A batch is some
// ten thousand numbers at most: one block reads them out of the cache twice rather than that several wait for each other.
template <int kThreads, class Put>
__device__ __forceinline__ int64_t weigh(const gm_weighting &weighting, const Statistics &s, WeighShared &shared,
                                         Put &&put) {
    const Summary all = summary_of<kThreads>(weighting, s, shared);
    const auto each = [&](auto &&weight) {
        for_each_sample<kThreads>(weighting, s, 0, s.count,
                                  [&](const Sample &sample) { put(sample.i, weight(sample)); });
    };
    if (is_searched(weighting)) {
        OptimalWeights<kThreads> optimal(weighting, s, shared);
        const bool found = optimal.solve();
        each([&](const Sample &sample) { return found ? optimal.of(sample) : 0.0; });
    } else {
        const Weights weights(weighting, s, all);
        each([&](const Sample &sample) { return weights.of(sample); });
    }
    return s.count - all.finite;
}

}  // namespace gm::cuda
