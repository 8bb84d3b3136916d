#include "cpu/weights.h"

#include <cmath>
#include <limits>

#include "numerics/weights.h"

namespace gm::cpu {
namespace {

double score(const Statistics &s, int64_t i) { return s.score[i * s.score_stride]; }
double gradient_norm(const Statistics &s, int64_t i) { return s.gradient_norm[i * s.gradient_norm_stride]; }

// body(i, statistic): the number a sample is judged by, what must be finite and what the softmax kinds
// exponentiate. The kind is looked at once, not for every sample.
template <class Body>
void for_statistics(const gm_weighting &weighting, const Statistics &s, Body &&body) {
    const auto each = [&](auto &&statistic) {
        for (int64_t i = 0; i < s.count; i++) body(i, statistic(i));
    };
    const double temperature = weighting.temperature;
    switch (weighting.kind) {
        case GM_UNIFORM: return each([](int64_t) { return 0.0; });
        case GM_COS: return each([&](int64_t i) { return cosine(score(s, i), gradient_norm(s, i)); });
        case GM_NORMED_PROJ: return each([&](int64_t i) { return score(s, i) / temperature; });
        case GM_NORMED_COS:
            return each([&](int64_t i) { return cosine(score(s, i), gradient_norm(s, i)) / temperature; });
        case GM_OPT: return each([&](int64_t i) { return score(s, i) + gradient_norm(s, i); });
        case GM_GRAND: return each([&](int64_t i) { return gradient_norm(s, i); });
        default: return each([&](int64_t i) { return score(s, i); });  // proj, agra, rho
    }
}

// argmin over w of sum_i |w_i n_i - D| + lambda |w|_2.
//
// One unknown, mu = lambda/|w|, couples the samples (numerics/weights.h): |w(mu)| mu = lambda. |w(mu)| mu
// rises from 0 to |m|_2 (the pull at w = 0), so there is one root if lambda is below that, and w = 0
// otherwise.
class OptimalWeights {
public:
    OptimalWeights(const Statistics &statistics, const uint8_t *kept, double *weight)
        : s_(statistics), kept_(kept), weight_(weight) {}

    void solve(double lambda) {
        double pull = 0;
        for (int64_t i = 0; i < s_.count; i++) {
            weight_[i] = free(i);
            if (weight_[i] != 0) pull += score(s_, i) * score(s_, i);
        }
        pull = std::sqrt(pull);
        if (lambda == 0) return;
        if (pull <= lambda) {
            for (int64_t i = 0; i < s_.count; i++) weight_[i] = 0;
            return;
        }
        // Bisection on log mu: |w| <= |w(0)| bounds mu from below.
        double low = std::log(lambda / norm(0)), high = low + 1;
        while (norm(std::exp(high)) * std::exp(high) < lambda) high += high - low;
        for (int step = 0; step < 60 && high - low > 1e-14; step++) {
            const double middle = 0.5 * (low + high), mu = std::exp(middle);
            (norm(mu) * mu < lambda ? low : high) = middle;
        }
        const double mu = std::exp(0.5 * (low + high));
        for (int64_t i = 0; i < s_.count; i++) weight_[i] = root(i, mu);
    }

private:
    // The weight without a penalty: <n_i, D>/|n_i|^2.
    double free(int64_t i) const {
        if (!kept_[i] || gradient_norm(s_, i) == 0 || s_.direction_norm == 0) return 0;
        return score(s_, i) * s_.direction_norm / (gradient_norm(s_, i) * gradient_norm(s_, i));
    }

    double norm(double mu) const {
        double sum = 0;
        for (int64_t i = 0; i < s_.count; i++) {
            const double w = root(i, mu);
            sum += w * w;
        }
        return std::sqrt(sum);
    }

    double root(int64_t i, double mu) const {
        return free(i) == 0 ? 0 : optimal_weight(score(s_, i), gradient_norm(s_, i), s_.direction_norm, mu);
    }

