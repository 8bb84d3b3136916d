#include "clip_scores_problem.h"

TEST(agrees_with_the_reference) {
    for (int32_t kind : {GM_CONTRASTIVE_SOFTMAX, GM_CONTRASTIVE_SIGMOID}) {
        for (int64_t B : {0, 1, 2, 5, 16, 95, 97, 129, 300}) {
            Problem p(random, kind, check::any_dtype(random), B, check::any_of(random, {1, 7, 16, 33, 64}),
                      B == 16 ? 0.05 : 1);
            if (B == 5) p.args.image_tangent.data = nullptr;
            if (B == 2) p.args.text_tangent.data = p.args.image_tangent.data = nullptr;
            CHECK_OK(GM_CALL(gm_clip_scores, nullptr, p.args));
            compare(p);
        }
    }
}

// The definition: losses a small step ahead and behind, in double precision.
TEST(the_reference_agrees_with_central_differences) {
    for (int32_t kind : {GM_CONTRASTIVE_SOFTMAX, GM_CONTRASTIVE_SIGMOID}) {
        Problem p(random, kind, GM_F64, 6, 9);
        Array score(GM_F64, {6}), ahead(GM_F64, {6}), behind(GM_F64, {6});
        p.args.score = score.get();
        p.args.loss.data = nullptr;
        CHECK_OK(GM_CALL(gm_clip_scores, &check::reference_queue(), p.args));
        const double step = 1e-5;
        for (double sign : {1.0, -1.0}) {
            Array image(p.image), text(p.text);
            for (int64_t i = 0; i < 6; i++) {
                for (int64_t e = 0; e < 9; e++) {
                    image.set(p.image.at(i, e) + sign * step * p.image_tangent.at(i, e), i, e);
                    text.set(p.text.at(i, e) + sign * step * p.text_tangent.at(i, e), i, e);
                }
            }
            gm_clip_scores_args moved = p.args;
            moved.image = image.get();
            moved.text = text.get();
            const double terms[4] = {p.logit_terms[0] + sign * step * p.logit_terms[2],
                                     p.logit_terms[1] + sign * step * p.logit_terms[3]};
            moved.logit_terms = terms;
            moved.loss = (sign > 0 ? ahead : behind).get();
            moved.score.data = nullptr;
            CHECK_OK(GM_CALL(gm_clip_scores, &check::reference_queue(), moved));
        }
        for (int64_t i = 0; i < 6; i++) {
            // Third derivatives of order scale^3 times step^2, rounding 1e-16/step, over |V| = 1.5.
            CHECK_CLOSE(score.at(i), (behind.at(i) - ahead.at(i)) / (2 * step * 1.5), 1e-6,
                        "score " + std::to_string(i));
        }
    }
}

TEST(small_losses_keep_their_digits) {
    Problem p(random, GM_CONTRASTIVE_SOFTMAX, GM_F32, 40, 64, 0.02);
    p.logit_terms[0] = 60;
    CHECK_OK(GM_CALL(gm_clip_scores, nullptr, p.args));
    for (int64_t i = 0; i < 40; i++) CHECK(p.loss.at(i) < 1e-3);
    compare(p);
}

TEST(the_same_bits_on_any_number_of_threads) {
    for (int32_t kind : {GM_CONTRASTIVE_SOFTMAX, GM_CONTRASTIVE_SIGMOID}) {
        Problem p(random, kind, GM_F32, 400, 20);
        Array loss(GM_F32, {400}), score(GM_F32, {400});
        check::with_threads(1, [&] { CHECK_OK(GM_CALL(gm_clip_scores, nullptr, p.args)); });
        gm_clip_scores_args again = p.args;
        again.loss = loss.get();
        again.score = score.get();
        check::with_threads(2, [&] { CHECK_OK(GM_CALL(gm_clip_scores, nullptr, again)); });
        CHECK(check::same_bits(p.loss, loss));
        CHECK(check::same_bits(p.score, score));
    }
}

TEST(what_is_not_finite_is_counted) {
    for (const gm_queue *queue : {static_cast<const gm_queue *>(nullptr), &check::reference_queue()}) {
        for (double bad : {static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
            Problem p(random, GM_CONTRASTIVE_SOFTMAX, GM_F32, 7, 5);
            p.image.set(bad, 3, 2);
            CHECK_OK(GM_CALL(gm_clip_scores, queue, p.args));
            CHECK(p.non_finite == 7);  // every text is compared with that image
            for (int64_t i = 0; i < 7; i++) CHECK(std::isnan(p.score.at(i)));
        }
        Problem none(random, GM_CONTRASTIVE_SIGMOID, GM_F32, 4, 5);
        for (int64_t e = 0; e < 5; e++) none.text.set(0, 1, e);
        CHECK_OK(GM_CALL(gm_clip_scores, queue, none.args));
        CHECK(none.non_finite == 4);
        Problem lost(random, GM_CONTRASTIVE_SOFTMAX, GM_F32, 4, 5);
        lost.logit_terms[0] = NAN;
        CHECK_OK(GM_CALL(gm_clip_scores, queue, lost.args));
        CHECK(lost.non_finite == 4);
        Problem still(random, GM_CONTRASTIVE_SOFTMAX, GM_F32, 4, 5);
        still.norm_squared = 0;
        CHECK_OK(GM_CALL(gm_clip_scores, queue, still.args));
        for (int64_t i = 0; i < 4; i++) CHECK(still.score.at(i) == 0);
    }
}

TEST(refuses_by_name) {
    Problem p(random, GM_CONTRASTIVE_SOFTMAX, GM_F32, 3, 4);
    Array other(GM_F32, {3, 5});
    gm_clip_scores_args args = p.args;
    args.text = other.get();
    CHECK_REFUSED(GM_CALL(gm_clip_scores, nullptr, args), GM_INVALID_ARGUMENT,
                  "gm_clip_scores: text has the shape [3, 5], expected [3, 4]");
    args = p.args;
    args.image_tangent = other.get();
    CHECK_REFUSED(GM_CALL(gm_clip_scores, nullptr, args), GM_INVALID_ARGUMENT, "image_tangent has the shape");
    args = p.args;
    args.logit_terms = nullptr;
    CHECK_REFUSED(GM_CALL(gm_clip_scores, nullptr, args), GM_INVALID_ARGUMENT, "logit_terms is missing");
    args = p.args;
    args.loss_kind = 2;
    CHECK_REFUSED(GM_CALL(gm_clip_scores, nullptr, args), GM_INVALID_ARGUMENT, "loss_kind is 2");
    args = p.args;
    args.score = other.get();
    CHECK_REFUSED(GM_CALL(gm_clip_scores, nullptr, args), GM_INVALID_ARGUMENT,
                  "score has the shape [3, 5], expected [3]");
    args = p.args;
    size_t bytes = 0;
    CHECK_OK(gm_clip_scores_workspace_size(nullptr, &args, &bytes));
    std::vector<char> workspace(bytes);
    CHECK_REFUSED(gm_clip_scores(nullptr, &args, workspace.data(), 64), GM_INVALID_ARGUMENT,
                  "workspace of 64 bytes is too small");
}
