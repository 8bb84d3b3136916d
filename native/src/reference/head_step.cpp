#include <cmath>
#include <limits>

#include "base/element.h"
#include "reference/cross_entropy.h"
#include "reference/reference.h"
#include "reference/weights.h"

namespace gm::reference {
namespace {

const double kNaN = std::numeric_limits<double>::quiet_NaN();

double combine(const std::vector<double> &scores, int32_t rule) {
    if (rule >= 0) return scores[rule];
    double sum = 0, min = std::numeric_limits<double>::infinity();
    for (double m : scores) {
        sum += m;
        min = m < min || std::isnan(m) ? m : min;
    }
    return rule == GM_COMBINE_MEAN ? sum / static_cast<double>(scores.size()) : min;
}

}  // namespace

void head_step(const gm_head_step_args &args) {
    const int64_t B = args.logits.shape[0], C = args.logits.shape[1];
    const bool subtract = args.reference_logits.data != nullptr;
    const gm_array &u = subtract ? args.reference_logits : args.projected;
    const int64_t K = u.data ? (u.rank == 3 ? u.shape[1] : 1) : 0;

    Statistics s;
    s.usable.assign(B, true);
    if (K > 0) s.direction_norm = std::sqrt(args.direction_norm_squared[args.combine >= 0 ? args.combine : 0]);
    std::vector<std::vector<double>> deltas(B, std::vector<double>(C));
    std::vector<double> losses(B);

    for (int64_t i = 0; i < B; i++) {
        std::vector<double> z(C);
        for (int64_t c = 0; c < C; c++) z[c] = get(args.logits, i, c) + (args.bias.data ? get(args.bias, c) : 0);
        std::vector<double> &delta = deltas[i];
        losses[i] = cross_entropy(z, get_label(args.labels, i), delta);

        double norm_squared = 0;
        for (double d : delta) norm_squared += d * d;
        if (args.feature_norm_squared.data) {
            s.gradient_norm.push_back(std::sqrt(norm_squared * get(args.feature_norm_squared, i)));
            if (args.gradient_norm.data) set(args.gradient_norm, s.gradient_norm[i], i);
        }
        bool finite = std::isfinite(losses[i]);
        std::vector<double> scores(K);
        for (int64_t k = 0; k < K; k++) {
            double dot = 0;
            for (int64_t c = 0; c < C; c++) {
                double projected = u.rank == 3 ? get(u, i, k, c) : get(u, i, c);
                if (subtract) projected -= get(args.logits, i, c);
                dot += delta[c] * projected;
            }
            const double norm = std::sqrt(args.direction_norm_squared[k]);
            scores[k] = norm == 0 && std::isfinite(dot) ? 0 : -dot / norm;
            if (!std::isfinite(scores[k])) {
                scores[k] = kNaN;
                finite = false;
            }
            if (args.score.data) {
                if (args.score.rank == 2) set(args.score, scores[k], i, k);
                else set(args.score, scores[k], i);
            }
        }
        s.usable[i] = finite;
        if (args.weighting.kind == GM_RHO) s.score.push_back(losses[i] - get(args.reference_loss, i));
        else if (K > 0) s.score.push_back(combine(scores, args.combine));
        if (args.loss.data) set(args.loss, losses[i], i);
    }

    const std::vector<double> w = weights(args.weighting, s, args.non_finite);
    double mean_loss = 0;
    for (int64_t i = 0; i < B; i++) mean_loss += w[i] == 0 ? 0 : w[i] * losses[i];

    std::vector<double> sum(C, 0.0), weighted_sum(C, 0.0);
    for (int64_t i = 0; i < B; i++) {
        const bool attached = args.weighting.kind == GM_RHO && args.weighting.rho_attached;
        const double scale = w[i] == 0 ? 0 : w[i] * (attached ? 1 + losses[i] - mean_loss : 1);
        for (int64_t c = 0; c < C; c++) {
            const double d = s.usable[i] ? deltas[i][c] : 0;
            if (args.delta.data) set(args.delta, d, i, c);
            if (args.weighted_delta.data) set(args.weighted_delta, scale * d, i, c);
            sum[c] += d;
            weighted_sum[c] += scale * d;
        }
        if (args.weight.data) set(args.weight, w[i], i);
    }
    for (int64_t c = 0; c < C; c++) {
        if (args.mean_delta.data) set(args.mean_delta, B == 0 ? 0 : sum[c] / static_cast<double>(B), c);
        if (args.weighted_delta_sum.data) set(args.weighted_delta_sum, weighted_sum[c], c);
    }
}

}  // namespace gm::reference
