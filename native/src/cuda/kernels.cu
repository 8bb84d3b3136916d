#include "cuda/kernels.h"

#include "cuda/operations.h"

namespace gm::cuda {

const Kernels &kernels() {
    static const Kernels all = [] {
        Kernels k;
        k.clip_scores = {clip_scores_workspace, clip_scores_run};
        k.direction = {direction_workspace, direction_run};
        k.ghost_dot = {ghost_dot_workspace, ghost_dot_run};
        k.ghost_dot_form = ghost_dot_form;
        k.ghost_norm = {ghost_norm_workspace, ghost_norm_run};
        k.head_score = {head_score_workspace, head_score_run};
        k.head_step = {head_step_workspace, head_step_run};
        k.mimic_weights = {nullptr, mimic_weights_run};
        k.mimic_weights_reduce = mimic_weights_reduce_run;
        k.mimic_weights_apply = mimic_weights_apply_run;
        k.projected_dot = {projected_dot_workspace, projected_dot_run};
        k.row_dot = {row_dot_workspace, row_dot_run};
        k.scale_rows = {nullptr, scale_rows_run};
        return k;
    }();
    return all;
}

}  // namespace gm::cuda
