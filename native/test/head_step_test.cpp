// gm_head_step on GM_CPU against GM_REFERENCE with f64 outputs, and what must hold whatever computes it.
#include <omp.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "head_step_problem.h"

TEST(agrees_with_the_reference) {
    for (int round = 0; round < 250; round++) {
        const int64_t B = check::any_of(random, {0, 1, 2, 7, 16, 33, 130}),
                      C = check::any_of(random, {1, 2, 7, 10, 16, 17, 95, 96, 97, 100, 1000});
        const int64_t K = check::any_of(random, {1, 1, 2, 3}), padding = check::any_of(random, {0, 0, 3, 16});
        const bool subtract = check::any_of(random, {0, 0, 1}) == 1,
                   biased = !subtract && check::any_of(random, {0, 1}) == 1;
        Head head(random, B, C, K, any_dtype(random), any_dtype(random), biased, subtract, padding);
        const int32_t kind = static_cast<int32_t>(round % 9);
        const bool single = kind == GM_COS || kind == GM_NORMED_COS || kind == GM_OPT;
        head.args.weighting = {kind, static_cast<int32_t>(check::any_of(random, {0, 1})),
                               static_cast<double>(check::any_of(random, {1, 2})), 0};
        head.args.combine = static_cast<int32_t>(
            check::any_of(random, {0, K - 1, single ? 0 : GM_COMBINE_MEAN, single ? 0 : GM_COMBINE_MIN}));
        if (single || kind == GM_AGRA) head.args.combine = 0;
        if (C == 1 && (kind == GM_OPT || kind == GM_COS || kind == GM_NORMED_COS || kind == GM_AGRA))
            continue;  // 0/0 by definition: its own test
        Outputs fast(B, C, K, false, any_dtype(random), any_dtype(random), padding),
            exact(B, C, K, true, GM_F64, GM_F64, padding);
        run_both(head, fast, exact);
        if (kind == GM_AGRA) {  // a jump at 0: fair only if no score is within its error of it
            bool clear = true;
            for (int64_t i = 0; i < B; i++)
                clear = clear && std::fabs(exact.score.at(i, 0)) > head.bounds(i, exact).score[0];
            if (!clear) continue;
        }
        compare(head, fast, exact);
    }
}

TEST(agrees_on_very_many_classes) {
    Head head(random, 3, 100000, 1, GM_F32, GM_BF16, true, false, 5);
    Outputs fast(3, 100000, 1, false, GM_F32, GM_BF16), exact(3, 100000, 1, true, GM_F64, GM_F64);
    run_both(head, fast, exact);
    compare(head, fast, exact);
}

TEST(agrees_on_large_batches) {
    for (const int64_t C : {10, 300}) {
        Head head(random, C == 10 ? 9001 : 2049, C, 1, GM_F32, GM_F32, false, false);
        Outputs fast(head.B, C, 1, false, GM_F32, GM_F32), exact(head.B, C, 1, true, GM_F64, GM_F64);
        run_both(head, fast, exact);
        compare(head, fast, exact);
    }
}

// Any subset of the outputs gives the same numbers as all of them.
TEST(absent_outputs_change_nothing) {
    for (int round = 0; round < 80; round++) {
        const int64_t B = check::any_of(random, {0, 1, 5, 40}), C = check::any_of(random, {3, 10, 130});
        Head head(random, B, C, 1, GM_F32, GM_F32, false, false);
        Outputs all(B, C, 1, false, GM_F32, GM_F32), some(B, C, 1, false, GM_F32, GM_F32);
        all.attach(head.args);
        CHECK_OK(GM_CALL(gm_head_step, nullptr, head.args));
        some.attach(head.args);
        const Array *full[] = {&all.loss,  &all.score,    &all.norm, &all.weight,
                               &all.delta, &all.weighted, &all.mean, &all.sum};
        const Array *part[] = {&some.loss,  &some.score,    &some.norm, &some.weight,
                               &some.delta, &some.weighted, &some.mean, &some.sum};
        gm_array *slots[] = {
            &head.args.loss,  &head.args.score,          &head.args.gradient_norm, &head.args.weight,
            &head.args.delta, &head.args.weighted_delta, &head.args.mean_delta,    &head.args.weighted_delta_sum};
        bool kept[8];
        for (int o = 0; o < 8; o++) {
            kept[o] = check::any_of(random, {0, 1}) == 1;
            if (!kept[o]) *slots[o] = gm_array{};
        }
        if (check::any_of(random, {0, 1}) == 1) head.args.non_finite = nullptr;
        CHECK_OK(GM_CALL(gm_head_step, nullptr, head.args));
        for (int o = 0; o < 8; o++) {
            for (int64_t i = 0; i < full[o]->extent(0); i++) {
                for (int64_t j = 0; j < full[o]->extent(1); j++) {
                    CHECK(part[o]->at(i, j) == (kept[o] ? full[o]->at(i, j) : 0));
                }
            }
        }
    }
}

