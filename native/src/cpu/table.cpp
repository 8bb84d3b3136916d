#include "cpu/kernels.h"

namespace gm::cpu::GM_ISA {

#define GM_TEXT_OF(name) #name
#define GM_TEXT(name) GM_TEXT_OF(name)

const Kernels table = {
    GM_TEXT(GM_ISA),
    direction_workspace,
    direction,
    head_step_workspace,
    head_step,
    head_score_workspace,
    head_score,
    scale_rows,
    ghost_dot_workspace,
    ghost_dot,
    ghost_norm_workspace,
    ghost_norm,
    projected_dot_workspace,
    projected_dot,
    row_dot_workspace,
    row_dot,
    clip_scores_workspace,
    clip_scores,
};

}  // namespace gm::cpu::GM_ISA
