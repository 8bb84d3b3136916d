#include "products.h"

using check::Array;

namespace {

gm_ghost_norm_args arguments(const Array &input, const Array &delta, const Array &norm) {
    return {input.get(), delta.get(), norm.get()};
}

// Either form, in units of sum_oi (sum_t |delta_to| |a_ti|)^2, which is also the sum of magnitudes of the
// Gram form: lanes over 512 of I and O (four at least) and their products, or every element of
// g_i over T, squared; and what follows them.
double bound(int64_t T, int64_t I, int64_t O) {
    const double gram = static_cast<double>(std::min<int64_t>(I, 2048) + std::min<int64_t>(O, 2048)) / 4 + 24;
    const double direct = 2 * static_cast<double>(T) + 40;
    return check::unit_roundoff(GM_F32) * std::max(gram, direct);
}

void agree(check::Random &random, int64_t B, int64_t T, int64_t I, int64_t O, double silent_share = 0) {
    Array a(check::any_dtype(random), {B, T, I}, check::any_of(random, {0, 3}));
    Array delta(check::any_dtype(random), {B, T, O}, check::any_of(random, {0, 5}));
    a.normal(random);
    delta.normal(random);
    check::silence(delta, random, silent_share);
    Array fast(GM_F32, {B}), slow(GM_F64, {B}), magnitude(GM_F64, {B});
    fast.fill([] { return NAN; });
    CHECK_OK(GM_CALL(gm_ghost_norm, nullptr, arguments(a, delta, fast)));
    CHECK_OK(GM_CALL(gm_ghost_norm, &check::reference_queue(), arguments(a, delta, slow)));
    CHECK_OK(GM_CALL(gm_ghost_norm, &check::reference_queue(),
                     arguments(check::magnitudes(a), check::magnitudes(delta), magnitude)));
    for (int64_t i = 0; i < B; i++) {
        CHECK_CLOSE(fast.at(i), slow.at(i), bound(T, I, O) * magnitude.at(i),
                    "norm " + std::to_string(i) + " of T = " + std::to_string(T) + ", I = " + std::to_string(I) +
                        ", O = " + std::to_string(O));
    }
}

}  // namespace

TEST(agrees_with_the_reference) {
    for (int round = 0; round < 150; round++) {
        agree(random, check::any_of(random, {0, 1, 2, 5}), check::any_of(random, {0, 1, 2, 3, 4, 7, 9, 30}),
              check::any_of(random, {0, 1, 7, 16, 33, 70}), check::any_of(random, {0, 1, 5, 6, 7, 13, 40}),
              static_cast<double>(check::any_of(random, {0, 1, 2})) / 2);
    }
}

TEST(agrees_with_the_reference_for_one_token) {
    agree(random, 50, 1, 3000, 10);
    agree(random, 3, 1, 17, 5000);
    agree(random, 6, 8, 40, 90, 0.9);
}

TEST(agrees_with_the_reference_in_the_gram_form) {
    agree(random, 2, 7, 90, 110);
    agree(random, 1, 95, 300, 300);
    agree(random, 1, 97, 200, 513);
    agree(random, 1, 200, 500, 450, 0.1);
    agree(random, 2, 13, 1030, 40);
}

TEST(agrees_with_the_reference_in_the_direct_form) {
    agree(random, 2, 300, 7, 5);
    agree(random, 1, 129, 257, 13);
    agree(random, 1, 128, 16, 97);
    agree(random, 1, 127, 65, 96, 0.1);
    agree(random, 3, 1000, 3, 3);
}

TEST(no_gradient_has_no_norm) {
    Array a(GM_F32, {2, 3, 4}), delta(GM_F32, {2, 3, 5}), norm(GM_F32, {2});
    a.fill([] { return NAN; });
    for (const gm_queue *queue : {static_cast<const gm_queue *>(nullptr), &check::reference_queue()}) {
        norm.fill([] { return NAN; });
        CHECK_OK(GM_CALL(gm_ghost_norm, queue, arguments(a, delta, norm)));
        CHECK(norm.at(0) == 0 && norm.at(1) == 0);
    }
}

TEST(tokens_that_cancel_give_no_negative_norm) {
    // Three inputs that add up to zero exactly and one delta: g_i = 0 although no token is, and the Gram
    // form's rounding falls to either side of it.
    const int64_t I = 600, O = 500;
    Array a(GM_F32, {1, 3, I}), delta(GM_F32, {1, 3, O}), norm(GM_F32, {1}), magnitude(GM_F64, {1});
    for (int round = 0; round < 20; round++) {
        a.integers(random, 1 << 22);
        delta.integers(random, 1 << 22);
        for (int64_t c = 0; c < I; c++) a.set(-a.at(0, 0, c) - a.at(0, 1, c), 0, 2, c);
        for (int64_t o = 0; o < O; o++) {
            delta.set(delta.at(0, 0, o), 0, 1, o);
            delta.set(delta.at(0, 0, o), 0, 2, o);
        }
        CHECK_OK(GM_CALL(gm_ghost_norm, nullptr, arguments(a, delta, norm)));
        CHECK_OK(GM_CALL(gm_ghost_norm, &check::reference_queue(),
                         arguments(check::magnitudes(a), check::magnitudes(delta), magnitude)));
        CHECK(norm.at(0) >= 0);
        CHECK_CLOSE(norm.at(0), 0, bound(3, I, O) * magnitude.at(0), "norm");
    }
}

