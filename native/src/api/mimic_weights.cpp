#include "api/dispatch.h"
#include "base/array.h"
#include "base/weighting.h"
#include "cpu/isa.h"
#include "cpu/weights.h"
#include "reference/reference.h"

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

bool weights_have_f64(const gm_mimic_weights_args &a) {
    return is_f64(a.score) || is_f64(a.gradient_norm) || is_f64(a.weight);
}

struct MimicWeights : AnyValues {
    using Args = gm_mimic_weights_args;
    static constexpr const char *kName = "gm_mimic_weights";
    static constexpr auto kCuda = &cuda::Kernels::mimic_weights;
    static void validate(const Args &a) { validate_weights(a, true); }
    static bool has_f64(const Args &a) { return weights_have_f64(a); }
    static size_t cpu_workspace(const Args &a) { return cpu::mimic_weights_workspace(a); }
    static void cpu(const Args &a, Arena arena) { cpu::mimic_weights(a, arena); }
    static void reference(const Args &a) { reference::mimic_weights(a); }
};

struct ScaleRows : AnyValues {
    using Args = gm_scale_rows_args;
    static constexpr const char *kName = "gm_scale_rows";
    static constexpr auto kCuda = &cuda::Kernels::scale_rows;
    static void validate(const Args &a) {
        check_array("input", a.input);
        check_floating("input", a.input);
        if (a.input.rank != 2)
            fail(GM_INVALID_ARGUMENT, "input has the shape %s, expected [R, D]", shape_text(a.input).c_str());
        check_shape("output", a.output, {a.input.shape[0], a.input.shape[1]});
        check_no_overlap("output", a.output);
        if (a.output.dtype != a.input.dtype) {
            fail(GM_INVALID_ARGUMENT, "output is %s, but input is %s", dtype_name(a.output.dtype),
                 dtype_name(a.input.dtype));
        }
        if (a.output.data == a.input.data && a.input.shape[0] > 1 && a.output.stride[0] != a.input.stride[0]) {
            fail(GM_INVALID_ARGUMENT, "output shares its memory with input, but not its strides");
        }
        check_vector("weight", a.weight, a.input.shape[0]);
    }
    static bool has_f64(const Args &a) { return is_f64(a.input) || is_f64(a.weight); }
    static void cpu(const Args &a, Arena) { cpu::kernels().scale_rows(a); }
    static void reference(const Args &a) { reference::scale_rows(a); }
};

void check_softmax(const gm_mimic_weights_args *args, const void *max_and_sum, bool output) {
    if (args == nullptr || max_and_sum == nullptr) fail(GM_INVALID_ARGUMENT, "args and max_and_sum may not be NULL");
    validate_weights(*args, output);
    if (!is_softmax(args->weighting.kind)) {
        fail(GM_INVALID_ARGUMENT, "weighting %s is no softmax: it has no two halves",
             weighting_name(args->weighting.kind));
    }
}

// One of the two halves, which need no workspace, on the queue's provider.
template <class Numbers>
gm_status run_half(const char *name, const gm_queue *queue, const gm_mimic_weights_args *args, Numbers *max_and_sum,
                   bool output, void (*on_cpu)(const gm_mimic_weights_args &, Numbers *),
                   void (*on_reference)(const gm_mimic_weights_args &, Numbers *),
                   void (*cuda::Kernels::*on_cuda)(const gm_mimic_weights_args &, Numbers *, const gm_queue &)) {
    return guarded(name, [&] {
        check_softmax(args, max_and_sum, output);
        const int32_t provider = provider_of(queue);
        if (provider == GM_CUDA) {
            if (weights_have_f64(*args)) fail_f64();
            const cuda::DeviceScope scope(queue->device);
            (cuda::kernels().*on_cuda)(*args, max_and_sum, *queue);
        } else if (provider == GM_REFERENCE || weights_have_f64(*args)) {
            on_reference(*args, max_and_sum);
        } else {
            on_cpu(*args, max_and_sum);
        }
    });
}

}  // namespace
}  // namespace gm

extern "C" {

GM_ENTRY_POINTS(mimic_weights, MimicWeights)

gm_status gm_mimic_weights_reduce(const gm_queue *queue, const gm_mimic_weights_args *args, double *max_and_sum) {
    return gm::run_half("gm_mimic_weights_reduce", queue, args, max_and_sum, false, gm::cpu::mimic_weights_reduce,
                        gm::reference::mimic_weights_reduce, &gm::cuda::Kernels::mimic_weights_reduce);
}

gm_status gm_mimic_weights_apply(const gm_queue *queue, const gm_mimic_weights_args *args, const double *max_and_sum) {
    return gm::run_half("gm_mimic_weights_apply", queue, args, max_and_sum, true, gm::cpu::mimic_weights_apply,
                        gm::reference::mimic_weights_apply, &gm::cuda::Kernels::mimic_weights_apply);
}

gm_status gm_scale_rows(const gm_queue *queue, const gm_scale_rows_args *args) {
    return gm::run<gm::ScaleRows>(queue, args, nullptr, 0);
}

}  // extern "C"
