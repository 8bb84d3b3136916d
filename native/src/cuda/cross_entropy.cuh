// Softmax cross-entropy of a row from sums over the classes other than the label's own. The numbers are those of
// cpu/cross_entropy.h, which says why the label's class is left out.
#pragma once

#include "cuda/block.cuh"
#include "gradmimic/gradmimic.h"

namespace gm::cuda {

constexpr float kLowest = -3.402823466e38f;  // where a maximum starts

__device__ __forceinline__ bool is_finite(double x) { return x - x == 0; }

struct CrossEntropy {
    float loss, scale, norm;  // delta_c = scale e_c, delta_y = -scale others, norm = |delta|
};

__device__ __forceinline__ CrossEntropy cross_entropy(float own, float max, float others, float squares) {
    // An infinite own logit is a loss of 0 by the formula; it is not finite, and so the row is not.
    const float t = own > -kLowest ? nanf("") : own - max;
    CrossEntropy row;
    if (t >= 0) {
        const float a = expf(-t), x = others * a;
        row.loss = log1pf(x);
        row.scale = a / (x + 1);
    } else {
        const float sum = others + expf(t);
        row.loss = logf(sum) - t;
        row.scale = 1 / sum;
    }
    row.norm = row.scale * sqrtf(squares + others * others);
    return row;
}

// <-delta, u>/|V|; 0 where there is no V, but not for a product that is not finite.
__device__ __forceinline__ float projection(float product, double norm_squared) {
    const double norm = sqrt(norm_squared);
    return norm == 0 ? product * 0.0f : product * static_cast<float>(-1 / norm);
}

// A label that is none makes its sample one that is not finite: -1.
__device__ __forceinline__ int64_t label_of(const gm_array &labels, int64_t i, int64_t classes) {
    const int64_t label = static_cast<const int64_t *>(labels.data)[i * labels.stride[0]];
    return label >= 0 && label < classes ? label : -1;
}

}  // namespace gm::cuda
