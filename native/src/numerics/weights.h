// Formulas of gm_weighting for one sample, in double: the same for the CPU's loop and for a GPU's thread.
#pragma once

#include <cmath>
#include <cstdint>

#include "gradmimic/gradmimic.h"

#if defined(__CUDACC__)
#define GM_BOTH __host__ __device__ __forceinline__
#else
// Never a function that object files share: the one that is kept could be of an instruction set the processor lacks.
#define GM_BOTH inline __attribute__((always_inline))
#endif

namespace gm {

// Not finite where either is not: a score over an infinite norm is no 0.
GM_BOTH double cosine(double score, double norm) {
    const double poison = (score - score) + (norm - norm);  // 0, or NaN
    return norm == 0 ? poison : score / norm + poison;
}

// The weight w_i of argmin_w sum_i |w_i n_i - D| + lambda |w| once the penalty's slope mu = lambda/|w| is
// known: |n_i| = norm, <n_i, D> = score distance, |D| = distance; norm and distance are not 0. With the
// cosine c, s = sqrt(1 - c^2) and x = w norm/distance it is the root between 0 and c of
//     norm (x - c)/sqrt((x - c)^2 + s^2) + mu x distance/norm,
// which rises in x. Newton's method, kept inside the bracket by bisection.
GM_BOTH double optimal_weight(double score, double norm, double distance, double mu) {
    const double c = fmin(1.0, fabs(score) / norm), s2 = fmax(0.0, 1 - c * c);
    const double stiffness = mu * distance / norm;
    double low = 0, high = c, x = c;
    for (int step = 0; step < 100; step++) {
        const double length = sqrt((x - c) * (x - c) + s2);
        const double slope = length == 0 ? 0 : norm * (x - c) / length;
        const double value = slope + stiffness * x;
        (value > 0 ? high : low) = x;
        const double curvature = (length == 0 ? 0 : norm * s2 / (length * length * length)) + stiffness;
        double next = curvature > 0 ? x - value / curvature : low;
        if (!(next > low && next < high)) next = 0.5 * (low + high);
        if (fabs(next - x) <= 1e-15 * c) break;
        x = next;
    }
    return copysign(x * distance / norm, score);
}

}  // namespace gm
