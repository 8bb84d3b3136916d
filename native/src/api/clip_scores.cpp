// Entry points of gm_clip_scores.
#include "api/dispatch.h"
#include "base/array.h"
#include "cpu/isa.h"
#include "reference/reference.h"

namespace gm {
namespace {

struct ClipScores : AnyValues {
    using Args = gm_clip_scores_args;
    static constexpr const char *kName = "gm_clip_scores";
    static constexpr auto kCuda = &cuda::Kernels::clip_scores;

    static void validate(const Args &a) {
        check_array("image", a.image);
        check_floating("image", a.image);
        if (a.image.rank != 2)
            fail(GM_INVALID_ARGUMENT, "image has the shape %s, expected [B, E]", shape_text(a.image).c_str());
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
    static bool has_f64(const Args &a) {
        for (const gm_array *array : {&a.image, &a.text, &a.image_tangent, &a.text_tangent, &a.loss, &a.score}) {
            if (is_f64(*array)) return true;
        }
        return false;
    }
    static size_t cpu_workspace(const Args &a) { return cpu::kernels().clip_scores_workspace(a); }
    static void cpu(const Args &a, Arena arena) { cpu::kernels().clip_scores(a, arena); }
    static void reference(const Args &a) { reference::clip_scores(a); }

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
