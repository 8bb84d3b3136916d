// The launchers that kernels.cu collects.
#pragma once

#include "base/arena.h"
#include "gradmimic/gradmimic.h"

namespace gm::cuda {

size_t clip_scores_workspace(const gm_clip_scores_args &args);
void clip_scores_run(const gm_clip_scores_args &args, Arena arena, const gm_queue &queue);
size_t direction_workspace(const gm_direction_args &args);
void direction_run(const gm_direction_args &args, Arena arena, const gm_queue &queue);
size_t ghost_dot_workspace(const gm_ghost_dot_args &args);
int32_t ghost_dot_form(const gm_ghost_dot_args &args, const gm_queue &queue);
void ghost_dot_run(const gm_ghost_dot_args &args, Arena arena, const gm_queue &queue);
size_t ghost_norm_workspace(const gm_ghost_norm_args &args);
void ghost_norm_run(const gm_ghost_norm_args &args, Arena arena, const gm_queue &queue);
size_t head_score_workspace(const gm_head_score_args &args);
void head_score_run(const gm_head_score_args &args, Arena arena, const gm_queue &queue);
size_t head_step_workspace(const gm_head_step_args &args);
void head_step_run(const gm_head_step_args &args, Arena arena, const gm_queue &queue);
void mimic_weights_run(const gm_mimic_weights_args &args, Arena arena, const gm_queue &queue);
void mimic_weights_reduce_run(const gm_mimic_weights_args &args, double *max_and_sum, const gm_queue &queue);
void mimic_weights_apply_run(const gm_mimic_weights_args &args, const double *max_and_sum, const gm_queue &queue);
size_t projected_dot_workspace(const gm_projected_dot_args &args);
void projected_dot_run(const gm_projected_dot_args &args, Arena arena, const gm_queue &queue);
size_t row_dot_workspace(const gm_row_dot_args &args);
void row_dot_run(const gm_row_dot_args &args, Arena arena, const gm_queue &queue);
void scale_rows_run(const gm_scale_rows_args &args, Arena arena, const gm_queue &queue);

}  // namespace gm::cuda