    const Statistics &s_;
    const uint8_t *kept_;
    double *weight_;
};

void weigh_agra(const Statistics &s, int64_t finite, const uint8_t *kept, double *weight) {
    int64_t positive = 0;
    for (int64_t i = 0; i < s.count; i++) positive += kept[i] && score(s, i) > 0;
    const double share = 1.0 / static_cast<double>(positive == 0 ? finite : positive);
    for (int64_t i = 0; i < s.count; i++) weight[i] = kept[i] && (positive == 0 || score(s, i) > 0) ? share : 0;
}

void softmax(int64_t count, const uint8_t *kept, double *weight) {
    double max = -std::numeric_limits<double>::infinity(), sum = 0;
    for (int64_t i = 0; i < count; i++) {
        if (kept[i] && weight[i] > max) max = weight[i];
    }
    for (int64_t i = 0; i < count; i++) {
        weight[i] = kept[i] ? std::exp(weight[i] - max) : 0;
        sum += weight[i];
    }
    const double share = 1 / sum;
    for (int64_t i = 0; i < count; i++) weight[i] *= share;
}

Statistics statistics_of(const gm_mimic_weights_args &args) {
    Statistics s;
    s.count = args.score.data != nullptr ? args.score.shape[0] : args.gradient_norm.shape[0];
    s.score = static_cast<const float *>(args.score.data);
    s.score_stride = args.score.stride[0];
    s.gradient_norm = static_cast<const float *>(args.gradient_norm.data);
    s.gradient_norm_stride = args.gradient_norm.stride[0];
    if (args.direction_norm_squared != nullptr) s.direction_norm = std::sqrt(*args.direction_norm_squared);
    return s;
}

void write(const gm_array &weight, int64_t i, double value) {
    static_cast<float *>(weight.data)[i * weight.stride[0]] = static_cast<float>(value);
}

}  // namespace

int64_t weigh(const gm_weighting &weighting, const Statistics &s, double *weight, uint8_t *kept) {
    int64_t finite = 0;
    for_statistics(weighting, s, [&](int64_t i, double statistic) {
        weight[i] = statistic;
        kept[i] = std::isfinite(statistic) && (s.usable == nullptr || s.usable[i]);
        finite += kept[i];
    });
    if (s.count == 0) return 0;
    if (finite == 0)
        fail(GM_NON_FINITE, "none of the %lld samples has a finite score", static_cast<long long>(s.count));
    switch (weighting.kind) {
        case GM_UNIFORM:
            for (int64_t i = 0; i < s.count; i++) weight[i] = kept[i] ? 1.0 / static_cast<double>(finite) : 0;
            break;
        case GM_PROJ:
        case GM_COS:
            for (int64_t i = 0; i < s.count; i++) weight[i] = kept[i] ? weight[i] : 0;
            break;
        case GM_OPT: OptimalWeights(s, kept, weight).solve(weighting.lambda); break;
        case GM_AGRA: weigh_agra(s, finite, kept, weight); break;
        default: softmax(s.count, kept, weight);
    }
    return s.count - finite;
}

namespace {

struct Scratch {
    Scratch(Arena &arena, int64_t count) : weight(arena.take<double>(count)), kept(arena.take<uint8_t>(count)) {}
    double *weight;
    uint8_t *kept;
};

}  // namespace

size_t mimic_weights_workspace(const gm_mimic_weights_args &args) {
    Arena arena;
    Scratch(arena, statistics_of(args).count);
    return arena.bytes_needed();
}

void mimic_weights(const gm_mimic_weights_args &args, Arena arena) {
    const Statistics s = statistics_of(args);
    const Scratch scratch(arena, s.count);
    const int64_t non_finite = weigh(args.weighting, s, scratch.weight, scratch.kept);
    for (int64_t i = 0; i < s.count; i++) write(args.weight, i, scratch.weight[i]);
    if (args.non_finite != nullptr) *args.non_finite = non_finite;
}

void mimic_weights_reduce(const gm_mimic_weights_args &args, double *max_and_sum) {
    const Statistics s = statistics_of(args);
    double max = -std::numeric_limits<double>::infinity(), sum = 0;
    int64_t non_finite = 0;
    for_statistics(args.weighting, s, [&](int64_t, double x) {
        if (!std::isfinite(x)) non_finite++;
        else if (x > max) max = x;
    });
    for_statistics(args.weighting, s, [&](int64_t, double x) {
        if (std::isfinite(x)) sum += std::exp(x - max);
    });
    max_and_sum[0] = max;
    max_and_sum[1] = sum;
    if (args.non_finite != nullptr) *args.non_finite = non_finite;
}

void mimic_weights_apply(const gm_mimic_weights_args &args, const double *max_and_sum) {
    for_statistics(args.weighting, statistics_of(args), [&](int64_t i, double x) {
        write(args.weight, i, std::isfinite(x) ? std::exp(x - max_and_sum[0]) / max_and_sum[1] : 0);
    });
}

}  // namespace gm::cpu
