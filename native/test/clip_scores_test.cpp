#include "products.h"

using check::Array;

namespace {

struct Problem {
    int64_t B, E;
    Array image, text, image_tangent, text_tangent, loss, score;
    double norm_squared = 2.25;
    int64_t non_finite = -1;
    gm_clip_scores_args args{};
    Problem(check::Random &random, int32_t kind, int32_t dtype, int64_t rows, int64_t width, double spread = 1)
        : B(rows), E(width),
          image(dtype, {B, E}, check::any_of(random, {0, 3})), text(dtype, {B, E}), image_tangent(dtype, {B, E}),
          text_tangent(dtype, {B, E}, 1), loss(GM_F32, {B}), score(GM_F32, {B}) {
        image.normal(random);
        // Pairs that resemble each other, as training makes them.
        text.fill([] { return 0.0; });
        std::normal_distribution<double> draw(0, 1);
        for (int64_t i = 0; i < B; i++) {
            for (int64_t e = 0; e < E; e++) text.set(image.at(i, e) + spread * draw(random), i, e);
        }
        image_tangent.normal(random);
        text_tangent.normal(random);
        args.image = image.get();
        args.text = text.get();
        args.image_tangent = image_tangent.get();
        args.text_tangent = text_tangent.get();
        args.scale = kind == GM_CONTRASTIVE_SIGMOID ? 10 : 14;
        args.bias = kind == GM_CONTRASTIVE_SIGMOID ? -10 : 0;
        args.scale_tangent = 0.7;
        args.bias_tangent = kind == GM_CONTRASTIVE_SIGMOID ? 0.3 : 0;
        args.direction_norm_squared = &norm_squared;
        args.loss_kind = kind;
        args.loss = loss.get();
        args.score = score.get();
        args.non_finite = &non_finite;
    }
    Problem(const Problem &) = delete;
};

}  // namespace

TEST(agrees_with_the_reference) {
    for (int32_t kind : {GM_CONTRASTIVE_SOFTMAX, GM_CONTRASTIVE_SIGMOID}) {
        for (int64_t B : {0, 1, 2, 5, 16, 95, 97, 129, 300}) {
            Problem p(random, kind, check::any_dtype(random), B, check::any_of(random, {1, 7, 16, 33, 64}), B == 16 ? 0.05 : 1);
            if (B == 5) p.args.image_tangent.data = nullptr;
            if (B == 2) p.args.text_tangent.data = p.args.image_tangent.data = nullptr;
            Array loss(GM_F64, {B}), score(GM_F64, {B});
            CHECK_OK(GM_CALL(gm_clip_scores, nullptr, p.args));
            CHECK(p.non_finite == 0);
            gm_clip_scores_args slow = p.args;
            slow.loss = loss.get();
            slow.score = score.get();
            CHECK_OK(GM_CALL(gm_clip_scores, &check::reference_queue(), slow));
            for (int64_t i = 0; i < B; i++) {
                // A logit of up to scale is off by a few roundings of itself, which an exponent turns into a relative
                // error: 14 x 2^-24 x a few. Derivatives are sums of terms of up to scale |tangent|/|f|.
                const double relative = 40 * 14 * check::unit_roundoff(GM_F32);
                CHECK_CLOSE(p.loss.at(i), loss.at(i), relative * loss.at(i) + 1e-30, "loss " + std::to_string(i));
                CHECK_CLOSE(p.score.at(i), score.at(i), relative * (std::fabs(score.at(i)) + 14 * (p.E < 16 ? 50 : 2)),
                            "score " + std::to_string(i) + " of " + std::to_string(B) + ", E = " + std::to_string(p.E));
            }
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
            moved.scale += sign * step * p.args.scale_tangent;
            moved.bias += sign * step * p.args.bias_tangent;
            moved.loss = (sign > 0 ? ahead : behind).get();
            moved.score.data = nullptr;
            CHECK_OK(GM_CALL(gm_clip_scores, &check::reference_queue(), moved));
        }
        for (int64_t i = 0; i < 6; i++) {
            // Third derivatives of order scale^3 times step^2, rounding 1e-16/step, over |V| = 1.5.
            CHECK_CLOSE(score.at(i), (behind.at(i) - ahead.at(i)) / (2 * step * 1.5), 1e-6, "score " + std::to_string(i));
        }
    }
}

TEST(small_losses_keep_their_digits) {
    Problem p(random, GM_CONTRASTIVE_SOFTMAX, GM_F32, 40, 64, 0.02);
    p.args.scale = 60;
    Array loss(GM_F64, {40});
    CHECK_OK(GM_CALL(gm_clip_scores, nullptr, p.args));
    gm_clip_scores_args slow = p.args;
    slow.loss = loss.get();
    slow.score.data = nullptr;
    CHECK_OK(GM_CALL(gm_clip_scores, &check::reference_queue(), slow));
    for (int64_t i = 0; i < 40; i++) {
        CHECK(loss.at(i) < 1e-3);
        CHECK_CLOSE(p.loss.at(i), loss.at(i), 40 * 60 * check::unit_roundoff(GM_F32) * loss.at(i), "loss " + std::to_string(i));
    }
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
    CHECK_REFUSED(GM_CALL(gm_clip_scores, nullptr, args), GM_INVALID_ARGUMENT, "gm_clip_scores: text has the shape [3, 5], expected [3, 4]");
    args = p.args;
    args.image_tangent = other.get();
    CHECK_REFUSED(GM_CALL(gm_clip_scores, nullptr, args), GM_INVALID_ARGUMENT, "image_tangent has the shape");
    args = p.args;
    args.scale = NAN;
    CHECK_REFUSED(GM_CALL(gm_clip_scores, nullptr, args), GM_INVALID_ARGUMENT, "scale is nan");
    args = p.args;
    args.loss_kind = 2;
    CHECK_REFUSED(GM_CALL(gm_clip_scores, nullptr, args), GM_INVALID_ARGUMENT, "loss_kind is 2");
    args = p.args;
    args.score = other.get();
    CHECK_REFUSED(GM_CALL(gm_clip_scores, nullptr, args), GM_INVALID_ARGUMENT, "score has the shape [3, 5], expected [3]");
    args = p.args;
    size_t bytes = 0;
    CHECK_OK(gm_clip_scores_workspace_size(nullptr, &args, &bytes));
    std::vector<char> workspace(bytes);
    CHECK_REFUSED(gm_clip_scores(nullptr, &args, workspace.data(), 64), GM_INVALID_ARGUMENT, "workspace of 64 bytes is too small");
}
