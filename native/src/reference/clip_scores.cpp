// The contrastive losses and their derivative, by their definitions.
#include <cmath>
#include <limits>
#include <vector>

#include "base/array.h"
#include "base/element.h"
#include "reference/reference.h"

namespace gm::reference {
namespace {

// f/|f| [B,E], and what it changes by as f moves along its tangent.
struct Directions {
    std::vector<double> value, tangent;
    Directions(const gm_array &features, const gm_array &along) {
        for (int64_t i = 0; i < features.shape[0]; i++) {
            const int64_t E = features.shape[1];
            double norm = 0, inner = 0;
            for (int64_t e = 0; e < E; e++) norm += get(features, i, e) * get(features, i, e);
            norm = std::sqrt(norm);
            for (int64_t e = 0; e < E; e++) {
                value.push_back(get(features, i, e) / norm);
                if (present(along)) inner += value.back() * get(along, i, e);
            }
            for (int64_t e = 0; e < E; e++) {
                const double moved = present(along) ? get(along, i, e) : 0;
                tangent.push_back((moved - value[static_cast<size_t>(i * E + e)] * inner) / norm);
            }
        }
    }
};

// log(1 + e^x)
double softplus(double x) { return std::fmax(x, 0) + std::log1p(std::exp(-std::fabs(x))); }
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

void clip_scores(const gm_clip_scores_args &args) {
    const int64_t B = args.image.shape[0], E = args.image.shape[1];
    const Directions image(args.image, args.image_tangent), text(args.text, args.text_tangent);
    const double scale = args.logit_terms[0], bias = args.logit_terms[1], scale_moved = args.logit_terms[2],
                 bias_moved = args.logit_terms[3];
    std::vector<double> z(static_cast<size_t>(B * B)), dz(z.size());
    for (int64_t i = 0; i < B; i++) {
        for (int64_t j = 0; j < B; j++) {
            double cosine = 0, change = 0;
            for (int64_t e = 0; e < E; e++) {
                const size_t x = static_cast<size_t>(i * E + e), y = static_cast<size_t>(j * E + e);
                cosine += image.value[x] * text.value[y];
                change += image.tangent[x] * text.value[y] + image.value[x] * text.tangent[y];
            }
            z[static_cast<size_t>(i * B + j)] = scale * cosine + bias;
            dz[static_cast<size_t>(i * B + j)] = scale_moved * cosine + scale * change + bias_moved;
        }
    }
    const double norm = args.direction_norm_squared ? std::sqrt(*args.direction_norm_squared) : 1;
    int64_t non_finite = 0;
    for (int64_t i = 0; i < B; i++) {
        double loss = 0, derivative = 0;
        // Along the row, then along the column.
        for (int turn = 0; turn < 2; turn++) {
            const auto at = [&](int64_t j) { return static_cast<size_t>(turn == 0 ? i * B + j : j * B + i); };
            if (args.loss_kind == GM_CONTRASTIVE_SIGMOID) {
                for (int64_t j = 0; j < B; j++) {
                    const double sign = j == i ? -1 : 1;
                    loss += softplus(sign * z[at(j)]) / 2;
                    derivative += sigmoid(sign * z[at(j)]) * sign * dz[at(j)] / 2;
                }
                continue;
            }
            // Relative to the pair's own z, so that small losses keep their digits.
            double others = 0, moved = 0, largest = 0;
            for (int64_t j = 0; j < B; j++) largest = std::fmax(largest, z[at(j)] - z[at(i)]);
            for (int64_t j = 0; j < B; j++) {
                if (j == i) continue;
                const double e = std::exp(z[at(j)] - z[at(i)] - largest);
                others += e;
                moved += e * (dz[at(j)] - dz[at(i)]);
            }
            const double own = std::exp(-largest);
            loss += (largest > 0 ? std::log(own + others) + largest : std::log1p(others)) / 2;
            derivative += moved / (own + others) / 2;
        }
        double score = norm == 0 ? 0 : -derivative / norm;
        if (!std::isfinite(loss) || !std::isfinite(derivative)) {
            non_finite++;
            score = std::numeric_limits<double>::quiet_NaN();
        }
        if (present(args.loss)) set(args.loss, loss, i);
        if (present(args.score)) set(args.score, score, i);
    }
    if (args.non_finite) *args.non_finite = non_finite;
}

}  // namespace gm::reference