TEST(delta_may_replace_the_logits) {
    for (int round = 0; round < 60; round++) {
        const int64_t B = check::any_of(random, {1, 6, 50}), C = check::any_of(random, {2, 10, 200});
        const int32_t dtype = any_dtype(random);
        const bool weighted = round % 2 == 0, other = check::any_of(random, {0, 1}) == 1;
        Head head(random, B, C, 1, dtype, GM_F32, false, round % 3 == 0, 4);
        Outputs apart(B, C, 1, false, dtype, dtype, 4), within(B, C, 1, false, dtype, dtype, 4);
        for (Outputs *outputs : {&apart, &within}) {
            outputs->attach(head.args);
            if (!other) (weighted ? head.args.delta : head.args.weighted_delta) = gm_array{};
            if (outputs == &within) (weighted ? head.args.weighted_delta : head.args.delta) = head.logits.get();
            CHECK_OK(GM_CALL(gm_head_step, nullptr, head.args));
        }
        for (int64_t i = 0; i < B; i++) {
            CHECK(within.score.at(i) == apart.score.at(i) && within.weight.at(i) == apart.weight.at(i));
            for (int64_t c = 0; c < C; c++)
                CHECK(head.logits.at(i, c) == (weighted ? apart.weighted : apart.delta).at(i, c));
        }
    }
}

TEST(a_constant_added_to_a_row_changes_nothing) {
    Head head(random, 20, 17, 1, GM_F32, GM_F32, false, false);
    Outputs before(20, 17, 1, false, GM_F32, GM_F32), after(20, 17, 1, false, GM_F32, GM_F32);
    // Multiples of 1/64 below 2^10 and a whole constant: every sum is exact, and so must the scores be.
    head.logits.fill([&] { return static_cast<double>(std::uniform_int_distribution<int>(-600, 600)(random)) / 64; });
    before.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_step, nullptr, head.args));
    for (int64_t i = 0; i < 20; i++) {
        for (int64_t c = 0; c < 17; c++) head.logits.set(head.logits.at(i, c) + static_cast<double>(i) - 7, i, c);
    }
    after.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_step, nullptr, head.args));
    for (int64_t i = 0; i < 20; i++)
        CHECK(before.score.at(i) == after.score.at(i) && before.loss.at(i) == after.loss.at(i));
}

TEST(permuting_the_batch_permutes_the_results) {
    for (const int64_t C : {10, 130}) {
        const int64_t B = 37;
        Head head(random, B, C, 1, GM_F32, GM_F32, true, false), shuffled(random, B, C, 1, GM_F32, GM_F32, true, false);
        std::vector<int64_t> order(static_cast<size_t>(B));
        std::iota(order.begin(), order.end(), 0);
        std::shuffle(order.begin(), order.end(), random);
        for (int64_t i = 0; i < B; i++) {
            const int64_t from = order[static_cast<size_t>(i)];
            shuffled.labels.set(head.labels.at(from), i);
            shuffled.feature_norm_squared.set(head.feature_norm_squared.at(from), i);
            for (int64_t c = 0; c < C; c++) {
                shuffled.logits.set(head.logits.at(from, c), i, c);
                shuffled.u.set(head.u.at(from, 0, c), i, 0, c);
            }
        }
        shuffled.args.bias = head.bias.get();
        shuffled.args.direction_norm_squared = head.args.direction_norm_squared;
        Outputs a(B, C, 1, false, GM_F32, GM_F32), b(B, C, 1, false, GM_F32, GM_F32);
        a.attach(head.args);
        b.attach(shuffled.args);
        CHECK_OK(GM_CALL(gm_head_step, nullptr, head.args));
        CHECK_OK(GM_CALL(gm_head_step, nullptr, shuffled.args));
        for (int64_t i = 0; i < B; i++) {
            const int64_t from = order[static_cast<size_t>(i)];
            CHECK(b.loss.at(i) == a.loss.at(from) && b.score.at(i) == a.score.at(from) &&
                  b.norm.at(i) == a.norm.at(from));
            CHECK_CLOSE(b.weight.at(i), a.weight.at(from), 2 * check::unit_roundoff(GM_F32) * a.weight.at(from),
                        at("weight", i));
            for (int64_t c = 0; c < C; c++) CHECK(b.delta.at(i, c) == a.delta.at(from, c));
        }
    }
}

