// gm_ghost_norm on GM_CUDA against GM_REFERENCE.
#include "../products.h"
#include "device.h"

using check::Array;

namespace {

gm_ghost_norm_args arguments(const Array &input, const Array &delta, const Array &norm) {
    return {input.get(), delta.get(), norm.get()};
}

// Either form, in units of sum_oi (sum_t |delta_to| |a_ti|)^2, which is also the sum of magnitudes of the Gram form:
// floats take up I and O products, or every element of g_i T of them, squared; and what follows them.
double bound(int64_t T, int64_t I, int64_t O) {
    return check::unit_roundoff(GM_F32) * std::max(static_cast<double>(I + O) + 24, 2 * static_cast<double>(T) + 40);
}

void agree(check::Random &random, int64_t B, int64_t T, int64_t I, int64_t O, double silent_share = 0) {
    Array a(check::any_dtype(random), {B, T, I}, check::any_of(random, {0, 3, 8})),
        delta(check::any_dtype(random), {B, T, O}, check::any_of(random, {0, 5}));
    a.normal(random);
    delta.normal(random);
    check::silence(delta, random, silent_share);
    Array fast(GM_F32, {B}), slow(GM_F64, {B}), magnitude(GM_F64, {B});
    fast.fill([] { return NAN; });
    CHECK_OK(GM_DEVICE_CALL(gm_ghost_norm, arguments(a, delta, fast)));
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

TEST(ghost_norm_agrees_with_the_reference) {
    for (int round = 0; round < 40; round++) {
        agree(random, check::any_of(random, {0, 1, 2, 5}), check::any_of(random, {0, 1, 2, 3, 9, 30}),
              check::any_of(random, {0, 1, 7, 16, 33, 70}), check::any_of(random, {0, 1, 5, 13, 40, 65}),
              static_cast<double>(check::any_of(random, {0, 1, 2})) / 2);
    }
    agree(random, 3, 1, 3000, 10);        // one token
    agree(random, 6, 8, 40, 90, 0.9);     // most samples have one or none
    agree(random, 1, 130, 200, 190);      // Gram, three blocks of tokens
    agree(random, 2, 70, 300, 100, 0.4);  // Gram in one block or two
    agree(random, 2, 300, 7, 5);          // direct
    agree(random, 1, 129, 130, 70);
    agree(random, 3, 500, 3, 3, 0.5);
    agree(random, 4, 200, 66, 64, 0.6);  // either, by the sample's own number of tokens
}

TEST(ghost_norm_of_no_gradient_is_zero) {
    Array a(GM_F32, {2, 3, 4}), delta(GM_F32, {2, 3, 5}), norm(GM_F32, {2});
    a.fill([] { return NAN; });
    norm.fill([] { return NAN; });
    CHECK_OK(GM_DEVICE_CALL(gm_ghost_norm, arguments(a, delta, norm)));
    CHECK(norm.at(0) == 0 && norm.at(1) == 0);
}

TEST(ghost_norm_keeps_a_nan_in_its_sample) {
    for (const int64_t T : {1, 5, 200}) {
        const int64_t B = 5, I = 30, O = 31;
        Array a(GM_F32, {B, T, I}), delta(GM_F32, {B, T, O}), clean(GM_F32, {B}), dirty(GM_F32, {B}),
            again(GM_F32, {B});
        a.normal(random);
        delta.normal(random);
        CHECK_OK(GM_DEVICE_CALL(gm_ghost_norm, arguments(a, delta, clean)));
        CHECK_OK(GM_DEVICE_CALL(gm_ghost_norm, arguments(a, delta, again)));
        CHECK(check::same_bits(clean, again));
        a.set(std::numeric_limits<double>::infinity(), 2, T - 1, I - 1);
        delta.set(NAN, 4, 0, O - 1);
        CHECK_OK(GM_DEVICE_CALL(gm_ghost_norm, arguments(a, delta, dirty)));
        for (int64_t i = 0; i < B; i++)
            CHECK(i == 2 || i == 4 ? !std::isfinite(dirty.at(i)) : dirty.at(i) == clean.at(i));
    }
}

TEST(ghost_norm_of_tokens_that_cancel_is_not_negative) {
    const int64_t I = 300, O = 200;
    Array a(GM_F32, {1, 3, I}), delta(GM_F32, {1, 3, O}), norm(GM_F32, {1}), magnitude(GM_F64, {1});
    for (int round = 0; round < 5; round++) {
        a.integers(random, 1 << 22);
        delta.integers(random, 1 << 22);
        for (int64_t c = 0; c < I; c++) a.set(-a.at(0, 0, c) - a.at(0, 1, c), 0, 2, c);
        for (int64_t o = 0; o < O; o++) {
            delta.set(delta.at(0, 0, o), 0, 1, o);
            delta.set(delta.at(0, 0, o), 0, 2, o);
        }
        CHECK_OK(GM_DEVICE_CALL(gm_ghost_norm, arguments(a, delta, norm)));
        CHECK_OK(GM_CALL(gm_ghost_norm, &check::reference_queue(),
                         arguments(check::magnitudes(a), check::magnitudes(delta), magnitude)));
        CHECK(norm.at(0) >= 0);
        CHECK_CLOSE(norm.at(0), 0, bound(3, I, O) * magnitude.at(0), "norm");
    }
}
