// What f32 rounding may cost a softmax cross-entropy row: bounds for the fast paths against the
// double-precision reference on the same inputs.
#pragma once

#include "arrays.h"

namespace check {

// One sample by the reference's definitions, and how far off each number may be.
struct RowBounds {
    double relative = 0;  // of every delta_c, of |delta|, and of the probability of the others
    double loss = 0;
    std::vector<double> score;
    double norm = 0;
};

// Relative error of exp(z_c - M) and of all that is made of such terms: z = logit + bias rounds by
// u |z|, z - M by u |z - M| (beyond 110 the term itself is nothing), the sums over C classes by u times
// the terms one lane adds up, the rest (exponential, logarithm, divisions) by 20 u.
inline double softmax_relative(double largest, double spread, bool biased, int64_t C) {
    const double u = unit_roundoff(GM_F32);
    return u * ((biased ? 4 * largest : 0) + 2 * std::min(spread, 110.0) + 20 + static_cast<double>(C) / 4);
}

// Loss ln(1 + x): x is off by that relative error, so the loss by it times x/(1+x) <= min(1, loss).
inline double loss_bound(double loss, double relative) {
    return relative * std::min(1.0, loss) + 8 * unit_roundoff(GM_F32) * loss + 1e-37;
}

inline std::string at(const char *what, int64_t i, int64_t j = -1) {
    return std::string(what) + " " + std::to_string(i) + (j < 0 ? "" : ", " + std::to_string(j));
}

}  // namespace check
