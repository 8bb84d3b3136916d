// gm_clip_scores on GM_CUDA against GM_REFERENCE.
#include "../clip_scores_problem.h"
#include "device.h"

TEST(clip_scores_agrees_with_the_reference) {
    for (const int32_t kind : {GM_CONTRASTIVE_SOFTMAX, GM_CONTRASTIVE_SIGMOID}) {
        for (const int64_t B : {0, 1, 2, 5, 16, 63, 64, 65, 130}) {
            Problem p(random, kind, check::any_dtype(random), B, check::any_of(random, {1, 7, 16, 33, 64}),
                      B == 16 ? 0.05 : 1);
            if (B == 5) p.args.image_tangent.data = nullptr;
            if (B == 2) p.args.text_tangent.data = p.args.image_tangent.data = nullptr;
            if (B == 65) p.args.direction_norm_squared = nullptr;
            CHECK_OK(GM_DEVICE_CALL(gm_clip_scores, p.args));
            compare(p);
        }
    }
    Problem small(random, GM_CONTRASTIVE_SOFTMAX, GM_F32, 40, 64, 0.02);  // small losses keep their digits
    small.logit_terms[0] = 60;
    CHECK_OK(GM_DEVICE_CALL(gm_clip_scores, small.args));
    compare(small);
    Problem many(random, GM_CONTRASTIVE_SOFTMAX, GM_BF16, 2100,
                 16);  // more tiles than lanes; features of no small norm, by which tangents are divided
    CHECK_OK(GM_DEVICE_CALL(gm_clip_scores, many.args));
    compare(many);
}

TEST(clip_scores_counts_what_is_not_finite) {
    for (const double bad : {static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
        Problem p(random, GM_CONTRASTIVE_SOFTMAX, GM_F32, 70, 5);
        p.image.set(bad, 3, 2);
        CHECK_OK(GM_DEVICE_CALL(gm_clip_scores, p.args));
        CHECK(p.non_finite == 70);  // every text is compared with that image
        for (int64_t i = 0; i < 70; i++) CHECK(std::isnan(p.score.at(i)));
    }
    Problem none(random, GM_CONTRASTIVE_SIGMOID, GM_F32, 4, 5);
    for (int64_t e = 0; e < 5; e++) none.text.set(0, 1, e);
    CHECK_OK(GM_DEVICE_CALL(gm_clip_scores, none.args));
    CHECK(none.non_finite == 4);
    Problem still(random, GM_CONTRASTIVE_SOFTMAX, GM_F32, 4, 5);
    still.norm_squared = 0;
    CHECK_OK(GM_DEVICE_CALL(gm_clip_scores, still.args));
    for (int64_t i = 0; i < 4; i++) CHECK(still.score.at(i) == 0);
}

TEST(clip_scores_gives_the_same_bits_again) {
    Problem p(random, GM_CONTRASTIVE_SOFTMAX, GM_F32, 130, 20);
    Array loss(GM_F32, {130}), score(GM_F32, {130});
    CHECK_OK(GM_DEVICE_CALL(gm_clip_scores, p.args));
    gm_clip_scores_args again = p.args;
    again.loss = loss.get();
    again.score = score.get();
    CHECK_OK(GM_DEVICE_CALL(gm_clip_scores, again));
    CHECK(check::same_bits(p.loss, loss) && check::same_bits(p.score, score));
}
