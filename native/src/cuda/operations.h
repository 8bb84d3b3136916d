// The launchers that kernels.cu collects.
#pragma once

#include "base/operations.h"

namespace gm::cuda {

#define GM_DECLARE(name) \
    size_t name##_workspace(const gm_##name##_args &args); \
    void name##_run(const gm_##name##_args &args, Arena arena, const gm_queue &queue);
GM_OPERATIONS(GM_DECLARE)
#undef GM_DECLARE

int32_t ghost_dot_form(const gm_ghost_dot_args &args, const gm_queue &queue);
void mimic_weights_reduce_run(const gm_mimic_weights_args &args, double *max_and_sum, const gm_queue &queue);
void mimic_weights_apply_run(const gm_mimic_weights_args &args, const double *max_and_sum, const gm_queue &queue);

}  // namespace gm::cuda
