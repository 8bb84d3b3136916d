// gm_head_score on GM_CPU against GM_REFERENCE with f64 outputs.
#include <omp.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "head_score_problem.h"

namespace {

void run_both(Features &head, Outputs &fast, Outputs &exact) {
    exact.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_score, &check::reference_queue(), head.args));
    fast.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_score, nullptr, head.args));
}

}  // namespace

TEST(agrees_with_the_reference) {
    for (int round = 0; round < 80; round++) {
        const int64_t B = check::any_of(random, {0, 1, 2, 15, 64, 65, 130}),
                      I = check::any_of(random, {0, 1, 15, 16, 17, 100, 300});
        const int64_t C = check::any_of(random, {1, 2, 3, 7, 10, 16, 17, 100});
        const int32_t dtype = static_cast<int32_t>(check::any_of(random, {GM_F32, GM_F16, GM_BF16}));
        Features head(random, B, I, C, dtype, round % 2 == 0, check::any_of(random, {0, 3, 16}));
        if (I == 0) head.norm_squared = 1;  // an empty V; any other length gives the same zeros
        Outputs fast(B, GM_F32), exact(B, GM_F64);
        run_both(head, fast, exact);
        compare(head, fast, exact, 4);
    }
}

// More classes than share a pass, more inputs than a tile reads at once.
TEST(agrees_beyond_one_pass) {
    const int64_t shapes[][3] = {{5, 20, 1000}, {3, 8, 121}, {3, 8, 240}, {4, 1025, 10}, {3, 5000, 7}, {2, 2048, 130}};
    for (const auto &shape : shapes) {
        for (const int32_t dtype : {GM_F32, GM_BF16}) {
            Features head(random, shape[0], shape[1], shape[2], dtype, true, 1);
            Outputs fast(shape[0], GM_F32), exact(shape[0], GM_F64);
            run_both(head, fast, exact);
            compare(head, fast, exact, 4);
        }
    }
}

TEST(agrees_on_very_many_classes) {
    Features head(random, 3, 4, 100000, GM_F32, true);
    Outputs fast(3, GM_F32), exact(3, GM_F64);
    run_both(head, fast, exact);
    compare(head, fast, exact, 4);
}

// The same numbers as gm_head_step gives for the products W h and V h.
TEST(agrees_with_head_step) {
    const int64_t B = 33, I = 40, C = 10;
    Features head(random, B, I, C, GM_F32, false);
    Outputs out(B, GM_F32), step(B, GM_F32);
    out.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_score, nullptr, head.args));
    Array logits(GM_F32, {B, C}), projected(GM_F32, {B, C}), feature_norm(GM_F32, {B});
    for (int64_t i = 0; i < B; i++) {
        double norm = 0;
        for (int64_t d = 0; d < I; d++) norm += head.features.at(i, d) * head.features.at(i, d);
        feature_norm.set(norm, i);
        for (int64_t c = 0; c < C; c++) {
            double z = 0, u = 0;
            for (int64_t d = 0; d < I; d++) {
                z += head.weight.at(c, d) * head.features.at(i, d);
                u += head.direction.at(c, d) * head.features.at(i, d);
            }
            logits.set(z, i, c);
            projected.set(u, i, c);
        }
    }
    gm_head_step_args args = {};
    args.logits = logits.get();
    args.labels = head.labels.get();
    args.projected = projected.get();
    args.direction_norm_squared = &head.norm_squared;
    args.feature_norm_squared = feature_norm.get();
    args.loss = step.loss.get();
    args.score = step.score.get();
    args.gradient_norm = step.norm.get();
    CHECK_OK(GM_CALL(gm_head_step, nullptr, args));
    Outputs exact(B, GM_F64);
    exact.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_score, &check::reference_queue(), head.args));
    exact.non_finite = step.non_finite = 0;
    compare(head, step, exact, 4);
}