TEST(softmax_weights_sum_to_one) {
    for (const int32_t kind : {GM_NORMED_PROJ, GM_NORMED_COS, GM_GRAND, GM_RHO}) {
        Head head(random, 300, 10, 1, GM_BF16, GM_F32, false, false);
        head.args.weighting = {kind, 0, 0.5, 0};
        Outputs out(300, 10, 1, false, GM_F32, GM_F32);
        out.attach(head.args);
        CHECK_OK(GM_CALL(gm_head_step, nullptr, head.args));
        double sum = 0;
        for (int64_t i = 0; i < 300; i++) sum += out.weight.at(i);
        CHECK_CLOSE(sum, 1.0, check::unit_roundoff(GM_F32), "each weight is rounded to f32 once");
    }
}

TEST(without_a_direction_scores_are_zero_and_weights_uniform) {
    for (const int64_t C : {10, 130}) {
        Head head(random, 8, C, 1, GM_F32, GM_F32, false, false);
        head.u.fill([] { return 0; });
        head.direction_norm_squared[0] = 0;
        Outputs out(8, C, 1, false, GM_F32, GM_F32);
        out.attach(head.args);
        CHECK_OK(GM_CALL(gm_head_step, nullptr, head.args));
        CHECK(out.non_finite == 0);
        for (int64_t i = 0; i < 8; i++) CHECK(out.score.at(i) == 0 && out.weight.at(i) == 0.125);
    }
}

TEST(a_sample_alone_has_weight_one) {
    for (const int32_t kind : {GM_UNIFORM, GM_NORMED_PROJ, GM_NORMED_COS, GM_GRAND, GM_RHO}) {
        Head head(random, 1, 10, 1, GM_F32, GM_F32, false, false);
        head.args.weighting.kind = kind;
        Outputs out(1, 10, 1, false, GM_F32, GM_F32);
        out.attach(head.args);
        CHECK_OK(GM_CALL(gm_head_step, nullptr, head.args));
        CHECK(out.weight.at(0) == 1);
        for (int64_t c = 0; c < 10; c++) CHECK(out.weighted.at(0, c) == out.delta.at(0, c));
    }
}

