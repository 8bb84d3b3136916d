// The operations that GM_CUDA has, one launcher each (<operation>.cu). A launcher's arguments are valid and
// their arrays, and all other pointers in them but those to gm_arrays, are the device's. It launches
// kernels on the queue's stream and does nothing else: no allocation, no synchronisation, no look at
// what is in memory, so that a CUDA graph can capture it.
#pragma once

#include "base/operations.h"

namespace gm::cuda {

struct Kernels {
#define GM_FIELD(name) Operation<gm_##name##_args, const gm_queue &> name;
    GM_OPERATIONS(GM_FIELD)
#undef GM_FIELD
    int32_t (*ghost_dot_form)(const gm_ghost_dot_args &, const gm_queue &) = nullptr;
    void (*mimic_weights_reduce)(const gm_mimic_weights_args &, double *max_and_sum, const gm_queue &) = nullptr;
    void (*mimic_weights_apply)(const gm_mimic_weights_args &, const double *max_and_sum, const gm_queue &) = nullptr;
};

// All NULL where the build found no nvcc.
const Kernels &kernels();

}  // namespace gm::cuda