TEST(outputs_are_optional) {
    Features head(random, 70, 30, 12, GM_F32, true);
    Outputs all(70, GM_F32), some(70, GM_F32);
    all.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_score, nullptr, head.args));
    for (int absent = 0; absent < 3; absent++) {
        some.attach(head.args);
        head.args.non_finite = nullptr;
        gm_array *outputs[] = {&head.args.loss, &head.args.score, &head.args.gradient_norm};
        *outputs[absent] = gm_array{};
        CHECK_OK(GM_CALL(gm_head_score, nullptr, head.args));
    }
    for (int64_t i = 0; i < 70; i++) {
        CHECK(some.loss.at(i) == all.loss.at(i) && some.score.at(i) == all.score.at(i) &&
              some.norm.at(i) == all.norm.at(i));
    }
}

TEST(scaling_the_direction_leaves_the_score) {
    Features head(random, 10, 50, 9, GM_F32, false);
    Outputs a(10, GM_F32), b(10, GM_F32);
    a.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_score, nullptr, head.args));
    for (int64_t c = 0; c < 9; c++) {
        for (int64_t d = 0; d < 50; d++) head.direction.set(8 * head.direction.at(c, d), c, d);
    }
    head.norm_squared *= 64;
    b.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_score, nullptr, head.args));
    for (int64_t i = 0; i < 10; i++) CHECK(a.score.at(i) == b.score.at(i));
}

TEST(without_a_direction_scores_are_zero) {
    Features head(random, 10, 50, 9, GM_F32, false);
    head.direction.fill([] { return 0; });
    head.norm_squared = 0;
    Outputs out(10, GM_F32);
    out.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_score, nullptr, head.args));
    CHECK(out.non_finite == 0);
    for (int64_t i = 0; i < 10; i++) CHECK(out.score.at(i) == 0);
}

// Rows do not disturb each other, wherever in a block they stand.
TEST(non_finite_rows_are_counted_and_stay_alone) {
    const int64_t B = 150;
    Features head(random, B, 33, 10, GM_F32, true);
    Outputs before(B, GM_F32), after(B, GM_F32), exact(B, GM_F64);
    before.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_score, nullptr, head.args));
    CHECK(before.non_finite == 0);
    std::vector<bool> spoilt(static_cast<size_t>(B));
    int64_t count = 0;
    for (int64_t i = 0; i < B; i += 1 + check::any_of(random, {0, 1, 5, 20})) {
        head.features.set(check::any_of(random, {0, 1}) ? std::numeric_limits<double>::quiet_NaN()
                                                        : std::numeric_limits<double>::infinity(),
                          i, check::any_of(random, {0, 15, 16, 32}));
        spoilt[static_cast<size_t>(i)] = true;
        count++;
    }
    run_both(head, after, exact);
    CHECK(after.non_finite == count && exact.non_finite == count);
    for (int64_t i = 0; i < B; i++) {
        CHECK(std::isnan(after.score.at(i)) == spoilt[static_cast<size_t>(i)]);
        CHECK(std::isnan(after.loss.at(i)) == spoilt[static_cast<size_t>(i)]);
        if (!spoilt[static_cast<size_t>(i)])
            CHECK(after.score.at(i) == before.score.at(i) && after.loss.at(i) == before.loss.at(i));
    }
}

TEST(threads_and_neighbours_change_no_bit) {
    const int threads = omp_get_max_threads();
    const int64_t B = 1000;
    Features head(random, B, 100, 30, GM_BF16, true);
    Outputs one(B, GM_F32), two(B, GM_F32), alone(1, GM_F32);
    omp_set_num_threads(1);
    one.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_score, nullptr, head.args));
    omp_set_num_threads(2);
    two.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_score, nullptr, head.args));
    omp_set_num_threads(threads);
    bool same = true;
    for (int64_t i = 0; i < B; i++)
        same = same && one.loss.at(i) == two.loss.at(i) && one.score.at(i) == two.score.at(i) &&
               one.norm.at(i) == two.norm.at(i);
    CHECK(same);
    for (const int64_t i : {0, 63, 64, 999}) {
        gm_head_score_args args = head.args;
        alone.attach(args);
        args.features.shape[0] = args.labels.shape[0] = 1;
        args.features.data = static_cast<uint16_t *>(args.features.data) + i * args.features.stride[0];
        args.labels.data = static_cast<int64_t *>(args.labels.data) + i;
        CHECK_OK(GM_CALL(gm_head_score, nullptr, args));
        CHECK(alone.loss.at(0) == one.loss.at(i) && alone.score.at(0) == one.score.at(i) &&
              alone.norm.at(0) == one.norm.at(i));
    }
}

