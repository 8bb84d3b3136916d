// gm_head_step on GM_CUDA against GM_REFERENCE with f64 outputs.
#include "../head_step_problem.h"
#include "device.h"

namespace {

void run(check::Random &random, Head &head, Outputs &fast, Outputs &exact) {
    exact.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_step, &check::reference_queue(), head.args));
    fast.attach(head.args);
    CHECK_OK(GM_DEVICE_CALL(gm_head_step, head.args));
}

void agree(check::Random &random, int64_t B, int64_t C, int64_t K, int32_t kind, int64_t padding) {
    const bool subtract = check::any_of(random, {0, 0, 1}) == 1,
               biased = !subtract && check::any_of(random, {0, 1}) == 1;
    const bool single = kind == GM_COS || kind == GM_NORMED_COS || kind == GM_OPT || kind == GM_AGRA;
    if (C == 1 && single) return;  // 0/0 by definition
    Head head(random, B, C, K, any_dtype(random), any_dtype(random), biased, subtract, padding);
    head.args.weighting = {kind, static_cast<int32_t>(check::any_of(random, {0, 1})),
                           static_cast<double>(check::any_of(random, {1, 2})), 0};
    head.args.combine =
        single ? 0 : static_cast<int32_t>(check::any_of(random, {0, K - 1, GM_COMBINE_MEAN, GM_COMBINE_MIN}));
    Outputs fast(B, C, K, false, any_dtype(random), any_dtype(random), padding),
        exact(B, C, K, true, GM_F64, GM_F64, padding);
    run(random, head, fast, exact);
    if (kind == GM_AGRA) {  // a jump at 0: fair only if no score is within its error of it
        for (int64_t i = 0; i < B; i++) {
            if (std::fabs(exact.score.at(i, 0)) <= head.bounds(i, exact).score[0]) return;
        }
    }
    compare(head, fast, exact);
}

}  // namespace

TEST(head_step_agrees_with_the_reference) {
    for (int round = 0; round < 90; round++) {
        // about an eight, a team of lanes, a warp's registers and a block's; one block and several
        agree(random, check::any_of(random, {0, 1, 2, 7, 33, 70}),
              check::any_of(random, {1, 2, 7, 8, 10, 17, 100, 128, 129, 300}), check::any_of(random, {1, 1, 2, 5}),
              static_cast<int32_t>(round % 9), check::any_of(random, {0, 0, 3, 8}));
    }
    for (int round = 0; round < 6; round++) {
        agree(random, 3, check::any_of(random, {1000, 1024, 1025, 6144}), check::any_of(random, {1, 2}), GM_NORMED_PROJ,
              check::any_of(random, {0, 1, 8}));
    }
    for (const int64_t K : {1, 5}) agree(random, 2, 6145, K, GM_NORMED_PROJ, 1);
}

// More blocks than take tickets, and many slices of rows: the grid of columns weighs, or one in its place. To the same bits.
TEST(head_step_agrees_on_large_batches) {
    for (const int64_t C : {9, 130}) {
        for (const int32_t kind : {GM_UNIFORM, GM_NORMED_PROJ, GM_AGRA, GM_RHO}) {
            if ((kind == GM_NORMED_PROJ) != (C == 130)) continue;
            Head head(random, C == 9 ? 8300 : 4400, C, 1, GM_F32, GM_F32, false, false);
            head.args.weighting = {kind, 1, 1, 0};
            Outputs fast(head.B, C, 1, false, GM_F32, GM_F32), exact(head.B, C, 1, true, GM_F64, GM_F64),
                alone(head.B, C, 1, false, GM_F32, GM_F32);
            run(random, head, fast, exact);
            compare(head, fast, exact);
            for (const int64_t i : {0, 77, 4399}) head.logits.set(kNaN, i, 2);
            CHECK_OK(GM_DEVICE_CALL(gm_head_step, head.args));
            alone.attach(head.args);
            head.args.weighted_delta = head.args.mean_delta = head.args.weighted_delta_sum = gm_array{};
            CHECK_OK(GM_DEVICE_CALL(gm_head_step, head.args));
            CHECK(alone.non_finite == 3 && fast.non_finite == 3);
            for (int64_t i = 0; i < head.B; i++) CHECK(alone.weight.at(i) == fast.weight.at(i));
        }
    }
}

TEST(head_step_computes_any_outputs_alone) {
    for (int round = 0; round < 30; round++) {
        const int64_t B = check::any_of(random, {0, 1, 5, 40}), C = check::any_of(random, {3, 10, 130, 1100});
        Head head(random, B, C, 1, GM_F32, GM_F32, false, false);
        Outputs all(B, C, 1, false, GM_F32, GM_F32), some(B, C, 1, false, GM_F32, GM_F32);
        all.attach(head.args);
        CHECK_OK(GM_DEVICE_CALL(gm_head_step, head.args));
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
        CHECK_OK(GM_DEVICE_CALL(gm_head_step, head.args));
        for (int o = 0; o < 8; o++) {
            for (int64_t i = 0; i < full[o]->extent(0); i++) {
                for (int64_t j = 0; j < full[o]->extent(1); j++)
                    CHECK(part[o]->at(i, j) == (kept[o] ? full[o]->at(i, j) : 0));
            }
        }
    }
}

