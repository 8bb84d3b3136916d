// Random problems for gm_head_step, and how far a fast path may be from the reference on them.
#pragma once

#include <limits>
#include <memory>
#include <numeric>

#include "softmax_bounds.h"

using check::Array;
using check::at;

namespace {

const double kInfinity = std::numeric_limits<double>::infinity();
const double kNaN = std::numeric_limits<double>::quiet_NaN();

// Inputs of a head and every output, for the fast path (f32 and any delta dtype) or the reference (f64).
struct Outputs {
    Outputs(int64_t B, int64_t C, int64_t K, bool exact, int32_t delta_dtype, int32_t weighted_dtype,
            int64_t padding = 0)
        : loss(exact ? GM_F64 : GM_F32, {B}), score(exact ? GM_F64 : GM_F32, {B, K}, K > 0 ? padding : 0),
          norm(exact ? GM_F64 : GM_F32, {B}), weight(exact ? GM_F64 : GM_F32, {B}),
          delta(exact ? GM_F64 : delta_dtype, {B, C}, padding),
          weighted(exact ? GM_F64 : weighted_dtype, {B, C}, padding), mean(exact ? GM_F64 : GM_F32, {C}),
          sum(exact ? GM_F64 : GM_F32, {C}) {}
    void attach(gm_head_step_args &args) {
        args.loss = loss.get();
        if (args.projected.data || args.reference_logits.data) args.score = score.get();
        if (args.feature_norm_squared.data) args.gradient_norm = norm.get();
        args.weight = weight.get();
        args.delta = delta.get();
        args.weighted_delta = weighted.get();
        args.mean_delta = mean.get();
        args.weighted_delta_sum = sum.get();
        args.non_finite = &non_finite;
    }
    Array loss, score, norm, weight, delta, weighted, mean, sum;
    int64_t non_finite = -1;
};

struct Head {
    Head(check::Random &random, int64_t samples, int64_t classes, int64_t references, int32_t logits_dtype,
         int32_t u_dtype, bool biased, bool subtract, int64_t padding = 0, double spread = 3)
        : B(samples), C(classes), K(references), logits(logits_dtype, {B, C}, padding), bias(GM_F32, {C}),
          labels(GM_I64, {B}), u(subtract ? GM_F32 : u_dtype, {B, K, C}, padding), feature_norm_squared(GM_F32, {B}),
          reference_loss(GM_F32, {B}), direction_norm_squared(static_cast<size_t>(K)) {
        logits.normal(random, spread);
        bias.normal(random);
        labels.integers(random, C);
        u.normal(random);
        feature_norm_squared.fill([&] { return std::uniform_real_distribution<double>(0.5, 9)(random); });
        reference_loss.fill([&] { return std::uniform_real_distribution<double>(0, 3)(random); });
        for (double &v : direction_norm_squared) v = std::uniform_real_distribution<double>(0.2, 4)(random);
        args.logits = logits.get();
        args.labels = labels.get();
        if (biased) args.bias = bias.get();
        if (subtract) args.reference_logits = u.get();
        else args.projected = u.get();
        args.direction_norm_squared = direction_norm_squared.data();
        args.feature_norm_squared = feature_norm_squared.get();
        args.reference_loss = reference_loss.get();
        args.weighting = {GM_NORMED_PROJ, 0, 1.0, 0.0};
    }
    Head(const Head &) = delete;

    double z(int64_t i, int64_t c) const { return logits.at(i, c) + (args.bias.data ? bias.at(c) : 0); }
    double u_at(int64_t i, int64_t k, int64_t c) const {
        return u.at(i, k, c) - (args.reference_logits.data ? logits.at(i, c) : 0);
    }

