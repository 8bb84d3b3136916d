// A contrastive loss along a row or a column of logits, from sums over the logits other than the pair's own: the same
// for the CPU's loop and for a GPU's thread.
#pragma once

#include "numerics/weights.h"

namespace gm {

// Twice the loss along a row or a column, and its derivative.
struct ContrastiveHalf {
    double loss, moved;
};

// Softmax: max over the others' z, sum e^(z - max), sum e^(z - max) dz. Sigmoid: sum f, sum df.
GM_BOTH ContrastiveHalf contrastive_half(int32_t kind, double own, double own_moved, double max, double sum,
                                         double moved) {
    if (kind == GM_CONTRASTIVE_SIGMOID) {
        const double e = exp(-fabs(own));
        return {sum + fmax(-own, 0.0) + log1p(e), moved - (own > 0 ? e : 1) / (1 + e) * own_moved};
    }
    if (sum == 0) return {0 * own, 0 * own_moved};  // a batch of one, or others that are infinitely far
    // log(1 + sum e^(max - own)), relative to the larger of the two.
    const double above = fmax(0.0, max - own), others = sum * exp(max - own - above), mine = exp(-above);
    const double share = exp(max - own - above) / (mine + others);
    return {above > 0 ? log(mine + others) + above : log1p(others), share * (moved - sum * own_moved)};
}

}  // namespace gm
