// gm_mimic_weights and its two halves on GM_CPU against GM_REFERENCE, and their definitions.
#include "mimic_weights_problem.h"

namespace {

const int32_t kSoftmaxKinds[] = {GM_NORMED_PROJ, GM_NORMED_COS, GM_GRAND, GM_RHO};

double sum(const Array &values) {
    double total = 0;
    for (int64_t i = 0; i < values.extent(0); i++) total += values.at(i);
    return total;
}

// The objective that opt minimises, sum |w_i n_i - D| + lambda |w|, along w + step e_j.
double objective(const Scores &s, const std::vector<double> &w, double lambda) {
    const double distance = std::sqrt(s.norm_squared);
    double total = 0, squares = 0;
    for (int64_t i = 0; i < s.B; i++) {
        const double x = w[static_cast<size_t>(i)], p = s.norm.at(i);
        total += std::sqrt(x * x * p * p - 2 * x * s.score.at(i) * distance + distance * distance);
        squares += x * x;
    }
    return total + lambda * std::sqrt(squares);
}

}  // namespace

TEST(agrees_with_the_reference) {
    for (int round = 0; round < 180; round++) {
        const int32_t kind = static_cast<int32_t>(round % 9);
        const int64_t B = check::any_of(random, {0, 1, 2, 33, 500});
        Scores s(random, B, {kind, 0, static_cast<double>(check::any_of(random, {1, 2})) / 4, 0});
        CHECK_OK(GM_CALL(gm_mimic_weights, nullptr, s.args));
        Array exact(GM_F64, {B});
        int64_t exact_non_finite = -1;
        s.args.weight = exact.get();
        s.args.non_finite = &exact_non_finite;
        CHECK_OK(GM_CALL(gm_mimic_weights, &check::reference_queue(), s.args));
        CHECK(s.non_finite == 0 && exact_non_finite == 0);
        // Both work in double; the fast one's output is rounded to f32.
        for (int64_t i = 0; i < B; i++)
            CHECK_CLOSE(s.weight.at(i), exact.at(i), check::unit_roundoff(GM_F32) * std::fabs(exact.at(i)) + 1e-38,
                        "weight");
    }
}

TEST(definitions_by_hand) {
    Scores s(random, 4, {GM_PROJ, 0, 1, 0});
    const double m[] = {1, -2, 0, 0.5}, n[] = {2, 4, 0, 1};
    for (int64_t i = 0; i < 4; i++) {
        s.score.set(m[i], i);
        s.norm.set(n[i], i);
    }
    s.norm_squared = 9;
    auto expect = [&](gm_weighting weighting, double a, double b, double c, double d) {
        s.args.weighting = weighting;
        for (const gm_queue *queue : {static_cast<const gm_queue *>(nullptr), &check::reference_queue()}) {
            CHECK_OK(GM_CALL(gm_mimic_weights, queue, s.args));
            const double expected[] = {a, b, c, d};
            for (int64_t i = 0; i < 4; i++)
                CHECK_CLOSE(s.weight.at(i), expected[i], 1e-7, "weight " + std::to_string(i));
        }
    };
    expect({GM_UNIFORM, 0, 1, 0}, 0.25, 0.25, 0.25, 0.25);
    expect({GM_PROJ, 0, 1, 0}, 1, -2, 0, 0.5);
    expect({GM_COS, 0, 1, 0}, 0.5, -0.5, 0, 0.5);
    expect({GM_OPT, 0, 1, 0}, 0.75, -0.375, 0, 1.5);  // m |V| / |g|^2
    expect({GM_AGRA, 0, 1, 0}, 0.5, 0, 0, 0.5);
    const double e[] = {std::exp(2.0), std::exp(-4.0), 1, std::exp(1.0)}, total = e[0] + e[1] + e[2] + e[3];
    expect({GM_NORMED_PROJ, 0, 0.5, 0}, e[0] / total, e[1] / total, e[2] / total, e[3] / total);
    const double c[] = {std::exp(0.5), std::exp(-0.5), 1, std::exp(0.5)}, cosines = c[0] + c[1] + c[2] + c[3];
    expect({GM_NORMED_COS, 0, 1, 0}, c[0] / cosines, c[1] / cosines, c[2] / cosines, c[3] / cosines);
    const double g[] = {std::exp(2.0), std::exp(4.0), 1, std::exp(1.0)}, norms = g[0] + g[1] + g[2] + g[3];
    expect({GM_GRAND, 0, 1, 0}, g[0] / norms, g[1] / norms, g[2] / norms, g[3] / norms);
    const double r[] = {std::exp(1.0), std::exp(-2.0), 1, std::exp(0.5)}, losses = r[0] + r[1] + r[2] + r[3];
    expect({GM_RHO, 0, 1, 0}, r[0] / losses, r[1] / losses, r[2] / losses, r[3] / losses);
    for (int64_t i = 0; i < 4; i++) s.score.set(-1, i);
    expect({GM_AGRA, 0, 1, 0}, 0.25, 0.25, 0.25, 0.25);  // none points the same way
}