TEST(non_finite_samples_are_left_out) {
    for (int round = 0; round < 120; round++) {
        const int64_t B = 40, C = check::any_of(random, {2, 10, 130}), K = check::any_of(random, {1, 2});
        Head head(random, B, C, K, any_dtype(random), GM_F32, round % 2 == 0, false);
        const int32_t kind =
            static_cast<int32_t>(check::any_of(random, {GM_UNIFORM, GM_NORMED_PROJ, GM_GRAND, GM_RHO}));
        head.args.weighting = {kind, 0, 1, 0};
        const double bad = check::any_of(random, {0, 1}) ? kNaN : kInfinity;
        std::vector<bool> spoilt(static_cast<size_t>(B));
        int64_t count = 0;
        for (int64_t i = 0; i < B; i++) {
            if (check::any_of(random, {0, 0, 1}) == 0) continue;
            const int64_t c = std::uniform_int_distribution<int64_t>(0, C - 1)(random);
            // An infinite u needs a gradient to meet: with delta = 0 it is 0 times infinity, NaN as well.
            if (check::any_of(random, {0, 1})) head.logits.set(bad, i, c);
            else head.u.set(bad, i, K - 1, c);
            spoilt[static_cast<size_t>(i)] = true;
            count++;
        }
        Outputs fast(B, C, K, false, GM_F32, any_dtype(random)), exact(B, C, K, true, GM_F64, GM_F64);
        run_both(head, fast, exact);
        CHECK(fast.non_finite == count && exact.non_finite == count);
        double weights = 0;
        std::vector<double> sum(static_cast<size_t>(C));
        for (int64_t i = 0; i < B; i++) {
            weights += fast.weight.at(i);
            const bool out = spoilt[static_cast<size_t>(i)];
            CHECK((fast.weight.at(i) == 0) == out);
            for (int64_t c = 0; c < C; c++) {
                CHECK(std::isfinite(fast.delta.at(i, c)) && std::isfinite(fast.weighted.at(i, c)));
                if (out) CHECK(fast.delta.at(i, c) == 0 && fast.weighted.at(i, c) == 0);
                sum[static_cast<size_t>(c)] += fast.delta.at(i, c);
            }
            for (int64_t k = 0; k < K; k++) CHECK(std::isnan(fast.score.at(i, k)) == std::isnan(exact.score.at(i, k)));
            CHECK(std::isfinite(fast.loss.at(i)) == std::isfinite(exact.loss.at(i)));
        }
        CHECK_CLOSE(weights, 1.0, 4 * check::unit_roundoff(GM_F32), "the others' weights");
        for (int64_t c = 0; c < C; c++) {
            CHECK_CLOSE(fast.mean.at(c), sum[static_cast<size_t>(c)] / static_cast<double>(B),
                        2 * B * check::unit_roundoff(GM_F32), at("mean_delta", c));
        }
    }
}

TEST(minus_infinity_masks_a_class) {
    for (const int64_t C : {5, 120}) {
        Head head(random, 6, C, 1, GM_F32, GM_F32, false, false);
        for (int64_t i = 0; i < 6; i++)
            head.logits.set(-kInfinity, i, (static_cast<int64_t>(head.labels.at(i)) + 1) % C);
        Outputs fast(6, C, 1, false, GM_F32, GM_F32), exact(6, C, 1, true, GM_F64, GM_F64);
        run_both(head, fast, exact);
        CHECK(fast.non_finite == 0);
        for (int64_t i = 0; i < 6; i++) {
            const double relative = check::softmax_relative(0, 110, false, C);
            CHECK_CLOSE(fast.loss.at(i), exact.loss.at(i), check::loss_bound(exact.loss.at(i), relative),
                        at("loss", i));
            CHECK(fast.delta.at(i, (static_cast<int64_t>(head.labels.at(i)) + 1) % C) == 0);
        }
        // The label's own class masked: an infinite loss.
        head.logits.set(-kInfinity, 0, static_cast<int64_t>(head.labels.at(0)));
        CHECK_OK(GM_CALL(gm_head_step, nullptr, head.args));
        CHECK(fast.non_finite == 1 && fast.loss.at(0) == kInfinity && fast.weight.at(0) == 0);
    }
}

TEST(a_batch_without_a_finite_sample_fails) {
    for (const int64_t C : {4, 200}) {
        Head head(random, 3, C, 1, GM_F32, GM_F32, false, false);
        for (int64_t i = 0; i < 3; i++) head.logits.set(kNaN, i, i);
        Outputs out(3, C, 1, false, GM_F32, GM_F32);
        out.attach(head.args);
        CHECK_REFUSED(GM_CALL(gm_head_step, nullptr, head.args), GM_NON_FINITE,
                      "gm_head_step: none of the 3 samples has a finite score");
        CHECK_REFUSED(GM_CALL(gm_head_step, &check::reference_queue(), head.args), GM_NON_FINITE,
                      "none of the 3 samples");
    }
}

TEST(extreme_logits_stay_finite_and_accurate) {
    for (const double size : {1e4, 1e30}) {
        for (const int64_t C : {2, 10, 130}) {
            Head head(random, 25, C, 1, GM_F32, GM_F32, false, false, 0, size);
            Outputs fast(25, C, 1, false, GM_F32, GM_F32), exact(25, C, 1, true, GM_F64, GM_F64);
            run_both(head, fast, exact);
            compare(head, fast, exact);
            CHECK(fast.non_finite == 0);
        }
    }
}

