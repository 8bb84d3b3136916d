// gm_head_score on GM_CUDA against GM_REFERENCE with f64 outputs.
#include "../head_score_problem.h"
#include "device.h"

namespace {

void agree(check::Random &random, Features &head, Outputs &fast) {
    Outputs exact(head.B, GM_F64);
    exact.attach(head.args);
    CHECK_OK(GM_CALL(gm_head_score, &check::reference_queue(), head.args));
    fast.attach(head.args);
    CHECK_OK(GM_DEVICE_CALL(gm_head_score, head.args));
    compare(head, fast, exact, 1);
}

}  // namespace

TEST(head_score_agrees_with_the_reference) {
    for (int round = 0; round < 40; round++) {
        const int64_t B = check::any_of(random, {0, 1, 2, 15, 64, 65}),
                      I = check::any_of(random, {0, 1, 16, 17, 33, 100}),
                      C = check::any_of(random, {1, 2, 3, 10, 17, 64, 70});
        const int32_t dtype = static_cast<int32_t>(check::any_of(random, {GM_F32, GM_F16, GM_BF16}));
        Features head(random, B, I, C, dtype, round % 2 == 0, check::any_of(random, {0, 3, 8}));
        if (I == 0) head.norm_squared = 1;  // an empty V; any other length gives the same zeros
        Outputs fast(B, GM_F32);
        agree(random, head, fast);
    }
    const int64_t shapes[][3] = {
        {3, 8, 257}, {2, 5, 1000}, {130, 30, 300}, {1, 2, 9000}};  // several chunks of classes, more than lanes
    for (const auto &shape : shapes) {
        Features head(random, shape[0], shape[1], shape[2], GM_F32, true, 1);
        Outputs fast(shape[0], GM_F32);
        agree(random, head, fast);
    }
}

TEST(head_score_counts_what_is_not_finite_and_keeps_it_alone) {
    const int64_t B = 70;
    Features head(random, B, 33, 10, GM_F32, true);
    Outputs before(B, GM_F32), after(B, GM_F32);
    agree(random, head, before);
    CHECK(before.non_finite == 0);
    head.features.set(NAN, 3, 32);
    head.features.set(std::numeric_limits<double>::infinity(), 40, 0);
    head.labels.set(10, 66);
    head.labels.set(-1, 69);
    after.attach(head.args);
    CHECK_OK(GM_DEVICE_CALL(gm_head_score, head.args));
    CHECK(after.non_finite == 4);
    for (int64_t i = 0; i < B; i++) {
        const bool spoilt = i == 3 || i == 40 || i == 66 || i == 69;
        CHECK(std::isnan(after.score.at(i)) == spoilt && std::isfinite(after.loss.at(i)) != spoilt);
        if (!spoilt)
            CHECK(after.score.at(i) == before.score.at(i) && after.loss.at(i) == before.loss.at(i) &&
                  after.norm.at(i) == before.norm.at(i));
    }
}

TEST(head_score_gives_a_sample_the_same_bits_in_any_batch) {
    Features head(random, 70, 20, 300, GM_BF16, true);
    Outputs all(70, GM_F32), alone(1, GM_F32);
    all.attach(head.args);
    CHECK_OK(GM_DEVICE_CALL(gm_head_score, head.args));
    gm_head_score_args args = head.args;
    alone.attach(args);
    args.non_finite = nullptr;
    args.features.shape[0] = args.labels.shape[0] = 1;
    args.features.data = static_cast<uint16_t *>(args.features.data) + 69 * args.features.stride[0];
    args.labels.data = static_cast<int64_t *>(args.labels.data) + 69;
    CHECK_OK(GM_DEVICE_CALL(gm_head_score, args));
    CHECK(alone.loss.at(0) == all.loss.at(69) && alone.score.at(0) == all.score.at(69) &&
          alone.norm.at(0) == all.norm.at(69));
    for (gm_array *output : {&args.loss, &args.score}) {  // outputs are optional
        const gm_array kept = *output;
        *output = gm_array{};
        CHECK_OK(GM_DEVICE_CALL(gm_head_score, args));
        *output = kept;
    }
    CHECK(alone.loss.at(0) == all.loss.at(69) && alone.score.at(0) == all.score.at(69));
}

TEST(head_score_without_a_direction_is_zero) {
    Features head(random, 10, 20, 9, GM_F32, false);
    head.direction.fill([] { return 0; });
    head.norm_squared = 0;
    Outputs out(10, GM_F32);
    out.attach(head.args);
    CHECK_OK(GM_DEVICE_CALL(gm_head_score, head.args));
    CHECK(out.non_finite == 0);
    for (int64_t i = 0; i < 10; i++) CHECK(out.score.at(i) == 0);
}
