// gm_row_dot on GM_CUDA against GM_REFERENCE.
#include "../products.h"
#include "device.h"

using check::Array;

namespace {

gm_row_dot_args arguments(const Array &projected, const Array &delta, const Array &dot) {
    return {projected.get(), delta.get(), dot.get()};
}

void agree(check::Random &random, int64_t B, int64_t T, int64_t O, int64_t padding, int64_t other_padding) {
    Array u(check::any_dtype(random), {B, T, O}, padding), delta(check::any_dtype(random), {B, T, O}, other_padding);
    u.normal(random);
    delta.normal(random);
    Array fast(GM_F32, {B}), slow(GM_F64, {B}), magnitude(GM_F64, {B});
    fast.fill([] { return NAN; });
    CHECK_OK(GM_DEVICE_CALL(gm_row_dot, arguments(u, delta, fast)));
    CHECK_OK(GM_CALL(gm_row_dot, &check::reference_queue(), arguments(u, delta, slow)));
    CHECK_OK(GM_CALL(gm_row_dot, &check::reference_queue(),
                     arguments(check::magnitudes(u), check::magnitudes(delta), magnitude)));
    for (int64_t i = 0; i < B; i++)
        CHECK_CLOSE(fast.at(i), slow.at(i), check::sum_bound(T * O) * magnitude.at(i), "dot " + std::to_string(i));
}

}  // namespace

TEST(row_dot_agrees_with_the_reference) {
    for (int round = 0; round < 60; round++) {
        // about an eight, a warp's step, a short sample and a chunk; strides of whole eights and others
        agree(random, check::any_of(random, {0, 1, 3, 17}), check::any_of(random, {0, 1, 5}),
              check::any_of(random, {0, 1, 7, 8, 33, 200, 256, 264, 800}), check::any_of(random, {0, 3, 8}),
              check::any_of(random, {0, 5, 8}));
    }
    agree(random, 3, 1, 4096, 0, 0);
    agree(random, 3, 1, 4097, 0, 8);
    agree(random, 2, 5, 4096, 8, 0);
    agree(random, 2, 1, 16384, 0, 0);
    agree(random, 2, 1, 32769, 3, 0);
    agree(random, 1, 3, 7000, 5, 0);
}

TEST(row_dot_repeats_rows_of_stride_0) {
    Array u(GM_F32, {3, 4, 56}), delta(GM_BF16, {1, 1, 56}), fast(GM_F32, {3}), slow(GM_F64, {3});
    u.normal(random);
    delta.normal(random);
    gm_row_dot_args args = arguments(u, delta, fast);
    args.delta.shape[0] = 3;
    args.delta.shape[1] = 4;
    args.delta.stride[0] = args.delta.stride[1] = 0;
    CHECK_OK(GM_DEVICE_CALL(gm_row_dot, args));
    args.dot = slow.get();
    CHECK_OK(GM_CALL(gm_row_dot, &check::reference_queue(), args));
    // 224 products of size 1, none larger than 30
    for (int64_t i = 0; i < 3; i++) CHECK_CLOSE(fast.at(i), slow.at(i), 224 * 30 * check::sum_bound(224), "dot");
}

TEST(row_dot_gives_a_sample_the_same_bits_in_any_batch) {
    const int64_t B = 4, O = 20000;
    Array u(GM_F32, {B, 1, O}), delta(GM_F16, {B, 1, O}), all(GM_F32, {B}), again(GM_F32, {B}), alone(GM_F32, {1});
    u.normal(random);
    delta.normal(random);
    CHECK_OK(GM_DEVICE_CALL(gm_row_dot, arguments(u, delta, all)));
    CHECK_OK(GM_DEVICE_CALL(gm_row_dot, arguments(u, delta, again)));
    CHECK(check::same_bits(all, again));
    gm_row_dot_args args = arguments(u, delta, alone);
    args.projected.shape[0] = args.delta.shape[0] = 1;
    args.projected.data = static_cast<float *>(args.projected.data) + 3 * O;
    args.delta.data = static_cast<uint16_t *>(args.delta.data) + 3 * O;
    CHECK_OK(GM_DEVICE_CALL(gm_row_dot, args));
    CHECK(alone.at(0) == all.at(3));
}

TEST(row_dot_keeps_a_nan_in_its_sample) {
    Array u(GM_F32, {20, 2, 9}), delta(GM_F32, {20, 2, 9}), clean(GM_F32, {20}), dirty(GM_F32, {20});
    u.normal(random);
    delta.normal(random);
    CHECK_OK(GM_DEVICE_CALL(gm_row_dot, arguments(u, delta, clean)));
    u.set(NAN, 17, 1, 8);
    CHECK_OK(GM_DEVICE_CALL(gm_row_dot, arguments(u, delta, dirty)));
    for (int64_t i = 0; i < 20; i++) CHECK(i == 17 ? std::isnan(dirty.at(i)) : dirty.at(i) == clean.at(i));
}