// Samples whose label has all but a tiny share of the probability keep a relative accuracy.
TEST(confident_samples_keep_their_digits) {
    for (const int64_t C : {2, 10, 200}) {
        Head head(random, 40, C, 1, GM_F32, GM_F32, false, false);
        for (int64_t i = 0; i < 40; i++)
            head.logits.set(10 + 1.5 * static_cast<double>(i), i, static_cast<int64_t>(head.labels.at(i)));
        head.args.weighting.kind = GM_NORMED_COS;
        Outputs fast(40, C, 1, false, GM_F32, GM_F32), exact(40, C, 1, true, GM_F64, GM_F64);
        run_both(head, fast, exact);
        compare(head, fast, exact);
    }
}

TEST(one_class_has_no_gradient) {
    for (const int32_t kind : {GM_COS, GM_OPT, GM_NORMED_COS, GM_AGRA, GM_PROJ}) {
        Head head(random, 4, 1, 1, GM_F32, GM_F32, true, false);
        head.args.weighting.kind = kind;
        Outputs fast(4, 1, 1, false, GM_F32, GM_F32), exact(4, 1, 1, true, GM_F64, GM_F64);
        run_both(head, fast, exact);
        for (int64_t i = 0; i < 4; i++) {
            CHECK(fast.loss.at(i) == 0 && fast.score.at(i) == 0 && fast.delta.at(i, 0) == 0 && fast.norm.at(i) == 0);
            CHECK_CLOSE(fast.weight.at(i), exact.weight.at(i), check::unit_roundoff(GM_F32), at("weight", i));
        }
    }
}

TEST(scaling_the_direction_leaves_the_score) {
    Head head(random, 12, 33, 1, GM_F32, GM_F32, false, false);
    Outputs a(12, 33, 1, false, GM_F32, GM_F32), b(12, 33, 1, false, GM_F32, GM_F32);
    a.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_step, nullptr, head.args));
    for (int64_t i = 0; i < 12; i++) {
        for (int64_t c = 0; c < 33; c++) head.u.set(4 * head.u.at(i, 0, c), i, 0, c);
    }
    head.direction_norm_squared[0] *= 16;
    b.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_step, nullptr, head.args));
    for (int64_t i = 0; i < 12; i++) CHECK(a.score.at(i) == b.score.at(i));
}

TEST(threads_change_no_bit) {
    const int threads = omp_get_max_threads();
    for (const int64_t C : {10, 700}) {
        Head head(random, C == 10 ? 20000 : 501, C, 1, GM_F32, GM_BF16, true, false);
        std::vector<std::unique_ptr<Outputs>> runs;
        for (const int n : {1, 2, 3}) {
            omp_set_num_threads(n);
            runs.push_back(std::make_unique<Outputs>(head.B, C, 1, false, GM_F32, GM_BF16));
            runs.back()->attach(head.args);
            CHECK_OK(GM_CALL(gm_head_step, nullptr, head.args));
        }
        omp_set_num_threads(threads);
        for (size_t n = 1; n < runs.size(); n++) {
            bool same = true;
            for (int64_t c = 0; c < C; c++)
                same = same && runs[n]->mean.at(c) == runs[0]->mean.at(c) && runs[n]->sum.at(c) == runs[0]->sum.at(c);
            for (int64_t i = 0; i < head.B; i++) {
                same = same && runs[n]->weight.at(i) == runs[0]->weight.at(i) &&
                       runs[n]->score.at(i) == runs[0]->score.at(i);
                for (int64_t c = 0; c < C; c++) same = same && runs[n]->weighted.at(i, c) == runs[0]->weighted.at(i, c);
            }
            CHECK(same);
        }
    }
}