TEST(same_bits_on_any_number_of_threads_and_in_any_order_of_samples) {
    for (const bool gram : {true, false}) {
        const int64_t B = 6, T = gram ? 100 : 200, I = gram ? 300 : 30, O = gram ? 300 : 40;
        Array a(GM_F32, {B, T, I}), delta(GM_BF16, {B, T, O}), ra(GM_F32, {B, T, I}), rdelta(GM_BF16, {B, T, O});
        a.normal(random);
        delta.normal(random);
        for (int64_t i = 0; i < B; i++) {
            for (int64_t t = 0; t < T; t++) {
                for (int64_t c = 0; c < I; c++) ra.set(a.at(i, t, c), B - 1 - i, t, c);
                for (int64_t o = 0; o < O; o++) rdelta.set(delta.at(i, t, o), B - 1 - i, t, o);
            }
        }
        Array one(GM_F32, {B}), two(GM_F32, {B}), reversed(GM_F32, {B});
        check::with_threads(1, [&] { CHECK_OK(GM_CALL(gm_ghost_norm, nullptr, arguments(a, delta, one))); });
        check::with_threads(2, [&] { CHECK_OK(GM_CALL(gm_ghost_norm, nullptr, arguments(a, delta, two))); });
        CHECK_OK(GM_CALL(gm_ghost_norm, nullptr, arguments(ra, rdelta, reversed)));
        CHECK(check::same_bits(one, two));
        for (int64_t i = 0; i < B; i++) CHECK(reversed.at(B - 1 - i) == one.at(i));
    }
}

TEST(nan_stays_in_its_sample) {
    for (const int64_t T : {1, 5, 200}) {
        const int64_t B = 9, I = 30, O = 31;
        Array a(GM_F32, {B, T, I}), delta(GM_F32, {B, T, O}), clean(GM_F32, {B}), dirty(GM_F32, {B});
        a.normal(random);
        delta.normal(random);
        CHECK_OK(GM_CALL(gm_ghost_norm, nullptr, arguments(a, delta, clean)));
        a.set(NAN, 2, T - 1, I - 1);
        delta.set(NAN, 5, 0, O - 1);
        CHECK_OK(GM_CALL(gm_ghost_norm, nullptr, arguments(a, delta, dirty)));
        for (int64_t i = 0; i < B; i++) CHECK(i == 2 || i == 5 ? std::isnan(dirty.at(i)) : dirty.at(i) == clean.at(i));
    }
}

TEST(strides_beyond_31_bits) {
    const int64_t stride = (int64_t(1) << 31) + 5;
    check::Virtual memory(static_cast<size_t>(stride) * 3 * sizeof(float) + 4096);
    if (!CHECK(memory.there())) return;
    float *a = static_cast<float *>(memory.data());
    for (int64_t n = 0; n < 4; n++) a[n * stride + 2] = 2;
    Array delta(GM_F32, {2, 2, 2}), norm(GM_F32, {2});
    delta.fill([] { return 1.0; });
    gm_ghost_norm_args args = arguments(delta, delta, norm);
    args.input = {a, GM_F32, 3, {2, 2, 3}, {2 * stride, stride, 1}};
    CHECK_OK(GM_CALL(gm_ghost_norm, nullptr, args));
    for (int64_t i = 0; i < 2; i++) CHECK(norm.at(i) == 32);
}

TEST(refuses_by_name) {
    Array a(GM_F32, {2, 3, 4}), delta(GM_F32, {2, 3, 5}), norm(GM_F32, {2}), late(GM_F32, {3, 3, 5}),
        labels(GM_I64, {2, 3, 5}), half(GM_BF16, {2});
    CHECK_REFUSED(GM_CALL(gm_ghost_norm, nullptr, arguments(norm, delta, norm)), GM_INVALID_ARGUMENT,
                  "gm_ghost_norm: input has the shape [2], expected [B, T, I]");
    CHECK_REFUSED(GM_CALL(gm_ghost_norm, nullptr, arguments(a, late, norm)), GM_INVALID_ARGUMENT,
                  "gm_ghost_norm: delta has the shape [3, 3, 5], expected [2, 3, 5]");
    CHECK_REFUSED(GM_CALL(gm_ghost_norm, nullptr, arguments(a, labels, norm)), GM_INVALID_ARGUMENT,
                  "gm_ghost_norm: delta is i64");
    CHECK_REFUSED(GM_CALL(gm_ghost_norm, nullptr, arguments(a, delta, half)), GM_INVALID_ARGUMENT,
                  "gm_ghost_norm: norm_squared is bf16; f32 is expected");
    CHECK_REFUSED(GM_CALL(gm_ghost_norm, nullptr, arguments(a, delta, a)), GM_INVALID_ARGUMENT,
                  "gm_ghost_norm: norm_squared has the shape [2, 3, 4], expected [2]");
    gm_ghost_norm_args args = arguments(a, delta, norm);
    args.input.data = nullptr;
    CHECK_REFUSED(GM_CALL(gm_ghost_norm, nullptr, args), GM_INVALID_ARGUMENT, "gm_ghost_norm: input is NULL");
}
