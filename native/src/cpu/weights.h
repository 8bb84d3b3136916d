// Scores to weights on the host: [B] numbers in double, the same for every instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/arena.h"
#include "gradmimic/gradmimic.h"

namespace gm::cpu {

// What weights are made of. Vectors that the kind does not need may be NULL.
struct Statistics {
    int64_t count = 0;
    const float *score = nullptr;  // m_i, at score[i * score_stride]; for rho the difference of losses
    int64_t score_stride = 1;
    const float *gradient_norm = nullptr;  // |g_i|
    int64_t gradient_norm_stride = 1;
    double direction_norm = 0;        // |V|
    const uint8_t *usable = nullptr;  // NULL: all; 0: weight 0 whatever the statistic
};

// Writes w_i to weight [count], 0 for samples that are not usable or not finite; says in kept [count]
// which took part; returns how many did not. Fails with GM_NON_FINITE if none did.
int64_t weigh(const gm_weighting &weighting, const Statistics &statistics, double *weight, uint8_t *kept);

size_t mimic_weights_workspace(const gm_mimic_weights_args &args);
void mimic_weights(const gm_mimic_weights_args &args, Arena arena);
void mimic_weights_reduce(const gm_mimic_weights_args &args, double *max_and_sum);
void mimic_weights_apply(const gm_mimic_weights_args &args, const double *max_and_sum);

}  // namespace gm::cpu