#if defined(__linux__)
// Rows more than 2^31 elements apart; only the pages that are touched exist.
TEST(strides_beyond_32_bits) {
    const int64_t B = 3, C = 20, stride = (int64_t{1} << 31) + 64;
    const size_t bytes = static_cast<size_t>(stride) * 2 * sizeof(float) + 4096;
    void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (!CHECK(memory != MAP_FAILED)) return;
    Head head(random, B, C, 1, GM_F32, GM_F32, false, false);
    Outputs near(B, C, 1, false, GM_F32, GM_F32), far(B, C, 1, false, GM_F32, GM_F32);
    near.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_step, nullptr, head.args));
    gm_array apart = head.logits.get();
    apart.data = memory;
    apart.stride[0] = stride;
    for (int64_t i = 0; i < B; i++) {
        for (int64_t c = 0; c < C; c++) gm::set(apart, head.logits.at(i, c), i, c);
    }
    far.attach(head.args);
    head.args.logits = head.args.delta = apart;
    CHECK_OK(GM_CALL(gm_head_step, nullptr, head.args));
    for (int64_t i = 0; i < B; i++) {
        CHECK(far.score.at(i) == near.score.at(i));
        for (int64_t c = 0; c < C; c++) {
            CHECK(gm::get(apart, i, c) == near.delta.at(i, c) && far.weighted.at(i, c) == near.weighted.at(i, c));
        }
    }
    munmap(memory, bytes);
}
#endif

// On a device the labels are the device's: only host providers may look at them, and only to compute.
TEST(sizing_and_other_devices_read_no_labels) {
    Head head(random, 4, 10, 1, GM_F32, GM_F32, true, false);
    head.args.labels.data = reinterpret_cast<void *>(64);
    size_t bytes = 0;
    CHECK_OK(gm_head_step_workspace_size(nullptr, &head.args, &bytes));
    if (gm_cuda_available() == GM_OK) return;
    const gm_queue device = {GM_CUDA, 0, nullptr};
    CHECK_REFUSED(gm_head_step(&device, &head.args, nullptr, 0), GM_UNSUPPORTED, "gm_head_step: ");
}

