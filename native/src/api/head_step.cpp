#include "api/dispatch.h"
#include "base/weighting.h"

namespace gm {
namespace {

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

struct HeadStep : Listed<gm_head_step_args> {
    static void validate(const Args &a) {
        check_rank("logits", a.logits, 2, "[B, C]");
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

    static void validate_on_host(const Args &a) { check_label_values(a.labels, a.logits.shape[1]); }

    template <class Visit>
    static void each_array(const Args &a, Visit &&visit) {
        visit({"logits", a.logits});
        visit({"bias", a.bias});
        visit({"labels", a.labels});
        visit({"projected", a.projected});
        visit({"reference_logits", a.reference_logits});
        visit({"feature_norm_squared", a.feature_norm_squared});
        visit({"reference_loss", a.reference_loss});
        visit({"loss", a.loss});
        visit({"score", a.score});
        visit({"gradient_norm", a.gradient_norm});
        visit({"weight", a.weight});
        visit({"delta", a.delta});
        visit({"weighted_delta", a.weighted_delta});
        visit({"mean_delta", a.mean_delta});
        visit({"weighted_delta_sum", a.weighted_delta_sum});
    }

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

}  // namespace
}  // namespace gm

extern "C" {

GM_ENTRY_POINTS(head_step, HeadStep)

}  // extern "C"
