#include "products.h"

using check::Array;

namespace {

gm_row_dot_args arguments(const Array &projected, const Array &delta, const Array &dot) {
    return {projected.get(), delta.get(), dot.get()};
}

}  // namespace

TEST(agrees_with_the_reference) {
    for (int round = 0; round < 80; round++) {
        const int64_t B = check::any_of(random, {0, 1, 3, 17}), T = check::any_of(random, {0, 1, 5});
        const int64_t O =
            check::any_of(random, {0, 1, 7, 16, 33, 200, 2047, 2048, 2049, 7000});  // about a vector and a chunk
        Array u(check::any_dtype(random), {B, T, O}, check::any_of(random, {0, 3}));
        Array delta(check::any_dtype(random), {B, T, O}, check::any_of(random, {0, 5}));
        u.normal(random);
        delta.normal(random);
        Array fast(GM_F32, {B}), slow(GM_F64, {B}), magnitude(GM_F64, {B});
        fast.fill([] { return NAN; });
        CHECK_OK(GM_CALL(gm_row_dot, nullptr, arguments(u, delta, fast)));
        CHECK_OK(GM_CALL(gm_row_dot, &check::reference_queue(), arguments(u, delta, slow)));
        CHECK_OK(GM_CALL(gm_row_dot, &check::reference_queue(),
                         arguments(check::magnitudes(u), check::magnitudes(delta), magnitude)));
        for (int64_t i = 0; i < B; i++) {
            CHECK_CLOSE(fast.at(i), slow.at(i), check::sum_bound(T * O) * magnitude.at(i), "dot " + std::to_string(i));
        }
    }
}

TEST(rows_may_repeat) {
    Array u(GM_F32, {3, 4, 50}), delta(GM_BF16, {1, 1, 50}), fast(GM_F32, {3}), slow(GM_F64, {3});
    u.normal(random);
    delta.normal(random);
    gm_row_dot_args args = arguments(u, delta, fast);
    args.delta.shape[0] = 3;
    args.delta.shape[1] = 4;
    args.delta.stride[0] = args.delta.stride[1] = 0;
    CHECK_OK(GM_CALL(gm_row_dot, nullptr, args));
    args.dot = slow.get();
    CHECK_OK(GM_CALL(gm_row_dot, &check::reference_queue(), args));
    // 200 products of size 1, none larger than 30
    for (int64_t i = 0; i < 3; i++) CHECK_CLOSE(fast.at(i), slow.at(i), 200 * 30 * check::sum_bound(200), "dot");
}

TEST(a_sample_has_the_same_bits_in_any_batch_and_on_any_number_of_threads) {
    const int64_t B = 5, T = 3, O = 40000;
    Array u(GM_F32, {B, T, O}), delta(GM_F16, {B, T, O}), one(GM_F32, {B}), two(GM_F32, {B}), alone(GM_F32, {1});
    u.normal(random);
    delta.normal(random);
    check::with_threads(1, [&] { CHECK_OK(GM_CALL(gm_row_dot, nullptr, arguments(u, delta, one))); });
    check::with_threads(2, [&] { CHECK_OK(GM_CALL(gm_row_dot, nullptr, arguments(u, delta, two))); });
    CHECK(check::same_bits(one, two));
    gm_row_dot_args args = arguments(u, delta, alone);
    args.projected.shape[0] = args.delta.shape[0] = 1;
    args.projected.data = static_cast<float *>(args.projected.data) + 3 * T * O;
    args.delta.data = static_cast<uint16_t *>(args.delta.data) + 3 * T * O;
    CHECK_OK(GM_CALL(gm_row_dot, nullptr, args));
    CHECK(alone.at(0) == one.at(3));
}

TEST(nan_stays_in_its_sample) {
    Array u(GM_F32, {40, 2, 9}), delta(GM_F32, {40, 2, 9}), clean(GM_F32, {40}), dirty(GM_F32, {40});
    u.normal(random);
    delta.normal(random);
    CHECK_OK(GM_CALL(gm_row_dot, nullptr, arguments(u, delta, clean)));
    u.set(NAN, 17, 1, 8);
    CHECK_OK(GM_CALL(gm_row_dot, nullptr, arguments(u, delta, dirty)));
    for (int64_t i = 0; i < 40; i++) CHECK(i == 17 ? std::isnan(dirty.at(i)) : dirty.at(i) == clean.at(i));
}

