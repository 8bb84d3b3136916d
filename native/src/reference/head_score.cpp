#include <cmath>
#include <limits>

#include "base/element.h"
#include "reference/cross_entropy.h"
#include "reference/reference.h"

namespace gm::reference {
namespace {

const double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace

void head_score(const gm_head_score_args &args) {
    const int64_t B = args.features.shape[0], I = args.features.shape[1], C = args.weight.shape[0];
    const double norm = std::sqrt(*args.direction_norm_squared);
    int64_t non_finite = 0;
    std::vector<double> z(C), u(C), delta(C);
    for (int64_t i = 0; i < B; i++) {
        double feature_norm = 0;
        for (int64_t d = 0; d < I; d++) feature_norm += get(args.features, i, d) * get(args.features, i, d);
        for (int64_t c = 0; c < C; c++) {
            z[c] = args.bias.data ? get(args.bias, c) : 0;
            u[c] = 0;
            for (int64_t d = 0; d < I; d++) {
                z[c] += get(args.weight, c, d) * get(args.features, i, d);
                u[c] += get(args.direction, c, d) * get(args.features, i, d);
            }
        }
        const double loss = cross_entropy(z, get_label(args.labels, i), delta);
        double dot = 0, delta_norm = 0;
        for (int64_t c = 0; c < C; c++) {
            dot += delta[c] * u[c];
            delta_norm += delta[c] * delta[c];
        }
        double score = norm == 0 && std::isfinite(dot) ? 0 : -dot / norm;
        if (!std::isfinite(score)) score = kNaN;
        if (!std::isfinite(score) || !std::isfinite(loss)) non_finite++;
        if (args.loss.data) set(args.loss, loss, i);
        if (args.score.data) set(args.score, score, i);
        if (args.gradient_norm.data) set(args.gradient_norm, std::sqrt(delta_norm * feature_norm), i);
    }
    if (args.non_finite) *args.non_finite = non_finite;
}

}  // namespace gm::reference
