// Which vectorised kernels run here. The same sources are compiled once per instruction set, each
// into a namespace of its own; a table of functions per set is chosen once, at first use.
#pragma once

#include <cstddef>

#include "base/arena.h"
#include "gradmimic/gradmimic.h"

namespace gm::cpu {

// Sizing: an operation's bytes come from laying its scratch out over an Arena that only measures.
struct Kernels {
    const char *isa;
    size_t (*direction_workspace)(const gm_direction_args &);
    void (*direction)(const gm_direction_args &, Arena);
    size_t (*head_step_workspace)(const gm_head_step_args &);
    void (*head_step)(const gm_head_step_args &, Arena);
    size_t (*head_score_workspace)(const gm_head_score_args &);
    void (*head_score)(const gm_head_score_args &, Arena);
    void (*scale_rows)(const gm_scale_rows_args &);
    size_t (*ghost_dot_workspace)(const gm_ghost_dot_args &);
    void (*ghost_dot)(const gm_ghost_dot_args &, Arena);
    size_t (*ghost_norm_workspace)(const gm_ghost_norm_args &);
    void (*ghost_norm)(const gm_ghost_norm_args &, Arena);
    size_t (*projected_dot_workspace)(const gm_projected_dot_args &);
    void (*projected_dot)(const gm_projected_dot_args &, Arena);
    size_t (*row_dot_workspace)(const gm_row_dot_args &);
    void (*row_dot)(const gm_row_dot_args &, Arena);
    size_t (*clip_scores_workspace)(const gm_clip_scores_args &);
    void (*clip_scores)(const gm_clip_scores_args &, Arena);
};

const Kernels &kernels();

// "avx512", "avx2", "portable" or "best"; throws GM_UNSUPPORTED if the processor lacks it.
void choose_isa(const char *name);

int threads();

}  // namespace gm::cpu
