#include "cuda/mimic_weights.cuh"

#include "cuda/launch.h"
#include "cuda/operations.h"

namespace gm::cuda {
namespace {

mimic_weights::Parameters parameters(const gm_mimic_weights_args &args) {
    Statistics s = {};
    s.count = args.score.data != nullptr ? args.score.shape[0] : args.gradient_norm.shape[0];
    s.score = static_cast<const float *>(args.score.data);
    s.score_stride = args.score.stride[0];
    s.gradient_norm = static_cast<const float *>(args.gradient_norm.data);
    s.gradient_norm_stride = args.gradient_norm.stride[0];
    s.direction_norm_squared = args.direction_norm_squared;
    return {args.weighting, s, args.weight, args.non_finite};
}

}  // namespace

size_t mimic_weights_workspace(const gm_mimic_weights_args &) { return 0; }

void mimic_weights_run(const gm_mimic_weights_args &args, Arena, const gm_queue &queue) {
    using namespace mimic_weights;
    launch(queue, "mimic_weights", weigh_batch, 1, kThreads, sizeof(WeighShared), parameters(args));
}

void mimic_weights_reduce_run(const gm_mimic_weights_args &args, double *max_and_sum, const gm_queue &queue) {
    using namespace mimic_weights;
    launch(queue, "mimic_weights_reduce", reduce, 1, kThreads, sizeof(WeighShared), parameters(args), max_and_sum);
}

void mimic_weights_apply_run(const gm_mimic_weights_args &args, const double *max_and_sum, const gm_queue &queue) {
    using namespace mimic_weights;
    const Parameters p = parameters(args);
    launch(queue, "mimic_weights_apply", apply, divide_up(p.statistics.count, kApplyThreads), kApplyThreads, 0, p,
           max_and_sum);
}

}  // namespace gm::cuda
