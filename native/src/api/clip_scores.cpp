#include "api/dispatch.h"

namespace gm {
namespace {

struct ClipScores : Listed<gm_clip_scores_args> {
    static void validate(const Args &a) {
        check_rank("image", a.image, 2, "[B, E]");
        check_features("text", a.text, a.image);
        if (present(a.image_tangent)) check_features("image_tangent", a.image_tangent, a.image);
        if (present(a.text_tangent)) check_features("text_tangent", a.text_tangent, a.image);
        if (a.logit_terms == nullptr) fail(GM_INVALID_ARGUMENT, "logit_terms is missing");
        if (a.loss_kind != GM_CONTRASTIVE_SOFTMAX && a.loss_kind != GM_CONTRASTIVE_SIGMOID) {
            fail(GM_INVALID_ARGUMENT, "loss_kind is %d", static_cast<int>(a.loss_kind));
        }
        if (present(a.loss)) check_output_vector("loss", a.loss, a.image.shape[0]);
        if (present(a.score)) check_output_vector("score", a.score, a.image.shape[0]);
    }
    template <class Visit>
    static void each_array(const Args &a, Visit &&visit) {
        visit({"image", a.image});
        visit({"text", a.text});
        visit({"image_tangent", a.image_tangent});
        visit({"text_tangent", a.text_tangent});
        visit({"loss", a.loss});
        visit({"score", a.score});
    }

private:
    static void check_features(const char *name, const gm_array &array, const gm_array &image) {
        check_shape(name, array, {image.shape[0], image.shape[1]});
        check_floating(name, array);
    }
};

}  // namespace
}  // namespace gm

extern "C" {

GM_ENTRY_POINTS(clip_scores, ClipScores)

}  // extern "C"
