// Random problems for gm_clip_scores, and how far a fast path may be from the reference on them.
#pragma once

#include "products.h"

using check::Array;

namespace {

struct Problem {
    int64_t B, E;
    Array image, text, image_tangent, text_tangent, loss, score;
    double logit_terms[4] = {14, 0, 0, 0};  // scale, bias, and their tangents
    double norm_squared = 2.25;
    int64_t non_finite = -1;
    gm_clip_scores_args args{};
    Problem(check::Random &random, int32_t kind, int32_t dtype, int64_t rows, int64_t width, double spread = 1)
        : B(rows), E(width), image(dtype, {B, E}, check::any_of(random, {0, 3})), text(dtype, {B, E}),
          image_tangent(dtype, {B, E}), text_tangent(dtype, {B, E}, 1), loss(GM_F32, {B}), score(GM_F32, {B}) {
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
        logit_terms[2] = 0.7;
        if (kind == GM_CONTRASTIVE_SIGMOID) {
            logit_terms[0] = 10;
            logit_terms[1] = -10;
            logit_terms[3] = 0.3;
        }
        args.logit_terms = logit_terms;
        args.direction_norm_squared = &norm_squared;
        args.loss_kind = kind;
        args.loss = loss.get();
        args.score = score.get();
        args.non_finite = &non_finite;
    }
    Problem(const Problem &) = delete;
};

// The largest |tangent_i| / |feature_i|, 0 without tangents.
double fastest(const Array &feature, const Array &tangent, const gm_array &given) {
    double largest = 0;
    for (int64_t i = 0; given.data && i < feature.extent(0); i++) {
        double norm = 0, moved = 0;
        for (int64_t e = 0; e < feature.extent(1); e++) {
            norm = std::hypot(norm, feature.at(i, e));
            moved = std::hypot(moved, tangent.at(i, e));
        }
        largest = std::fmax(largest, moved / norm);
    }
    return largest;
}

// p's outputs against the reference's for p's arguments.
void compare(const Problem &p) {
    Array loss(GM_F64, {p.B}), score(GM_F64, {p.B});
    int64_t non_finite = -1;
    gm_clip_scores_args slow = p.args;
    slow.loss = loss.get();
    slow.score = score.get();
    slow.non_finite = &non_finite;
    CHECK_OK(GM_CALL(gm_clip_scores, &check::reference_queue(), slow));
    CHECK(p.non_finite == non_finite);
    // Sample i is compared with all others: a short feature, whose tangent counts the more, is in everybody's score.
    const double terms = p.logit_terms[0] * (fastest(p.image, p.image_tangent, p.args.image_tangent) +
                                             fastest(p.text, p.text_tangent, p.args.text_tangent));
    for (int64_t i = 0; i < p.B; i++) {
        // A logit of up to scale is off by a few roundings of itself, which an exponent turns into a relative
        // error: scale x 2^-24 x a few. Scores are sums of terms of up to scale |tangent|/|f|, and of the
        // tangents of scale and bias.
        const double relative = 40 * std::fmax(14, p.logit_terms[0]) * check::unit_roundoff(GM_F32);
        CHECK_CLOSE(p.loss.at(i), loss.at(i), relative * loss.at(i) + 1e-30, "loss " + std::to_string(i));
        CHECK_CLOSE(p.score.at(i), score.at(i), relative * (std::fabs(score.at(i)) + terms + 1),
                    "score " + std::to_string(i) + " of " + std::to_string(p.B) + ", E = " + std::to_string(p.E));
    }
}

}  // namespace
