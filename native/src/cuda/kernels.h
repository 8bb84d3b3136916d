// The operations that GM_CUDA has, one launcher each (<operation>.cu). A launcher's arguments are valid and
// their arrays, and all other pointers in them but those to gm_arrays, are the device's. It launches
// kernels on the queue's stream and does nothing else: no allocation, no synchronisation, no look at
// what is in memory, so that a CUDA graph can capture it.
#pragma once

#include <cstddef>

#include "base/arena.h"
#include "gradmimic/gradmimic.h"

namespace gm::cuda {

template <class Args>
struct Operation {
    size_t (*workspace)(const Args &) = nullptr;  // bytes; NULL: needs none
    void (*run)(const Args &, Arena, const gm_queue &) = nullptr;
};

struct Kernels {
    Operation<gm_direction_args> direction;
    Operation<gm_head_step_args> head_step;
    Operation<gm_head_score_args> head_score;
    Operation<gm_mimic_weights_args> mimic_weights;
    Operation<gm_scale_rows_args> scale_rows;
    Operation<gm_ghost_dot_args> ghost_dot;
    Operation<gm_ghost_norm_args> ghost_norm;
    Operation<gm_projected_dot_args> projected_dot;
    Operation<gm_row_dot_args> row_dot;
    Operation<gm_clip_scores_args> clip_scores;
    int32_t (*ghost_dot_form)(const gm_ghost_dot_args &, const gm_queue &) = nullptr;
    void (*mimic_weights_reduce)(const gm_mimic_weights_args &, double *max_and_sum, const gm_queue &) = nullptr;
    void (*mimic_weights_apply)(const gm_mimic_weights_args &, const double *max_and_sum, const gm_queue &) = nullptr;
};

// All NULL where the build found no nvcc.
const Kernels &kernels();

}  // namespace gm::cuda
