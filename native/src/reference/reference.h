// The oracle: every operation in double precision by loops anyone can check. Arguments are valid
// (the entry points checked them). GM_REFERENCE runs these, and the tests hold all else against them.
#pragma once

#include <vector>

#include "gradmimic/gradmimic.h"

namespace gm::reference {

void direction(const gm_direction_args &args);
void head_step(const gm_head_step_args &args);
void head_score(const gm_head_score_args &args);
void mimic_weights(const gm_mimic_weights_args &args);
void mimic_weights_reduce(const gm_mimic_weights_args &args, double *max_and_sum);
void mimic_weights_apply(const gm_mimic_weights_args &args, const double *max_and_sum);
void scale_rows(const gm_scale_rows_args &args);
void ghost_dot(const gm_ghost_dot_args &args);
void ghost_norm(const gm_ghost_norm_args &args);
void projected_dot(const gm_projected_dot_args &args);
void row_dot(const gm_row_dot_args &args);
void clip_scores(const gm_clip_scores_args &args);

// What weights are made of; a vector that its kind does not need may be empty.
struct Statistics {
    std::vector<double> score;          // m_i; for rho the difference of losses
    std::vector<double> gradient_norm;  // |g_i|
    std::vector<bool> usable;           // false: weight 0 whatever the statistic
    double direction_norm = 0;          // |V|
};

// Weights by the definitions of gm_weighting. Samples whose statistic is not finite become unusable;
// non_finite counts all that are. Fails with GM_NON_FINITE if there are samples and none can be used.
std::vector<double> weights(const gm_weighting &weighting, Statistics &statistics, int64_t *non_finite);

}  // namespace gm::reference
