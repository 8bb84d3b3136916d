#include "api/dispatch.h"
#include "base/array.h"
#include "base/element.h"
#include "base/weighting.h"
#include "cpu/isa.h"
#include "reference/reference.h"

namespace gm {
namespace {

void check_labels(const gm_array &labels, int64_t B) {
    check_shape("labels", labels, {B});
    if (labels.dtype != GM_I64) fail(GM_INVALID_ARGUMENT, "labels is %s; i64 is expected", dtype_name(labels.dtype));
}

void check_label_values(const gm_array &labels, int64_t C) {
    for (int64_t i = 0; i < labels.shape[0]; i++) {
        const int64_t y = get_label(labels, i);
        if (y < 0 || y >= C) {
            fail(GM_INVALID_ARGUMENT, "labels[%lld] = %lld is outside [0, %lld)", static_cast<long long>(i),
                 static_cast<long long>(y), static_cast<long long>(C));
        }
    }
}

// An output [B,C] like the logits, which it may replace.
void check_rows(const char *name, const gm_array &array, const gm_array &logits) {
    if (!present(array)) return;
    check_shape(name, array, {logits.shape[0], logits.shape[1]});
    check_floating(name, array);
    check_no_overlap(name, array);
    if (array.data == logits.data && (array.dtype != logits.dtype || array.stride[0] != logits.stride[0])) {
        fail(GM_INVALID_ARGUMENT, "%s shares its memory with logits, but not its dtype and strides", name);
    }
}

struct HeadStep {
    using Args = gm_head_step_args;
    static constexpr const char *kName = "gm_head_step";
    static constexpr auto kCuda = &cuda::Kernels::head_step;

    static void validate(const Args &a) {
        check_array("logits", a.logits);
        check_floating("logits", a.logits);
        if (a.logits.rank != 2)
            fail(GM_INVALID_ARGUMENT, "logits has the shape %s, expected [B, C]", shape_text(a.logits).c_str());
        const int64_t B = a.logits.shape[0], C = a.logits.shape[1];
        if (C == 0)
            fail(GM_INVALID_ARGUMENT, "logits has the shape %s: there are no classes", shape_text(a.logits).c_str());
        if (present(a.bias)) check_vector("bias", a.bias, C);
        check_labels(a.labels, B);
        const int64_t K = check_projections(a, B, C);
        check_weighting(a.weighting);
        check_needs(a, K);
        if (present(a.feature_norm_squared)) check_vector("feature_norm_squared", a.feature_norm_squared, B);
        if (present(a.reference_loss)) check_vector("reference_loss", a.reference_loss, B);
        check_outputs(a, B, C, K);
    }

    static void validate_values(const Args &a) { check_label_values(a.labels, a.logits.shape[1]); }

    static bool has_f64(const Args &a) {
        for (const gm_array *array : {&a.logits, &a.bias, &a.projected, &a.reference_logits, &a.feature_norm_squared,
                                      &a.reference_loss, &a.loss, &a.score, &a.gradient_norm, &a.weight, &a.delta,
                                      &a.weighted_delta, &a.mean_delta, &a.weighted_delta_sum}) {
            if (is_f64(*array)) return true;
        }
        return false;
    }

    static size_t cpu_workspace(const Args &a) { return cpu::kernels().head_step_workspace(a); }
    static void cpu(const Args &a, Arena arena) { cpu::kernels().head_step(a, arena); }
    static void reference(const Args &a) { reference::head_step(a); }

private:
    // K, or 0 without a direction.
    static int64_t check_projections(const Args &a, int64_t B, int64_t C) {
        if (present(a.projected) && present(a.reference_logits)) {
            fail(GM_INVALID_ARGUMENT, "projected and reference_logits are both given; one of them says what V h is");
        }
        const bool subtract = present(a.reference_logits);
        const gm_array &u = subtract ? a.reference_logits : a.projected;
        const char *name = subtract ? "reference_logits" : "projected";
        if (!present(u)) return 0;
        check_array(name, u);
        check_floating(name, u);
        const int64_t K = u.rank == 3 ? u.shape[1] : 1;
        if (u.rank == 3) check_shape(name, u, {B, K, C});
        else check_shape(name, u, {B, C});
        if (K == 0)
            fail(GM_INVALID_ARGUMENT, "%s has the shape %s: there are no references", name, shape_text(u).c_str());
        if (subtract && u.dtype != GM_F32 && u.dtype != GM_F64) {
            fail(GM_INVALID_ARGUMENT, "reference_logits is %s: a difference of logits needs f32; give projected",
                 dtype_name(u.dtype));
        }
        if (a.direction_norm_squared == nullptr)
            fail(GM_INVALID_ARGUMENT, "direction_norm_squared is NULL, but %s is given", name);
        if (a.combine >= K || a.combine < GM_COMBINE_MIN) {
            fail(GM_INVALID_ARGUMENT,
                 "combine is %d; with %lld references 0 to %lld, GM_COMBINE_MEAN or GM_COMBINE_MIN are possible",
                 a.combine, static_cast<long long>(K), static_cast<long long>(K - 1));
        }
        return K;
    }

