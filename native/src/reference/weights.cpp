#include "reference/weights.h"

#include <cmath>
#include <limits>

#include "base/failure.h"

namespace gm::reference {
namespace {

// What must be finite for sample i to take part.
double statistic(const gm_weighting &weighting, const Statistics &s, size_t i) {
    switch (weighting.kind) {
        case GM_UNIFORM: return 0;
        case GM_PROJ:
        case GM_AGRA: return s.score[i];
        case GM_COS: return cosine(s.score[i], s.gradient_norm[i]);
        case GM_OPT: return s.score[i] + s.gradient_norm[i];
        default: return exponent(weighting, s, i);
    }
}

// argmin over w of sum_i |w_i n_i - D| + lambda |w|. With r = |w| fixed every w_i solves its own
// equation d/dw |w n_i - D| + (lambda/r) w = 0, whose left side rises in w; |w|/r falls in r. Both
// roots by plain bisection.
std::vector<double> optimal(double lambda, const Statistics &s, const std::vector<bool> &finite) {
    const size_t n = finite.size();
    const double distance = s.direction_norm;
    auto slope = [&](size_t i, double w) {
        const double p = s.gradient_norm[i], q = s.score[i] * distance;  // |n|, <n,D>
        const double length = std::sqrt(std::fmax(0.0, w * w * p * p - 2 * w * q + distance * distance));
        return length == 0 ? 0 : (w * p * p - q) / length;
    };
    auto root = [&](size_t i, double mu) {
        if (!finite[i] || s.gradient_norm[i] == 0 || distance == 0) return 0.0;
        const double free = s.score[i] * distance / (s.gradient_norm[i] * s.gradient_norm[i]);
        double low = 0, high = 1;  // w_i = free * share
        for (int step = 0; step < 100; step++) {
            const double middle = 0.5 * (low + high);
            const double value = (slope(i, free * middle) + mu * free * middle) * (free < 0 ? -1 : 1);
            (value < 0 ? low : high) = middle;
        }
        return free * 0.5 * (low + high);
    };
    auto solve = [&](double mu) {
        std::vector<double> w(n);
        for (size_t i = 0; i < n; i++) w[i] = root(i, mu);
        return w;
    };
    auto length = [&](const std::vector<double> &w) {
        double sum = 0;
        for (double x : w) sum += x * x;
        return std::sqrt(sum);
    };
    std::vector<double> w(n, 0.0);
    if (lambda == 0) {
        for (size_t i = 0; i < n; i++) {
            const double p = s.gradient_norm[i];
            if (finite[i] && p != 0) w[i] = s.score[i] * distance / (p * p);
        }
        return w;
    }
    double pull = 0;  // |gradient at w = 0|: lambda at least as large keeps w at 0
    for (size_t i = 0; i < n; i++) pull += finite[i] && distance != 0 ? s.score[i] * s.score[i] : 0;
    if (std::sqrt(pull) <= lambda) return w;
    double low = 0, high = length(solve(0));
    for (int step = 0; step < 200; step++) {
        const double middle = 0.5 * (low + high);
        (length(solve(lambda / middle)) > middle ? low : high) = middle;
    }
    return solve(lambda / (0.5 * (low + high)));
}

}  // namespace

double cosine(double score, double norm) {
    if (!std::isfinite(score) || !std::isfinite(norm)) return std::numeric_limits<double>::quiet_NaN();
    return norm == 0 ? 0 : score / norm;
}

double exponent(const gm_weighting &weighting, const Statistics &s, size_t i) {
    switch (weighting.kind) {
        case GM_NORMED_PROJ: return s.score[i] / weighting.temperature;
        case GM_NORMED_COS: return cosine(s.score[i], s.gradient_norm[i]) / weighting.temperature;
        case GM_GRAND: return s.gradient_norm[i];
        default: return s.score[i];  // rho
    }
}

std::vector<double> weights(const gm_weighting &weighting, Statistics &s, int64_t *non_finite) {
    const size_t n = s.usable.size();
    std::vector<bool> &finite = s.usable;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        finite[i] = finite[i] && std::isfinite(statistic(weighting, s, i));
        count += finite[i];
    }
    if (non_finite) *non_finite = static_cast<int64_t>(n - count);
    std::vector<double> w(n, 0.0);
    if (n == 0) return w;
    if (count == 0) fail(GM_NON_FINITE, "none of the %zu samples has a finite score", n);
    switch (weighting.kind) {
        case GM_UNIFORM:
            for (size_t i = 0; i < n; i++) w[i] = finite[i] ? 1.0 / static_cast<double>(count) : 0;
            break;
        case GM_PROJ:
        case GM_COS:
            for (size_t i = 0; i < n; i++) w[i] = finite[i] ? statistic(weighting, s, i) : 0;
            break;
        case GM_OPT: return optimal(weighting.lambda, s, finite);
        case GM_AGRA: {
            size_t positive = 0;
            for (size_t i = 0; i < n; i++) positive += finite[i] && s.score[i] > 0;
            for (size_t i = 0; i < n; i++) {
                if (finite[i] && (positive == 0 || s.score[i] > 0))
                    w[i] = 1.0 / static_cast<double>(positive == 0 ? count : positive);
            }
            break;
        }
        default: {
            double max = -std::numeric_limits<double>::infinity(), sum = 0;
            for (size_t i = 0; i < n; i++) {
                if (finite[i]) max = std::fmax(max, exponent(weighting, s, i));
            }
            for (size_t i = 0; i < n; i++) {
                if (finite[i]) sum += w[i] = std::exp(exponent(weighting, s, i) - max);
            }
            for (double &x : w) x /= sum;
        }
    }
    return w;
}

}  // namespace gm::reference