TEST(softmax_weights_sum_to_one_and_ignore_a_shift) {
    for (const int32_t kind : kSoftmaxKinds) {
        Scores s(random, 1000, {kind, 0, 0.1, 0});
        CHECK_OK(GM_CALL(gm_mimic_weights, nullptr, s.args));
        CHECK_CLOSE(sum(s.weight), 1, check::unit_roundoff(GM_F32), "each weight is rounded to f32 once");
    }
    Scores s(random, 50, {GM_NORMED_PROJ, 0, 1, 0});
    s.score.fill([&] { return static_cast<double>(std::uniform_int_distribution<int>(-64, 64)(random)) / 16; });
    CHECK_OK(GM_CALL(gm_mimic_weights, nullptr, s.args));
    const Array before(s.weight);
    for (int64_t i = 0; i < 50; i++) s.score.set(s.score.at(i) + 1000, i);  // exact in f32
    CHECK_OK(GM_CALL(gm_mimic_weights, nullptr, s.args));
    for (int64_t i = 0; i < 50; i++) CHECK(before.at(i) == s.weight.at(i));
}

TEST(huge_scores_do_not_overflow) {
    Scores s(random, 3, {GM_NORMED_PROJ, 0, 1e-3, 0});
    s.score.set(3e38, 0);
    s.score.set(-3e38, 1);
    s.score.set(0, 2);
    CHECK_OK(GM_CALL(gm_mimic_weights, nullptr, s.args));
    CHECK(s.weight.at(0) == 1 && s.weight.at(1) == 0 && s.weight.at(2) == 0);
}

TEST(non_finite_samples_get_nothing) {
    for (int32_t kind = GM_UNIFORM; kind <= GM_RHO; kind++) {
        for (const gm_queue *queue : {static_cast<const gm_queue *>(nullptr), &check::reference_queue()}) {
            const bool by_norm = kind == GM_GRAND, any = kind != GM_UNIFORM;
            Scores s(random, 20, {kind, 0, 1, 0});
            for (const int64_t i : {3, 11, 19}) (by_norm ? s.norm : s.score).set(i == 11 ? kInfinity : kNaN, i);
            if (kind == GM_COS || kind == GM_NORMED_COS || kind == GM_OPT) {
                s.norm.set(0, 3);          // a cosine of 0 by definition does not hide a NaN score
                s.norm.set(kInfinity, 7);  // nor does an infinite norm make one
            }
            CHECK_OK(GM_CALL(gm_mimic_weights, queue, s.args));
            const int64_t expected = !any ? 0 : std::isinf(s.norm.at(7)) ? 4 : 3;
            CHECK(s.non_finite == expected);
            for (const int64_t i : {3, 11, 19}) CHECK(!any || s.weight.at(i) == 0);
            if (kind == GM_NORMED_PROJ || kind == GM_NORMED_COS || kind == GM_GRAND || kind == GM_RHO ||
                kind == GM_UNIFORM) {
                CHECK_CLOSE(sum(s.weight), 1, 2 * check::unit_roundoff(GM_F32), "the others' weights");
            }
        }
    }
    Scores s(random, 3, {GM_NORMED_PROJ, 0, 1, 0});
    s.score.fill([] { return kNaN; });
    CHECK_REFUSED(GM_CALL(gm_mimic_weights, nullptr, s.args), GM_NON_FINITE,
                  "gm_mimic_weights: none of the 3 samples has a finite score");
    CHECK_REFUSED(GM_CALL(gm_mimic_weights, &check::reference_queue(), s.args), GM_NON_FINITE, "none of the 3 samples");
}