#if defined(__linux__)
// Rows more than 2^31 elements apart; only the pages that are touched exist.
TEST(strides_beyond_32_bits) {
    const int64_t B = 3, I = 20, stride = (int64_t{1} << 31) + 64;
    const size_t bytes = static_cast<size_t>(stride) * 2 * sizeof(float) + 4096;
    void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (!CHECK(memory != MAP_FAILED)) return;
    Features head(random, B, I, 3, GM_F32, false);
    Outputs near(B, GM_F32), far(B, GM_F32);
    near.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_score, nullptr, head.args));
    for (gm_array *array : {&head.args.features, &head.args.weight}) {  // both have three rows
        const gm_array together = *array;
        array->data = memory;
        array->stride[0] = stride;
        if (array == &head.args.weight) array->data = static_cast<float *>(memory) + 32;
        for (int64_t i = 0; i < 3; i++) {
            for (int64_t d = 0; d < I; d++) gm::set(*array, gm::get(together, i, d), i, d);
        }
    }
    far.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_score, nullptr, head.args));
    for (int64_t i = 0; i < B; i++) CHECK(far.score.at(i) == near.score.at(i) && far.norm.at(i) == near.norm.at(i));
    munmap(memory, bytes);
}
#endif

TEST(refuses_by_name) {
    Features head(random, 4, 6, 3, GM_F32, true);
    Outputs out(4, GM_F32);
    out.attach(head.args);
    const gm_head_score_args good = head.args;
    Array five(GM_F32, {5}), wide(GM_F32, {3, 7}), half(GM_F16, {3, 6}), empty(GM_F32, {0, 6});
    auto refused = [&](const char *message, auto change) {
        gm_head_score_args args = good;
        change(args);
        CHECK_REFUSED(GM_CALL(gm_head_score, nullptr, args), GM_INVALID_ARGUMENT, message);
    };
    refused("gm_head_score: features is NULL", [](auto &a) { a.features.data = nullptr; });
    refused("features has the shape [5], expected [B, I]", [&](auto &a) { a.features = five.get(); });
    refused("features is i64", [](auto &a) { a.features.dtype = GM_I64; });
    refused("weight is NULL", [](auto &a) { a.weight.data = nullptr; });
    refused("weight has the shape [3, 7], expected [3, 6]", [&](auto &a) { a.weight = wide.get(); });
    refused("weight has the shape [0, 6], expected [C, I] with at least one class",
            [&](auto &a) { a.weight = empty.get(); });
    refused("weight is f16; f32 is expected", [&](auto &a) { a.weight = half.get(); });
    refused("direction has the shape [3, 7], expected [3, 6]", [&](auto &a) { a.direction = wide.get(); });
    refused("direction is f16; f32 is expected", [&](auto &a) { a.direction = half.get(); });
    refused("direction_norm_squared is NULL", [](auto &a) { a.direction_norm_squared = nullptr; });
    refused("bias has the shape [5], expected [3]", [&](auto &a) { a.bias = five.get(); });
    refused("labels is NULL", [](auto &a) { a.labels.data = nullptr; });
    refused("labels is f32; i64 is expected", [&](auto &a) {
        a.labels = five.get();
        a.labels.shape[0] = 4;
    });
    refused("loss has the shape [5], expected [4]", [&](auto &a) { a.loss = five.get(); });
    refused("score has the shape [5], expected [4]", [&](auto &a) { a.score = five.get(); });
    refused("gradient_norm has the shape [5], expected [4]", [&](auto &a) { a.gradient_norm = five.get(); });
    head.labels.set(3, 0);
    refused("labels[0] = 3 is outside [0, 3)", [](auto &) {});
    head.labels.set(0, 0);
    CHECK_REFUSED(gm_head_score(nullptr, &good, nullptr, 0), GM_INVALID_ARGUMENT,
                  "the workspace of 0 bytes is too small");
}
