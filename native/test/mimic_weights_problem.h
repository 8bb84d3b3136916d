// Random problems for gm_mimic_weights.
#pragma once

#include <limits>

#include "arrays.h"

using check::Array;

namespace {

const double kNaN = std::numeric_limits<double>::quiet_NaN();
const double kInfinity = std::numeric_limits<double>::infinity();

struct Scores {
    Scores(check::Random &random, int64_t count, gm_weighting weighting)
        : B(count), score(GM_F32, {B}), norm(GM_F32, {B}), weight(GM_F32, {B}) {
        // |m_i| <= |g_i|, as for any true gradient.
        std::uniform_real_distribution<double> length(0.1, 3), cosine(-1, 1);
        for (int64_t i = 0; i < B; i++) {
            norm.set(length(random), i);
            score.set(0.999 * norm.at(i) * cosine(random), i);
        }
        args.score = score.get();
        args.gradient_norm = norm.get();
        args.direction_norm_squared = &norm_squared;
        args.weighting = weighting;
        args.weight = weight.get();
        args.non_finite = &non_finite;
    }
    Scores(const Scores &) = delete;

    int64_t B;
    Array score, norm, weight;
    double norm_squared = 1.7;
    int64_t non_finite = -1;
    gm_mimic_weights_args args = {};
};

}  // namespace