TEST(two_halves_over_ranks_equal_the_whole) {
    for (const gm_queue *queue : {static_cast<const gm_queue *>(nullptr), &check::reference_queue()}) {
        for (const int32_t kind : kSoftmaxKinds) {
            const int64_t B = 90;
            Scores whole(random, B, {kind, 0, 0.3, 0});
            for (const int64_t i : {4, 50}) (kind == GM_GRAND ? whole.norm : whole.score).set(kNaN, i);
            for (int64_t i = 60; i < 70; i++)
                (kind == GM_GRAND ? whole.norm : whole.score).set(kNaN, i);  // all of one rank
            CHECK_OK(GM_CALL(gm_mimic_weights, queue, whole.args));
            const int64_t ends[] = {0, 1, 60, 70, 70, B};  // one sample, many, none finite, none at all, many
            std::vector<double> parts;
            Array split(GM_F32, {B});
            double max = -kInfinity, total = 0;
            int64_t non_finite = 0;
            auto rank = [&](int r, auto body) {
                gm_mimic_weights_args args = whole.args;
                int64_t left_out = 0;
                args.non_finite = &left_out;
                args.weight = split.get();
                for (gm_array *array : {&args.score, &args.gradient_norm, &args.weight}) {
                    array->data = static_cast<float *>(array->data) + ends[r];
                    array->shape[0] = ends[r + 1] - ends[r];
                }
                body(args);
                non_finite += left_out;
            };
            for (int r = 0; r < 5; r++) {
                rank(r, [&](gm_mimic_weights_args &args) {
                    double max_and_sum[2];
                    CHECK_OK(gm_mimic_weights_reduce(queue, &args, max_and_sum));
                    parts.insert(parts.end(), max_and_sum, max_and_sum + 2);
                    max = std::max(max, max_and_sum[0]);
                });
            }
            CHECK(non_finite == 12 && whole.non_finite == 12);
            CHECK(parts[4] == -kInfinity && parts[5] == 0 && parts[6] == -kInfinity && parts[7] == 0);
            for (size_t r = 0; r < 5; r++) total += parts[2 * r + 1] * std::exp(parts[2 * r] - max);
            const double both[2] = {max, total};
            for (int r = 0; r < 5; r++)
                rank(r, [&](gm_mimic_weights_args &args) { CHECK_OK(gm_mimic_weights_apply(queue, &args, both)); });
            for (int64_t i = 0; i < B; i++) {
                CHECK_CLOSE(split.at(i), whole.weight.at(i), 2 * check::unit_roundoff(GM_F32) * whole.weight.at(i),
                            "weight");
            }
        }
    }
}

TEST(penalised_weights_agree_and_are_optimal) {
    for (int round = 0; round < 30; round++) {
        const int64_t B = check::any_of(random, {1, 2, 20});
        Scores s(random, B, {GM_OPT, 0, 1, 0});
        double pull = 0;  // with lambda beyond it w = 0
        for (int64_t i = 0; i < B; i++) pull += s.score.at(i) * s.score.at(i);
        s.args.weighting.lambda =
            std::sqrt(pull) * static_cast<double>(check::any_of(random, {1, 30, 70, 95, 99, 101, 200})) / 100;
        if (B > 1 && round % 4 == 0) s.norm.set(0, 1), s.score.set(0, 1);
        CHECK_OK(GM_CALL(gm_mimic_weights, nullptr, s.args));
        Array exact(GM_F64, {B});
        gm_mimic_weights_args args = s.args;
        args.weight = exact.get();
        CHECK_OK(GM_CALL(gm_mimic_weights, &check::reference_queue(), args));
        double largest = 0;
        std::vector<double> w;
        for (int64_t i = 0; i < B; i++) {
            w.push_back(exact.at(i));
            largest = std::max(largest, std::fabs(exact.at(i)));
        }
        // The reference's slope is a difference of squares, good to 1e-7 or so where a weight is nearly free.
        for (int64_t i = 0; i < B; i++) CHECK_CLOSE(s.weight.at(i), exact.at(i), 2e-6 * largest + 1e-12, "weight");
        // First order: no direction leads downhill. Steps of 1e-4 see slopes of 1e-6 above rounding.
        const double best = objective(s, w, s.args.weighting.lambda), step = 1e-4;
        for (int64_t i = 0; i < B; i++) {
            for (const double sign : {-1.0, 1.0}) {
                std::vector<double> moved = w;
                moved[static_cast<size_t>(i)] += sign * step;
                CHECK(objective(s, moved, s.args.weighting.lambda) >= best - 1e-12 * static_cast<double>(B + 1));
            }
        }
        std::vector<double> shrunk = w, grown = w;
        for (double &x : shrunk) x *= 1 - step;
        for (double &x : grown) x *= 1 + step;
        CHECK(objective(s, shrunk, s.args.weighting.lambda) >= best - 1e-12 * static_cast<double>(B + 1));
        CHECK(objective(s, grown, s.args.weighting.lambda) >= best - 1e-12 * static_cast<double>(B + 1));
        if (s.args.weighting.lambda > 1.001 * std::sqrt(pull)) CHECK(largest == 0);
    }
}

