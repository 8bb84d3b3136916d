#include <cmath>
#include <limits>

#include "base/element.h"
#include "reference/reference.h"
#include "reference/weights.h"

namespace gm::reference {
namespace {

Statistics read(const gm_mimic_weights_args &args) {
    Statistics s;
    const int64_t n = args.weight.shape[0];
    for (int64_t i = 0; i < n; i++) {
        if (args.score.data) s.score.push_back(get(args.score, i));
        if (args.gradient_norm.data) s.gradient_norm.push_back(get(args.gradient_norm, i));
    }
    s.usable.assign(n, true);
    if (args.direction_norm_squared) s.direction_norm = std::sqrt(*args.direction_norm_squared);
    return s;
}

}  // namespace

void mimic_weights(const gm_mimic_weights_args &args) {
    Statistics s = read(args);
    const std::vector<double> w = weights(args.weighting, s, args.non_finite);
    for (size_t i = 0; i < w.size(); i++) set(args.weight, w[i], i);
}

void mimic_weights_reduce(const gm_mimic_weights_args &args, double *max_and_sum) {
    const Statistics s = read(args);
    double max = -std::numeric_limits<double>::infinity(), sum = 0;
    int64_t left_out = 0;
    for (size_t i = 0; i < s.usable.size(); i++) {
        const double x = exponent(args.weighting, s, i);
        if (std::isfinite(x)) max = std::fmax(max, x);
        else left_out++;
    }
    for (size_t i = 0; i < s.usable.size(); i++) {
        const double x = exponent(args.weighting, s, i);
        if (std::isfinite(x)) sum += std::exp(x - max);
    }
    max_and_sum[0] = max;
    max_and_sum[1] = sum;
    if (args.non_finite) *args.non_finite = left_out;
}

void mimic_weights_apply(const gm_mimic_weights_args &args, const double *max_and_sum) {
    const Statistics s = read(args);
    for (size_t i = 0; i < s.usable.size(); i++) {
        const double x = exponent(args.weighting, s, i);
        set(args.weight, std::isfinite(x) ? std::exp(x - max_and_sum[0]) / max_and_sum[1] : 0, i);
    }
}

}  // namespace gm::reference
