// Softmax cross-entropy and its gradient from sums over the classes other than the label's own.
//
// With M = max over the others of z_c, and over the others only
//     e_c = exp(z_c - M),  others = sum e_c,  squares = sum e_c^2,  t = z_y - M,
// everything a head needs of a row follows:
//     delta_c = scale e_c,  delta_y = -scale others,  |delta| = scale sqrt(squares + others^2).
// Leaving the label out is what keeps confident samples accurate: others and squares are at least 1
// however small the probability of all others is, nothing underflows on the way, and delta_y is a
// product instead of p_y - 1.
#pragma once

#include "cpu/simd.h"

namespace gm::cpu::GM_ISA {

// Where M starts, in place of -infinity: z - M is then a number even for a row without other classes.
constexpr float kLowest = -3.402823466e38f;

// One row in every lane.
struct CrossEntropy {
    F loss;
    F scale;
    F norm;  // |delta|
};

// own = z_y, max = M. The loss is ln(1 + others e^-t), with both exponents kept non-positive:
// ln(others a + b) + max(-t, 0), a = e^-max(t, 0), b = e^-max(-t, 0). One of a and b is 1, so the sum
// is of two numbers whose rounding error is known, and a small loss keeps all its digits.
inline CrossEntropy cross_entropy(F own, F max, F others, F squares) {
    // An infinite own logit is a loss of 0 by the formula; it is not finite, and so the row is not.
    const F t = where_greater(own, set(-kLowest), set(__builtin_nanf("")), own - max);
    const F minus_t = zero() - t;
    const F above = gm::cpu::GM_ISA::max(zero(), t), below = gm::cpu::GM_ISA::max(zero(), minus_t);
    const F a = exp_nonpositive(zero() - above), b = exp_nonpositive(zero() - below);
    const F x = others * a, sum = x + b;
    const F part = sum - x;
    const F rounding = (x - (sum - part)) + (b - part);
    CrossEntropy row;
    row.loss = log_positive(sum) + rounding / sum + below;
    row.scale = a / sum;
    row.norm = row.scale * sqrt(fma(others, others, squares));
    return row;
}

}  // namespace gm::cpu::GM_ISA