    static void check_needs(const Args &a, int64_t K) {
        const int32_t kind = a.weighting.kind;
        if (needs_score(kind) && kind != GM_RHO && K == 0) {
            fail(GM_INVALID_ARGUMENT, "weighting %s needs projected or reference_logits", weighting_name(kind));
        }
        if (needs_gradient_norm(kind) && !present(a.feature_norm_squared)) {
            fail(GM_INVALID_ARGUMENT, "weighting %s needs feature_norm_squared", weighting_name(kind));
        }
        if (needs_gradient_norm(kind) && kind != GM_GRAND && a.combine < 0) {
            fail(GM_INVALID_ARGUMENT, "weighting %s is not defined for a combination of references; choose one",
                 weighting_name(kind));
        }
        if (kind == GM_RHO && !present(a.reference_loss))
            fail(GM_INVALID_ARGUMENT, "weighting rho needs reference_loss");
        if (present(a.gradient_norm) && !present(a.feature_norm_squared)) {
            fail(GM_INVALID_ARGUMENT, "gradient_norm needs feature_norm_squared");
        }
        if (present(a.score) && K == 0) fail(GM_INVALID_ARGUMENT, "score needs projected or reference_logits");
    }

    static void check_outputs(const Args &a, int64_t B, int64_t C, int64_t K) {
        if (present(a.loss)) check_output_vector("loss", a.loss, B);
        if (present(a.gradient_norm)) check_output_vector("gradient_norm", a.gradient_norm, B);
        if (present(a.weight)) check_output_vector("weight", a.weight, B);
        if (present(a.score)) {
            if (a.score.rank == 2) check_shape("score", a.score, {B, K});
            else if (K > 1)
                fail(GM_INVALID_ARGUMENT, "score has the shape %s, expected [B, K]", shape_text(a.score).c_str());
            else check_shape("score", a.score, {B});
            check_real("score", a.score);
            check_no_overlap("score", a.score);
        }
        check_rows("delta", a.delta, a.logits);
        check_rows("weighted_delta", a.weighted_delta, a.logits);
        if (present(a.delta) && a.delta.data == a.weighted_delta.data) {
            fail(GM_INVALID_ARGUMENT, "delta and weighted_delta share their memory");
        }
        if (present(a.mean_delta)) check_output_vector("mean_delta", a.mean_delta, C);
        if (present(a.weighted_delta_sum)) check_output_vector("weighted_delta_sum", a.weighted_delta_sum, C);
    }
};

struct HeadScore {
    using Args = gm_head_score_args;
    static constexpr const char *kName = "gm_head_score";
    static constexpr auto kCuda = &cuda::Kernels::head_score;

    static void validate(const Args &a) {
        check_array("features", a.features);
        check_floating("features", a.features);
        if (a.features.rank != 2)
            fail(GM_INVALID_ARGUMENT, "features has the shape %s, expected [B, I]", shape_text(a.features).c_str());
        check_array("weight", a.weight);
        if (a.weight.rank != 2 || a.weight.shape[0] == 0) {
            fail(GM_INVALID_ARGUMENT, "weight has the shape %s, expected [C, I] with at least one class",
                 shape_text(a.weight).c_str());
        }
        const int64_t B = a.features.shape[0], I = a.features.shape[1], C = a.weight.shape[0];
        check_shape("weight", a.weight, {C, I});
        check_shape("direction", a.direction, {C, I});
        check_real("weight", a.weight);
        check_real("direction", a.direction);
        if (present(a.bias)) check_vector("bias", a.bias, C);
        if (a.direction_norm_squared == nullptr) fail(GM_INVALID_ARGUMENT, "direction_norm_squared is NULL");
        check_labels(a.labels, B);
        if (present(a.loss)) check_output_vector("loss", a.loss, B);
        if (present(a.score)) check_output_vector("score", a.score, B);
        if (present(a.gradient_norm)) check_output_vector("gradient_norm", a.gradient_norm, B);
    }

    static void validate_values(const Args &a) { check_label_values(a.labels, a.weight.shape[0]); }

    static bool has_f64(const Args &a) {
        for (const gm_array *array :
             {&a.features, &a.weight, &a.bias, &a.direction, &a.loss, &a.score, &a.gradient_norm}) {
            if (is_f64(*array)) return true;
        }
        return false;
    }

    static size_t cpu_workspace(const Args &a) { return cpu::kernels().head_score_workspace(a); }
    static void cpu(const Args &a, Arena arena) { cpu::kernels().head_score(a, arena); }
    static void reference(const Args &a) { reference::head_score(a); }
};

}  // namespace
}  // namespace gm

extern "C" {

GM_ENTRY_POINTS(head_step, HeadStep)
GM_ENTRY_POINTS(head_score, HeadScore)

}  // extern "C"
