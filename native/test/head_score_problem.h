// Random problems for gm_head_score, and how far a fast path may be from the reference on them.
#pragma once

#include <limits>

#include "softmax_bounds.h"

using check::Array;
using check::at;

namespace {

struct Features {
    Features(check::Random &random, int64_t samples, int64_t inputs, int64_t classes, int32_t dtype, bool biased,
             int64_t padding = 0)
        : B(samples), I(inputs), C(classes), features(dtype, {B, I}, padding), labels(GM_I64, {B}),
          weight(GM_F32, {C, I}, padding), bias(GM_F32, {C}), direction(GM_F32, {C, I}, 2 * padding) {
        features.normal(random);
        labels.integers(random, C);
        weight.normal(random, 2 / std::sqrt(static_cast<double>(std::max<int64_t>(I, 1))));
        bias.normal(random);
        direction.normal(random, 0.1);
        for (int64_t c = 0; c < C; c++) {
            for (int64_t d = 0; d < I; d++) norm_squared += direction.at(c, d) * direction.at(c, d);
        }
        args.features = features.get();
        args.labels = labels.get();
        args.weight = weight.get();
        if (biased) args.bias = bias.get();
        args.direction = direction.get();
        args.direction_norm_squared = &norm_squared;
    }
    Features(const Features &) = delete;

    int64_t B, I, C;
    Array features, labels, weight, bias, direction;
    double norm_squared = 0;
    gm_head_score_args args = {};
};

struct Outputs {
    Outputs(int64_t B, int32_t dtype) : loss(dtype, {B}), score(dtype, {B}), norm(dtype, {B}) {}
    void attach(gm_head_score_args &args) {
        args.loss = loss.get();
        args.score = score.get();
        args.gradient_norm = norm.get();
        args.non_finite = &non_finite;
    }
    Array loss, score, norm;
    int64_t non_finite = -1;
};

// `lanes` share a product's terms.
void compare(const Features &head, const Outputs &fast, const Outputs &exact, double lanes) {
    const double u = check::unit_roundoff(GM_F32);
    CHECK(fast.non_finite == exact.non_finite);
    for (int64_t i = 0; i < head.B; i++) {
        // A product of I terms is off by at most (I/lanes + 4) u sum |w h|.
        const double terms = (static_cast<double>(head.I) / lanes + 4) * u;
        double product = 0, largest = 0, projection = 0, feature_norm = 0;
        for (int64_t d = 0; d < head.I; d++) feature_norm += head.features.at(i, d) * head.features.at(i, d);
        for (int64_t c = 0; c < head.C; c++) {
            double z = head.args.bias.data ? std::fabs(head.bias.at(c)) : 0, v = 0;
            for (int64_t d = 0; d < head.I; d++) {
                z += std::fabs(head.weight.at(c, d) * head.features.at(i, d));
                v += std::fabs(head.direction.at(c, d) * head.features.at(i, d));
            }
            product = std::max(product, z);
            projection = std::max(projection, v);
            largest = std::max(largest, z);
        }
        const double relative = 2 * terms * product + check::softmax_relative(largest, 2 * largest, true, head.C);
        const double loss = exact.loss.at(i), norm = exact.norm.at(i), m = exact.score.at(i);
        CHECK_CLOSE(fast.loss.at(i), loss, check::loss_bound(loss, relative), at("loss", i));
        CHECK_CLOSE(fast.norm.at(i), norm, (2 * relative + terms) * norm + 1e-37, at("gradient_norm", i));
        // |score| |V| <= sum |delta_c| 2 max|u|, and sum |delta_c| = 2 (1 - p_y).
        const double others = 1 - std::exp(-loss);
        CHECK_CLOSE(fast.score.at(i), m,
                    (2 * relative + 2 * terms) * 4 * others * projection / std::sqrt(head.norm_squared) +
                        4 * u * std::fabs(m) + 1e-37,
                    at("score", i));
    }
}

}  // namespace