TEST(head_step_puts_delta_in_the_place_of_logits) {
    for (int round = 0; round < 24; round++) {
        const int64_t B = check::any_of(random, {1, 6, 50}),
                      C = round % 8 == 7 ? 6200 : check::any_of(random, {2, 10, 200, 1100});
        const int32_t dtype = any_dtype(random);
        const bool weighted = round % 2 == 0, other = check::any_of(random, {0, 1}) == 1;
        Head head(random, B, C, 1, dtype, GM_F32, false, round % 3 == 0, 4);
        Outputs apart(B, C, 1, false, dtype, dtype, 4), within(B, C, 1, false, dtype, dtype, 4);
        for (Outputs *outputs : {&apart, &within}) {
            outputs->attach(head.args);
            if (!other) (weighted ? head.args.delta : head.args.weighted_delta) = gm_array{};
            if (outputs == &within) (weighted ? head.args.weighted_delta : head.args.delta) = head.logits.get();
            CHECK_OK(GM_DEVICE_CALL(gm_head_step, head.args));
        }
        for (int64_t i = 0; i < B; i++) {
            CHECK(within.score.at(i) == apart.score.at(i) && within.weight.at(i) == apart.weight.at(i));
            for (int64_t c = 0; c < C; c++)
                CHECK(head.logits.at(i, c) == (weighted ? apart.weighted : apart.delta).at(i, c));
        }
    }
}

TEST(head_step_without_references_weighs_by_what_is_there) {
    for (const int64_t C : {10, 200, 6200}) {
        for (const int32_t kind : {GM_UNIFORM, GM_GRAND, GM_RHO}) {
            Head head(random, 5, C, 1, GM_F32, GM_F32, true, false);
            head.args.projected = gm_array{};
            head.args.direction_norm_squared = nullptr;
            head.args.weighting.kind = kind;
            head.K = 0;
            Outputs fast(5, C, 0, false, GM_F32, GM_F32), exact(5, C, 0, true, GM_F64, GM_F64);
            run(random, head, fast, exact);
            compare(head, fast, exact);
        }
    }
}

TEST(head_step_leaves_out_samples_that_are_not_finite) {
    for (int round = 0; round < 40; round++) {
        const int64_t B = 40, C = round % 10 == 9 ? 6200 : check::any_of(random, {2, 10, 130, 1030}),
                      K = check::any_of(random, {1, 2});
        Head head(random, B, C, K, any_dtype(random), GM_F32, round % 2 == 0, false);
        head.args.weighting.kind =
            static_cast<int32_t>(check::any_of(random, {GM_UNIFORM, GM_NORMED_PROJ, GM_GRAND, GM_RHO}));
        std::vector<bool> spoilt(static_cast<size_t>(B));
        int64_t count = 0;
        for (int64_t i = 0; i < B; i++) {
            if (check::any_of(random, {0, 0, 1}) == 0) continue;
            const int64_t c = std::uniform_int_distribution<int64_t>(0, C - 1)(random);
            const double bad = check::any_of(random, {0, 1}) ? kNaN : kInfinity;
            switch (check::any_of(random, {0, 1, 2})) {
                case 0: head.logits.set(bad, i, c); break;
                case 1: head.u.set(bad, i, K - 1, c); break;
                default: head.labels.set(static_cast<double>(check::any_of(random, {-1, C, int64_t{1} << 40})), i);
            }
            spoilt[static_cast<size_t>(i)] = true;
            count++;
        }
        Outputs fast(B, C, K, false, GM_F32, any_dtype(random));
        fast.attach(head.args);
        CHECK_OK(GM_DEVICE_CALL(gm_head_step, head.args));
        CHECK(fast.non_finite == count);
        double weights = 0;
        std::vector<double> sum(static_cast<size_t>(C));
        for (int64_t i = 0; i < B; i++) {
            weights += fast.weight.at(i);
            const bool out = spoilt[static_cast<size_t>(i)];
            CHECK((fast.weight.at(i) == 0) == out);
            bool finite = true, zero = true;
            for (int64_t c = 0; c < C; c++) {
                finite = finite && std::isfinite(fast.delta.at(i, c)) && std::isfinite(fast.weighted.at(i, c));
                zero = zero && fast.delta.at(i, c) == 0 && fast.weighted.at(i, c) == 0;
                sum[static_cast<size_t>(c)] += fast.delta.at(i, c);
            }
            CHECK(finite && zero == out);
            CHECK(std::isnan(fast.score.at(i, K - 1)) == out);
        }
        CHECK_CLOSE(weights, 1.0, 12 * check::unit_roundoff(GM_F32), "the others' weights");
        for (int64_t c = 0; c < C; c++) {
            CHECK_CLOSE(fast.mean.at(c), sum[static_cast<size_t>(c)] / static_cast<double>(B),
                        2 * B * check::unit_roundoff(GM_F32), at("mean_delta", c));
        }
    }
}

