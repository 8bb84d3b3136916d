#include "api/dispatch.h"
#include "base/weighting.h"
#include "cpu/weights.h"

namespace gm {
namespace {

void validate_weights(const gm_mimic_weights_args &a, bool output) {
    check_weighting(a.weighting);
    const int32_t kind = a.weighting.kind;
    const gm_array &sized = present(a.score) ? a.score : a.gradient_norm;
    if (needs_score(kind) && !present(a.score))
        fail(GM_INVALID_ARGUMENT, "weighting %s needs score", weighting_name(kind));
    if (needs_gradient_norm(kind) && !present(a.gradient_norm)) {
        fail(GM_INVALID_ARGUMENT, "weighting %s needs gradient_norm", weighting_name(kind));
    }
    if (kind == GM_OPT && a.direction_norm_squared == nullptr)
        fail(GM_INVALID_ARGUMENT, "weighting opt needs direction_norm_squared");
    if (a.weighting.rho_attached) fail(GM_INVALID_ARGUMENT, "weighting.rho_attached belongs to gm_head_step");
    check_array("score", sized);
    const int64_t B = sized.shape[0];
    if (present(a.score)) check_vector("score", a.score, B);
    if (present(a.gradient_norm)) check_vector("gradient_norm", a.gradient_norm, B);
    if (output) check_output_vector("weight", a.weight, B);
}

struct MimicWeights : Listed<gm_mimic_weights_args> {
    static void validate(const Args &a) { validate_weights(a, true); }
    template <class Visit>
    static void each_array(const Args &a, Visit &&visit) {
        visit({"score", a.score});
        visit({"gradient_norm", a.gradient_norm});
        visit({"weight", a.weight});
    }
};

// Half of the operation, over what may be a part of a batch; gm_mimic_weights_reduce writes no weights.
struct Reduce : MimicWeights {
    static void validate(const Args &a) { check_softmax(a, false); }
    static void check_softmax(const Args &a, bool output) {
        validate_weights(a, output);
        if (is_softmax(a.weighting.kind)) return;
        fail(GM_INVALID_ARGUMENT, "weighting %s is no softmax: it has no two halves", weighting_name(a.weighting.kind));
    }
};
struct Apply : MimicWeights {
    static void validate(const Args &a) { Reduce::check_softmax(a, true); }
};

// One of the two halves, which need no workspace, on the queue's provider.
template <class Half, class Numbers>
gm_status run_half(const char *name, const gm_queue *queue, const gm_mimic_weights_args *args, Numbers *max_and_sum,
                   void (*on_cpu)(const gm_mimic_weights_args &, Numbers *),
                   void (*on_reference)(const gm_mimic_weights_args &, Numbers *),
                   void (*cuda::Kernels::*on_cuda)(const gm_mimic_weights_args &, Numbers *, const gm_queue &)) {
    return guarded(name, [&] {
        if (args == nullptr || max_and_sum == nullptr)
            fail(GM_INVALID_ARGUMENT, "args and max_and_sum may not be NULL");
        const int32_t provider = provider_for<Half>(queue, *args);
        if (provider == GM_CUDA) {
            const cuda::DeviceScope scope(queue->device);
            (cuda::kernels().*on_cuda)(*args, max_and_sum, *queue);
        } else {
            (provider == GM_REFERENCE ? on_reference : on_cpu)(*args, max_and_sum);
        }
    });
}

}  // namespace
}  // namespace gm

extern "C" {

GM_ENTRY_POINTS(mimic_weights, MimicWeights)

gm_status gm_mimic_weights_reduce(const gm_queue *queue, const gm_mimic_weights_args *args, double *max_and_sum) {
    return gm::run_half<gm::Reduce>("gm_mimic_weights_reduce", queue, args, max_and_sum, gm::cpu::mimic_weights_reduce,
                                    gm::reference::mimic_weights_reduce, &gm::cuda::Kernels::mimic_weights_reduce);
}

gm_status gm_mimic_weights_apply(const gm_queue *queue, const gm_mimic_weights_args *args, const double *max_and_sum) {
    return gm::run_half<gm::Apply>("gm_mimic_weights_apply", queue, args, max_and_sum, gm::cpu::mimic_weights_apply,
                                   gm::reference::mimic_weights_apply, &gm::cuda::Kernels::mimic_weights_apply);
}

}  // extern "C"
