// The vectorised operations of one instruction set; `table` collects them for the dispatch.
#pragma once

#include "cpu/isa.h"

namespace gm::cpu::GM_ISA {

size_t direction_workspace(const gm_direction_args &args);
void direction(const gm_direction_args &args, Arena arena);
size_t head_step_workspace(const gm_head_step_args &args);
void head_step(const gm_head_step_args &args, Arena arena);
size_t head_score_workspace(const gm_head_score_args &args);
void head_score(const gm_head_score_args &args, Arena arena);
void scale_rows(const gm_scale_rows_args &args);
size_t ghost_dot_workspace(const gm_ghost_dot_args &args);
void ghost_dot(const gm_ghost_dot_args &args, Arena arena);
size_t ghost_norm_workspace(const gm_ghost_norm_args &args);
void ghost_norm(const gm_ghost_norm_args &args, Arena arena);
size_t projected_dot_workspace(const gm_projected_dot_args &args);
void projected_dot(const gm_projected_dot_args &args, Arena arena);
size_t row_dot_workspace(const gm_row_dot_args &args);
void row_dot(const gm_row_dot_args &args, Arena arena);
size_t clip_scores_workspace(const gm_clip_scores_args &args);
void clip_scores(const gm_clip_scores_args &args, Arena arena);

extern const Kernels table;

}  // namespace gm::cpu::GM_ISA