TEST(head_step_of_no_finite_sample_weighs_nothing) {
    for (const int64_t C : {4, 200}) {
        Head head(random, 3, C, 1, GM_F32, GM_F32, false, false);
        for (int64_t i = 0; i < 3; i++) head.logits.set(kNaN, i, i);
        Outputs out(3, C, 1, false, GM_F32, GM_F32);
        out.attach(head.args);
        CHECK_OK(GM_DEVICE_CALL(gm_head_step, head.args));
        CHECK(out.non_finite == 3);
        for (int64_t i = 0; i < 3; i++)
            CHECK(out.weight.at(i) == 0 && out.delta.at(i, 1) == 0 && out.weighted.at(i, 0) == 0);
        for (int64_t c = 0; c < C; c++) CHECK(out.mean.at(c) == 0 && out.sum.at(c) == 0);
    }
}

TEST(head_step_stays_finite_and_accurate_at_the_edges) {
    for (const int64_t C : {2, 10, 130, 6200}) {
        for (const double size : {1e4, 1e30}) {
            Head head(random, 9, C, 1, GM_F32, GM_F32, false, false, 0, size);
            Outputs fast(9, C, 1, false, GM_F32, GM_F32), exact(9, C, 1, true, GM_F64, GM_F64);
            run(random, head, fast, exact);
            compare(head, fast, exact);
        }
        Head head(random, 20, C, 1, GM_F32, GM_F32, false, false);  // confident samples keep their digits
        for (int64_t i = 0; i < 20; i++)
            head.logits.set(10 + 3 * static_cast<double>(i), i, static_cast<int64_t>(head.labels.at(i)));
        head.args.weighting.kind = GM_NORMED_COS;
        Outputs fast(20, C, 1, false, GM_F32, GM_F32), exact(20, C, 1, true, GM_F64, GM_F64);
        run(random, head, fast, exact);
        compare(head, fast, exact);
        // -infinity masks a class; the label's own is an infinite loss
        head.logits.set(-kInfinity, 0, static_cast<int64_t>(head.labels.at(0)));
        head.logits.set(-kInfinity, 1, (static_cast<int64_t>(head.labels.at(1)) + 1) % C);
        CHECK_OK(GM_DEVICE_CALL(gm_head_step, head.args));
        CHECK(fast.non_finite == 1 && fast.loss.at(0) == kInfinity && fast.weight.at(0) == 0 &&
              std::isfinite(fast.loss.at(1)));
    }
}

TEST(head_step_without_a_direction_scores_zero) {
    Head head(random, 8, 10, 1, GM_F32, GM_F32, false, false);
    head.u.fill([] { return 0; });
    head.direction_norm_squared[0] = 0;
    Outputs out(8, 10, 1, false, GM_F32, GM_F32);
    out.attach(head.args);
    CHECK_OK(GM_DEVICE_CALL(gm_head_step, head.args));
    CHECK(out.non_finite == 0);
    for (int64_t i = 0; i < 8; i++) CHECK(out.score.at(i) == 0 && out.weight.at(i) == 0.125);
}

#if defined(GM_EMULATED)
TEST(head_step_takes_as_few_launches_as_it_says) {
    for (const int64_t B : {32, 256, 2060}) {  // blocks of 4 rows, up to 512 of which weigh in the same launch
        for (const bool sums : {false, true}) {
            Head head(random, B, 129, 1, GM_F32, GM_F32, false, false);
            Outputs out(B, 129, 1, false, GM_F32, GM_F32);
            out.attach(head.args);
            if (!sums) head.args.weighted_delta = head.args.mean_delta = head.args.weighted_delta_sum = gm_array{};
            const emulator::Calls before = emulator::calls();
            CHECK_OK(GM_DEVICE_CALL(gm_head_step, head.args));
            CHECK(emulator::calls().launches - before.launches == 1 + (B > 2048) + sums);
        }
    }
}
#endif

// A workspace may hold anything, also what an earlier call left in it.
TEST(head_step_runs_again_in_the_same_workspace) {
    Head head(random, 300, 10, 1, GM_F32, GM_F32, false, false);
    Outputs once(300, 10, 1, false, GM_F32, GM_F32), again(300, 10, 1, false, GM_F32, GM_F32);
    once.attach(head.args);
    CHECK_OK(GM_DEVICE_CALL(gm_head_step, head.args));
    again.attach(head.args);
    gm_head_step_args args = head.args;
    check::Device device;
    check::move(device, args);
    size_t bytes = 0;
    CHECK_OK(gm_head_step_workspace_size(&check::cuda_queue(), &args, &bytes));
    void *workspace = nullptr;
    check::ran(cudaMalloc(&workspace, bytes));
    for (int n = 0; n < 3; n++) {
        check::new_order(random);
        CHECK_OK(gm_head_step(&check::cuda_queue(), &args, workspace, bytes));
    }
    check::ran(cudaStreamSynchronize(check::stream_of_tests()));
    device.fetch();
    check::ran(cudaFree(workspace));
    for (int64_t i = 0; i < 300; i++)
        CHECK(again.weight.at(i) == once.weight.at(i) && again.weighted.at(i, 3) == once.weighted.at(i, 3));
}