TEST(strides_beyond_31_bits) {
    const int64_t stride = (int64_t(1) << 31) + 7;
    check::Virtual memory(static_cast<size_t>(stride) * 2 * sizeof(float) + 4096);
    if (!CHECK(memory.there())) return;
    float *u = static_cast<float *>(memory.data());
    for (int64_t i = 0; i < 3; i++) u[i * stride] = static_cast<float>(i + 1);
    Array delta(GM_F32, {3, 1, 4}), dot(GM_F32, {3});
    delta.fill([] { return 2.0; });
    gm_row_dot_args args = arguments(delta, delta, dot);
    args.projected = {u, GM_F32, 3, {3, 1, 4}, {stride, 4, 1}};
    CHECK_OK(GM_CALL(gm_row_dot, nullptr, args));
    for (int64_t i = 0; i < 3; i++) CHECK(dot.at(i) == static_cast<double>(2 * (i + 1)));
}

TEST(refuses_by_name) {
    Array u(GM_F32, {2, 3, 4}), delta(GM_F32, {2, 3, 4}), dot(GM_F32, {2}), other(GM_F32, {2, 3, 5}),
        labels(GM_I64, {2, 3, 4});
    CHECK_REFUSED(GM_CALL(gm_row_dot, nullptr, arguments(u, other, dot)), GM_INVALID_ARGUMENT,
                  "gm_row_dot: delta has the shape [2, 3, 5], expected [2, 3, 4]");
    CHECK_REFUSED(GM_CALL(gm_row_dot, nullptr, arguments(dot, delta, dot)), GM_INVALID_ARGUMENT,
                  "gm_row_dot: projected has the shape [2], expected [B, T, O]");
    CHECK_REFUSED(GM_CALL(gm_row_dot, nullptr, arguments(labels, delta, dot)), GM_INVALID_ARGUMENT,
                  "gm_row_dot: projected is i64");
    CHECK_REFUSED(GM_CALL(gm_row_dot, nullptr, arguments(u, labels, dot)), GM_INVALID_ARGUMENT,
                  "gm_row_dot: delta is i64");
    CHECK_REFUSED(GM_CALL(gm_row_dot, nullptr, arguments(u, delta, u)), GM_INVALID_ARGUMENT,
                  "gm_row_dot: dot has the shape [2, 3, 4], expected [2]");
    Array half(GM_BF16, {2});
    CHECK_REFUSED(GM_CALL(gm_row_dot, nullptr, arguments(u, delta, half)), GM_INVALID_ARGUMENT,
                  "gm_row_dot: dot is bf16; f32 is expected");
    gm_row_dot_args args = arguments(u, delta, dot);
    args.delta.stride[2] = 2;
    CHECK_REFUSED(GM_CALL(gm_row_dot, nullptr, args), GM_INVALID_ARGUMENT, "which must be contiguous");
    args.delta = {nullptr, 0, 0, {}, {}};
    CHECK_REFUSED(GM_CALL(gm_row_dot, nullptr, args), GM_INVALID_ARGUMENT, "gm_row_dot: delta is NULL");
    args = arguments(u, delta, dot);
    args.projected.shape[0] = args.delta.shape[0] = args.dot.shape[0] = int64_t(1) << 62;
    args.projected.stride[0] = args.delta.stride[0] = 0;
    CHECK_REFUSED(GM_CALL(gm_row_dot, nullptr, args), GM_INVALID_ARGUMENT, "does not fit into the address space");
    args = arguments(u, delta, dot);
    size_t bytes = 0;
    CHECK_OK(gm_row_dot_workspace_size(nullptr, &args, &bytes));
    std::vector<char> workspace(bytes);
    CHECK_REFUSED(gm_row_dot(nullptr, &args, workspace.data(), 8), GM_INVALID_ARGUMENT,
                  "workspace of 8 bytes is too small");
    CHECK_REFUSED(gm_row_dot(nullptr, &args, nullptr, bytes), GM_INVALID_ARGUMENT, "workspace of 0 bytes is too small");
}