    // How far a fast path may be off for sample i, given the exact results.
    check::RowBounds bounds(int64_t i, const Outputs &exact) const {
        double largest = 0, high = -kInfinity, low = kInfinity;
        for (int64_t c = 0; c < C; c++) {
            largest = std::max(largest, std::fabs(z(i, c)));
            high = std::max(high, z(i, c));
            low = std::min(low, z(i, c));
        }
        check::RowBounds b;
        b.relative = check::softmax_relative(largest, high - low, args.bias.data != nullptr, C);
        b.loss = check::loss_bound(exact.loss.at(i), b.relative);
        b.norm = 2 * b.relative * exact.norm.at(i) + 1e-37;
        for (int64_t k = 0; k < K; k++) {
            // sum |delta_c| (|u_c| + |u_y| + 2 |u_0|): u_y is subtracted first, or both are taken from u_0
            double magnitude = 0;
            const double pivot = 2 * std::fabs(u_at(i, k, 0));
            const double own = std::fabs(u_at(i, k, labels.get().data ? static_cast<int64_t>(labels.at(i)) : 0));
            for (int64_t c = 0; c < C; c++)
                magnitude += std::fabs(exact.delta.at(i, c)) * (std::fabs(u_at(i, k, c)) + own + pivot);
            b.score.push_back(2 * b.relative * magnitude / std::sqrt(direction_norm_squared[static_cast<size_t>(k)]) +
                              1e-37);
        }
        return b;
    }

