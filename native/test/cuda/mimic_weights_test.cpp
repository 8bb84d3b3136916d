// gm_mimic_weights and its two halves on GM_CUDA against GM_REFERENCE.
#include "../mimic_weights_problem.h"
#include "device.h"

namespace {

// Everything is double but a softmax's exponential, which is float's (3 roundings), and the result.
double bound(int32_t kind, double weight) {
    const bool softmax = kind == GM_NORMED_PROJ || kind == GM_NORMED_COS || kind == GM_GRAND || kind == GM_RHO;
    return check::unit_roundoff(GM_F32) * (softmax ? 12 : 1) * std::fabs(weight) + 1e-38;
}

void compare(check::Random &random, Scores &s) {
    Array exact(GM_F64, {s.B});
    int64_t exact_non_finite = -1;
    gm_mimic_weights_args args = s.args;
    args.weight = exact.get();
    args.non_finite = &exact_non_finite;
    CHECK_OK(GM_DEVICE_CALL(gm_mimic_weights, s.args));
    CHECK_OK(GM_CALL(gm_mimic_weights, &check::reference_queue(), args));
    CHECK(s.non_finite == exact_non_finite);
    for (int64_t i = 0; i < s.B; i++)
        CHECK_CLOSE(s.weight.at(i), exact.at(i), bound(s.args.weighting.kind, exact.at(i)),
                    "weight " + std::to_string(i));
}

}  // namespace

TEST(mimic_weights_agrees_with_the_reference) {
    for (int round = 0; round < 36; round++) {
        const int32_t kind = static_cast<int32_t>(round % 9);
        Scores s(random, check::any_of(random, {0, 1, 2, 33, 1030}),
                 {kind, 0, static_cast<double>(check::any_of(random, {1, 2})) / 4, 0});
        compare(random, s);
    }
    for (const int32_t kind : {GM_NORMED_PROJ, GM_AGRA}) {
        Scores s(random, 5000, {kind, 0, 0.1, 0});
        compare(random, s);
    }
}

TEST(mimic_weights_leaves_out_what_is_not_finite) {
    for (int32_t kind = GM_UNIFORM; kind <= GM_RHO; kind++) {
        Scores s(random, 20, {kind, 0, 1, 0});
        for (const int64_t i : {3, 11, 19}) (kind == GM_GRAND ? s.norm : s.score).set(i == 11 ? kInfinity : kNaN, i);
        if (kind == GM_COS || kind == GM_NORMED_COS || kind == GM_OPT) {
            s.norm.set(0, 3);          // a cosine of 0 by definition does not hide a NaN score
            s.norm.set(kInfinity, 7);  // nor does an infinite norm make one
            s.norm.set(0, 8);
        }
        compare(random, s);
    }
}

TEST(mimic_weights_of_no_finite_score_are_zero) {
    for (int32_t kind = GM_PROJ; kind <= GM_RHO; kind++) {
        Scores s(random, 40, {kind, 0, 1, 0.5});
        s.score.fill([] { return kNaN; });
        s.norm.fill([] { return kInfinity; });
        s.weight.fill([] { return 7; });
        CHECK_OK(GM_DEVICE_CALL(gm_mimic_weights, s.args));
        CHECK(s.non_finite == 40);
        for (int64_t i = 0; i < 40; i++) CHECK(s.weight.at(i) == 0);
    }
}

TEST(mimic_weights_of_huge_scores_do_not_overflow) {
    Scores s(random, 3, {GM_NORMED_PROJ, 0, 1e-3, 0});
    s.score.set(3e38, 0);
    s.score.set(-3e38, 1);
    s.score.set(0, 2);
    CHECK_OK(GM_DEVICE_CALL(gm_mimic_weights, s.args));
    CHECK(s.weight.at(0) == 1 && s.weight.at(1) == 0 && s.weight.at(2) == 0);
}