TEST(refuses_by_name) {
    Head head(random, 4, 5, 2, GM_F32, GM_F32, true, false);
    Outputs out(4, 5, 2, false, GM_F32, GM_F32);
    out.attach(head.args);
    const gm_head_step_args good = head.args;
    Array wrong(GM_F32, {4, 6}), longer(GM_F32, {5}), half(GM_F16, {5}), four(GM_F32, {4}), integers(GM_I64, {4, 5}),
        three(GM_F32, {4, 2, 6});
    auto refused = [&](const char *message, auto change) {
        gm_head_step_args args = good;
        change(args);
        CHECK_REFUSED(GM_CALL(gm_head_step, nullptr, args), GM_INVALID_ARGUMENT, message);
    };
    refused("gm_head_step: logits is NULL", [](auto &a) { a.logits.data = nullptr; });
    refused("logits has the shape [4], expected [B, C]", [&](auto &a) { a.logits = four.get(); });
    refused("logits is i64", [&](auto &a) { a.logits = integers.get(); });
    refused("logits has the unknown dtype 9", [](auto &a) { a.logits.dtype = 9; });
    refused("logits has rank 4", [](auto &a) { a.logits.rank = 4; });
    refused("logits has the stride -5", [](auto &a) { a.logits.stride[0] = -5; });
    refused("logits [4, 5] has the stride 2 in its last dimension", [](auto &a) { a.logits.stride[1] = 2; });
    refused("logits has the shape [4, 0]: there are no classes", [](auto &a) { a.logits.shape[1] = 0; });
    refused("does not fit into the address space", [](auto &a) { a.logits.stride[0] = INT64_MAX / 2; });
    refused("bias has the shape [4], expected [5]", [&](auto &a) { a.bias = four.get(); });
    refused("bias is f16; f32 is expected", [&](auto &a) { a.bias = half.get(); });
    refused("labels has the shape [5], expected [4]", [&](auto &a) { a.labels = longer.get(); });
    refused("labels is f32; i64 is expected", [&](auto &a) { a.labels = four.get(); });
    refused("projected has the shape [4, 2, 6], expected [4, 2, 5]", [&](auto &a) { a.projected = three.get(); });
    refused("projected and reference_logits are both given", [](auto &a) { a.reference_logits = a.projected; });
    refused("reference_logits is bf16: a difference of logits needs f32", [](auto &a) {
        a.reference_logits = a.projected;
        a.projected.data = nullptr;
        a.reference_logits.dtype = GM_BF16;
    });
    refused("direction_norm_squared is NULL", [](auto &a) { a.direction_norm_squared = nullptr; });
    refused("feature_norm_squared has the shape [5], expected [4]",
            [&](auto &a) { a.feature_norm_squared = longer.get(); });
    refused("gradient_norm needs feature_norm_squared", [](auto &a) { a.feature_norm_squared.data = nullptr; });
    refused("weighting cos needs feature_norm_squared", [](auto &a) {
        a.feature_norm_squared.data = a.gradient_norm.data = nullptr;
        a.weighting.kind = GM_COS;
    });
    refused("weighting proj needs projected or reference_logits", [](auto &a) {
        a.projected.data = a.score.data = nullptr;
        a.weighting.kind = GM_PROJ;
    });
    refused("score needs projected or reference_logits", [](auto &a) {
        a.projected.data = nullptr;
        a.weighting.kind = GM_UNIFORM;
    });
    refused("weighting rho needs reference_loss", [](auto &a) {
        a.weighting.kind = GM_RHO;
        a.reference_loss.data = nullptr;
    });
    refused("reference_loss has the shape [5], expected [4]", [&](auto &a) { a.reference_loss = longer.get(); });
    refused("weighting cos is not defined for a combination", [](auto &a) {
        a.weighting.kind = GM_COS;
        a.combine = GM_COMBINE_MEAN;
    });
    refused("combine is 2; with 2 references", [](auto &a) { a.combine = 2; });
    refused("combine is -3", [](auto &a) { a.combine = -3; });
    refused("weighting.kind is 9", [](auto &a) { a.weighting.kind = 9; });
    refused("weighting.temperature is 0", [](auto &a) { a.weighting.temperature = 0; });
    refused("weighting.temperature is nan", [](auto &a) { a.weighting.temperature = kNaN; });
    refused("weighting.lambda is -1", [](auto &a) { a.weighting = {GM_OPT, 0, 1, -1}; });
    refused("loss has the shape [5], expected [4]", [&](auto &a) { a.loss = longer.get(); });
    refused("score has the shape [4], expected [B, K]", [&](auto &a) { a.score = four.get(); });
    refused("score has the shape [4, 6], expected [4, 2]", [&](auto &a) { a.score = wrong.get(); });
    refused("gradient_norm has the shape [5], expected [4]", [&](auto &a) { a.gradient_norm = longer.get(); });
    refused("weight has the shape [5], expected [4]", [&](auto &a) { a.weight = longer.get(); });
    refused("delta has the shape [4, 6], expected [4, 5]", [&](auto &a) { a.delta = wrong.get(); });
    refused("delta [4, 5] is an output and its stride 0", [](auto &a) { a.delta.stride[0] = 0; });
    refused("delta shares its memory with logits, but not its dtype and strides", [](auto &a) {
        a.delta = a.logits;
        a.delta.stride[0] = 7;
    });
    refused("weighted_delta has the shape [4, 6], expected [4, 5]", [&](auto &a) { a.weighted_delta = wrong.get(); });
    refused("delta and weighted_delta share their memory", [](auto &a) { a.weighted_delta = a.delta; });
    refused("mean_delta has the shape [4], expected [5]", [&](auto &a) { a.mean_delta = four.get(); });
    refused("weighted_delta_sum has the shape [4], expected [5]", [&](auto &a) { a.weighted_delta_sum = four.get(); });
    head.labels.set(5, 2);
    refused("labels[2] = 5 is outside [0, 5)", [](auto &) {});
    head.labels.set(-1, 2);
    refused("labels[2] = -1 is outside [0, 5)", [](auto &) {});
    head.labels.set(0, 2);
    CHECK_REFUSED(gm_head_step(nullptr, nullptr, nullptr, 0), GM_INVALID_ARGUMENT, "gm_head_step: args is NULL");
    CHECK_REFUSED(gm_head_step(nullptr, &good, nullptr, 0), GM_INVALID_ARGUMENT,
                  "the workspace of 0 bytes is too small");
    const gm_queue nowhere = {7, 0, nullptr};
    CHECK_REFUSED(GM_CALL(gm_head_step, &nowhere, good), GM_INVALID_ARGUMENT, "queue->provider is 7");
}