    int64_t B, C, K;
    Array logits, bias, labels, u, feature_norm_squared, reference_loss;
    std::vector<double> direction_norm_squared;
    gm_head_step_args args = {};
};

// Rounding to a dtype: relative to the number, or to the spacing of its smallest numbers.
double rounding(int32_t dtype, double value) {
    return check::unit_roundoff(dtype) * std::fabs(value) + (dtype == GM_F16 ? 0x1p-25 : 1e-37);
}

// How far w_i may be off when the statistics are: first-order, doubled.
double weight_bound(const Head &head, const Outputs &exact, int64_t i, const std::vector<check::RowBounds> &rows,
                    double worst) {
    const gm_weighting &w = head.args.weighting;
    const size_t at_i = static_cast<size_t>(i);
    const double value = std::fabs(exact.weight.at(i)), relative = rows[at_i].relative,
                 u = check::unit_roundoff(GM_F32);
    double score = 0;  // of the combined score
    for (double s : rows[at_i].score) score = std::max(score, s);
    switch (w.kind) {
        case GM_UNIFORM:
        case GM_AGRA: return 2 * u * value;
        case GM_PROJ: return 2 * score + 4 * u * value;
        case GM_COS: return 2 * (score / exact.norm.at(i) + 2 * relative * value) + 4 * u * value;
        case GM_OPT:
            return 4 * (score * std::sqrt(head.direction_norm_squared[0]) / std::pow(exact.norm.at(i), 2) +
                        4 * relative * value) +
                   4 * u * value;
        default: return 4 * worst * value + 8 * u * value + 1e-37;  // softmax: every statistic moves every weight
    }
}

// The largest error of a softmax's exponents.
double worst_statistic(const Head &head, const Outputs &exact, const std::vector<check::RowBounds> &rows) {
    const gm_weighting &w = head.args.weighting;
    double worst = 0;
    for (int64_t i = 0; i < head.B; i++) {
        const check::RowBounds &row = rows[static_cast<size_t>(i)];
        double score = 0;
        for (size_t k = 0; k < row.score.size(); k++)
            score = std::max(score, row.score[k] + 4 * check::unit_roundoff(GM_F32) *
                                                       std::fabs(exact.score.at(i, static_cast<int64_t>(k))));
        double error = score / w.temperature;
        if (w.kind == GM_RHO) error = row.loss + 2 * check::unit_roundoff(GM_F32) * (exact.loss.at(i) + 3);
        if (w.kind == GM_GRAND) error = row.norm + 2 * check::unit_roundoff(GM_F32) * exact.norm.at(i);
        if (w.kind == GM_NORMED_COS) error = (score / exact.norm.at(i) + 4 * row.relative) / w.temperature;
        worst = std::max(worst, error);
    }
    return worst;
}

[[maybe_unused]] void compare(const Head &head, const Outputs &fast, const Outputs &exact) {
    const int64_t B = head.B, C = head.C;
    std::vector<check::RowBounds> rows;
    for (int64_t i = 0; i < B; i++) rows.push_back(head.bounds(i, exact));
    const double worst = worst_statistic(head, exact, rows), u = check::unit_roundoff(GM_F32);
    const int32_t delta_dtype = fast.delta.get().dtype, weighted_dtype = fast.weighted.get().dtype;
    // The sums are taken from whichever output is finer.
    const int32_t source = delta_dtype == GM_F32 || weighted_dtype == GM_F32 ? GM_F32 : delta_dtype;
    std::vector<double> sum(static_cast<size_t>(C)), weighted_sum(sum), sum_bound(sum), weighted_bound(sum);
    double mean_loss = 0, mean_loss_bound = 0;
    const bool attached = head.args.weighting.kind == GM_RHO && head.args.weighting.rho_attached;
    for (int64_t i = 0; i < B; i++) {
        const double loss = exact.loss.at(i), w = exact.weight.at(i), bound = weight_bound(head, exact, i, rows, worst);
        mean_loss += w * loss;
        mean_loss_bound += bound * loss + w * (rows[static_cast<size_t>(i)].loss + u * loss);
    }
    CHECK(fast.non_finite == exact.non_finite);
    for (int64_t i = 0; i < B; i++) {
        const check::RowBounds &row = rows[static_cast<size_t>(i)];
        CHECK_CLOSE(fast.loss.at(i), exact.loss.at(i), row.loss + u * exact.loss.at(i), at("loss", i));
        CHECK_CLOSE(fast.norm.at(i), exact.norm.at(i), row.norm + 2 * u * exact.norm.at(i), at("gradient_norm", i));
        for (int64_t k = 0; k < head.K; k++) {
            const double m = exact.score.at(i, k);
            CHECK_CLOSE(fast.score.at(i, k), m, row.score[static_cast<size_t>(k)] + 4 * u * std::fabs(m),
                        at("score", i, k));
        }
        const double w = exact.weight.at(i), w_bound = weight_bound(head, exact, i, rows, worst);
        CHECK_CLOSE(fast.weight.at(i), w, w_bound, at("weight", i));
        const double factor = attached ? 1 + exact.loss.at(i) - mean_loss : 1, scale = w * factor;
        const double scale_bound = w_bound * std::fabs(factor) +
                                   (attached ? w * (row.loss + mean_loss_bound + 4 * u * exact.loss.at(i)) : 0) +
                                   u * std::fabs(scale);
        for (int64_t c = 0; c < C; c++) {
            const double d = exact.delta.at(i, c), d_bound = 2 * row.relative * std::fabs(d) + 1e-37;
            CHECK_CLOSE(fast.delta.at(i, c), d, d_bound + rounding(delta_dtype, std::fabs(d) + d_bound),
                        at("delta", i, c));
            const double from = d_bound + rounding(source, d);  // what step 3 reads may be off by
            const double wd_bound =
                scale_bound * std::fabs(d) + (std::fabs(scale) + scale_bound) * from + 2 * u * std::fabs(scale * d);
            // A 16 bit weighted_delta beside no finer delta is rounded twice: `from` has the first.
            CHECK_CLOSE(fast.weighted.at(i, c), scale * d,
                        wd_bound + rounding(weighted_dtype, std::fabs(scale * d) + wd_bound),
                        at("weighted_delta", i, c));
            const size_t j = static_cast<size_t>(c);
            sum[j] += d;
            weighted_sum[j] += scale * d;
            sum_bound[j] +=
                from + 600 * u * std::fabs(d);  // at most 256 rows and 64 slices and their sums one after another
            weighted_bound[j] += wd_bound + 600 * u * std::fabs(scale * d);
        }
    }
    for (int64_t c = 0; c < C; c++) {
        const double n = std::max<double>(static_cast<double>(B), 1);
        const size_t j = static_cast<size_t>(c);
        CHECK_CLOSE(fast.mean.at(c), exact.mean.at(c), (sum_bound[j] + 2 * u * std::fabs(sum[j])) / n,
                    at("mean_delta", c));
        CHECK_CLOSE(fast.sum.at(c), exact.sum.at(c), weighted_bound[j] + 2 * u * std::fabs(weighted_sum[j]),
                    at("weighted_delta_sum", c));
    }
}

const std::initializer_list<int64_t> kDtypes = {GM_F32, GM_F16, GM_BF16};

[[maybe_unused]] int32_t any_dtype(check::Random &random) {
    return static_cast<int32_t>(check::any_of(random, kDtypes));
}

[[maybe_unused]] void run_both(Head &head, Outputs &fast, Outputs &exact) {
    exact.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_step, &check::reference_queue(), head.args));
    fast.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_step, nullptr, head.args));
}

}  // namespace