TEST(mimic_weights_with_a_penalty_agree) {
    for (int round = 0; round < 8; round++) {
        const int64_t B = check::any_of(random, {1, 2, 20});
        Scores s(random, B, {GM_OPT, 0, 1, 0});
        double pull = 0;  // with lambda beyond it w = 0
        for (int64_t i = 0; i < B; i++) pull += s.score.at(i) * s.score.at(i);
        s.args.weighting.lambda =
            std::sqrt(pull) * static_cast<double>(check::any_of(random, {1, 30, 70, 99, 101, 200})) / 100;
        if (B > 1 && round % 4 == 0) s.norm.set(0, 1), s.score.set(0, 1);
        Array exact(GM_F64, {B});
        gm_mimic_weights_args args = s.args;
        args.weight = exact.get();
        CHECK_OK(GM_DEVICE_CALL(gm_mimic_weights, s.args));
        CHECK_OK(GM_CALL(gm_mimic_weights, &check::reference_queue(), args));
        double largest = 0;
        for (int64_t i = 0; i < B; i++) largest = std::max(largest, std::fabs(exact.at(i)));
        // The reference's slope is a difference of squares, good to 1e-7 or so where a weight is nearly free.
        for (int64_t i = 0; i < B; i++) CHECK_CLOSE(s.weight.at(i), exact.at(i), 2e-6 * largest + 1e-12, "weight");
    }
}

TEST(mimic_weights_in_two_halves_equal_the_whole) {
    for (const int32_t kind : {GM_NORMED_PROJ, GM_NORMED_COS, GM_GRAND, GM_RHO}) {
        const int64_t B = 90;
        Scores whole(random, B, {kind, 0, 0.3, 0});
        for (int64_t i = 60; i < 70; i++)
            (kind == GM_GRAND ? whole.norm : whole.score).set(kNaN, i);  // all of one rank
        CHECK_OK(GM_DEVICE_CALL(gm_mimic_weights, whole.args));
        const int64_t ends[] = {0, 1, 60, 70, 70, B};  // one sample, many, none finite, none at all, many
        std::vector<double> parts(10, NAN);
        Array split(GM_F32, {B});
        auto rank = [&](int r, auto body) {
            gm_mimic_weights_args args = whole.args;
            int64_t left_out = 0;
            args.non_finite = &left_out;
            args.weight = split.get();
            for (gm_array *array : {&args.score, &args.gradient_norm, &args.weight}) {
                array->data = static_cast<float *>(array->data) + ends[r];
                array->shape[0] = ends[r + 1] - ends[r];
            }
            check::new_order(random);
            check::Device device;
            check::move(device, args);
            body(args, device);
            check::ran(cudaStreamSynchronize(check::stream_of_tests()));
            device.fetch();
            return left_out;
        };
        int64_t non_finite = 0;
        double max = -kInfinity, total = 0;
        for (int r = 0; r < 5; r++) {
            non_finite += rank(r, [&](gm_mimic_weights_args &args, check::Device &device) {
                double *max_and_sum = parts.data() + 2 * r;
                device.move(max_and_sum, 2);
                CHECK_OK(gm_mimic_weights_reduce(&check::cuda_queue(), &args, max_and_sum));
            });
            max = std::max(max, parts[2 * static_cast<size_t>(r)]);
        }
        CHECK(non_finite == 10 && whole.non_finite == 10);
        CHECK(parts[4] == -kInfinity && parts[5] == 0 && parts[6] == -kInfinity && parts[7] == 0);
        for (size_t r = 0; r < 5; r++) total += parts[2 * r + 1] * std::exp(parts[2 * r] - max);
        const double both[2] = {max, total};
        for (int r = 0; r < 5; r++) {
            rank(r, [&](gm_mimic_weights_args &args, check::Device &device) {
                const double *max_and_sum = both;
                device.move(max_and_sum, 2);
                CHECK_OK(gm_mimic_weights_apply(&check::cuda_queue(), &args, max_and_sum));
            });
        }
        for (int64_t i = 0; i < B; i++)
            CHECK_CLOSE(split.at(i), whole.weight.at(i), bound(kind, whole.weight.at(i)), "weight");
    }
}
