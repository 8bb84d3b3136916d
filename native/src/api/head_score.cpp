#include "api/dispatch.h"

namespace gm {
namespace {

struct HeadScore : Listed<gm_head_score_args> {
    static void validate(const Args &a) {
        check_rank("features", a.features, 2, "[B, I]");
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

    static void validate_on_host(const Args &a) { check_label_values(a.labels, a.weight.shape[0]); }

    template <class Visit>
    static void each_array(const Args &a, Visit &&visit) {
        visit({"features", a.features});
        visit({"labels", a.labels});
        visit({"weight", a.weight});
        visit({"bias", a.bias});
        visit({"direction", a.direction});
        visit({"loss", a.loss});
        visit({"score", a.score});
        visit({"gradient_norm", a.gradient_norm});
    }
};

}  // namespace
}  // namespace gm

extern "C" {

GM_ENTRY_POINTS(head_score, HeadScore)

}  // extern "C"