TEST(parallel_gradients_need_no_special_case) {
    // |m| = |g|: the gradient points exactly at the reference, and w n = D has a corner there.
    Scores s(random, 3, {GM_OPT, 0, 1, 0.5});
    for (int64_t i = 0; i < 3; i++) {
        s.norm.set(2, i);
        s.score.set(i == 1 ? -2 : 2, i);
    }
    s.norm_squared = 4;
    CHECK_OK(GM_CALL(gm_mimic_weights, nullptr, s.args));
    // Slope 2 per unit of w against lambda / sqrt(3) each: the corner w = |D|/|n| = 1 holds.
    for (int64_t i = 0; i < 3; i++) CHECK_CLOSE(s.weight.at(i), i == 1 ? -1 : 1, 1e-6, "weight");
}

TEST(refuses_by_name) {
    Scores s(random, 4, {GM_NORMED_COS, 0, 1, 0});
    Array five(GM_F32, {5}), half(GM_F16, {4});
    const gm_mimic_weights_args good = s.args;
    auto refused = [&](const char *message, auto change) {
        gm_mimic_weights_args args = good;
        change(args);
        CHECK_REFUSED(GM_CALL(gm_mimic_weights, nullptr, args), GM_INVALID_ARGUMENT, message);
    };
    refused("gm_mimic_weights: weighting normed_cos needs score", [](auto &a) { a.score.data = nullptr; });
    refused("weighting normed_cos needs gradient_norm", [](auto &a) { a.gradient_norm.data = nullptr; });
    refused("gradient_norm has the shape [5], expected [4]", [&](auto &a) { a.gradient_norm = five.get(); });
    refused("score is f16; f32 is expected", [&](auto &a) { a.score = half.get(); });
    refused("weight is NULL", [](auto &a) { a.weight.data = nullptr; });
    refused("weight has the shape [5], expected [4]", [&](auto &a) { a.weight = five.get(); });
    refused("weighting opt needs direction_norm_squared", [](auto &a) {
        a.weighting.kind = GM_OPT;
        a.direction_norm_squared = nullptr;
    });
    refused("weighting.kind is -1", [](auto &a) { a.weighting.kind = -1; });
    refused("weighting.temperature is -1", [](auto &a) { a.weighting.temperature = -1; });
    refused("weighting.rho_attached belongs to gm_head_step", [](auto &a) { a.weighting = {GM_RHO, 1, 1, 0}; });
    refused("score is NULL", [](auto &a) {
        a.weighting.kind = GM_UNIFORM;
        a.score.data = a.gradient_norm.data = nullptr;
    });
    double max_and_sum[2];
    gm_mimic_weights_args proj = good;
    proj.weighting.kind = GM_PROJ;
    CHECK_REFUSED(gm_mimic_weights_reduce(nullptr, &proj, max_and_sum), GM_INVALID_ARGUMENT,
                  "gm_mimic_weights_reduce: weighting proj is no softmax");
    CHECK_REFUSED(gm_mimic_weights_apply(nullptr, &good, nullptr), GM_INVALID_ARGUMENT,
                  "gm_mimic_weights_apply: args and max_and_sum may not be NULL");
    CHECK_REFUSED(gm_mimic_weights(nullptr, &good, nullptr, 0), GM_INVALID_ARGUMENT,
                  "the workspace of 0 bytes is too small");
}
