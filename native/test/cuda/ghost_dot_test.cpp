// gm_ghost_dot on GM_CUDA against GM_REFERENCE.
#include "../products.h"
#include "device.h"

using check::Array;

namespace {

gm_ghost_dot_args arguments(const Array &input, const Array &delta, const Array &direction, const Array &dot) {
    return {input.get(), delta.get(), direction.get(), dot.get()};
}

// A float takes up the I products of V a, then 4 and 16 of them times delta; two roundings of each term.
double bound(int64_t I) { return check::unit_roundoff(GM_F32) * (static_cast<double>(I) + 24); }

void agree(check::Random &random, Array &a, Array &delta, Array &v, double silent) {
    const int64_t B = a.extent(0), T = a.extent(1), I = a.extent(2), O = delta.extent(2);
    a.normal(random);
    delta.normal(random);
    v.normal(random);
    check::silence(delta, random, silent);
    Array fast(GM_F32, {B}), slow(GM_F64, {B}), magnitude(GM_F64, {B});
    fast.fill([] { return NAN; });
    CHECK_OK(GM_DEVICE_CALL(gm_ghost_dot, arguments(a, delta, v, fast)));
    CHECK_OK(GM_CALL(gm_ghost_dot, &check::reference_queue(), arguments(a, delta, v, slow)));
    CHECK_OK(GM_CALL(gm_ghost_dot, &check::reference_queue(), arguments(check::magnitudes(a), check::magnitudes(delta), check::magnitudes(v), magnitude)));
    for (int64_t i = 0; i < B; i++) {
        CHECK_CLOSE(fast.at(i), slow.at(i), bound(I) * magnitude.at(i),
                    "dot " + std::to_string(i) + " of T = " + std::to_string(T) + ", I = " + std::to_string(I) + ", O = " + std::to_string(O));
    }
}

void agree(check::Random &random, int64_t B, int64_t T, int64_t I, int64_t O, double silent) {
    Array a(check::any_dtype(random), {B, T, I}, check::any_of(random, {0, 3, 8}));
    Array delta(check::any_dtype(random), {B, T, O}, check::any_of(random, {0, 5}));
    Array v(check::any_dtype(random), {O, I}, check::any_of(random, {0, 1}));
    agree(random, a, delta, v, silent);
}

// Whether `body` multiplies on the tensor cores; a device does not tell.
template <class Body>
bool multiplies_fragments([[maybe_unused]] bool expected, Body &&body) {
#if defined(GM_EMULATED)
    const int64_t before = emulator::multiplications();
    body();
    return emulator::multiplications() > before;
#else
    body();
    return expected;
#endif
}

}  // namespace

TEST(ghost_dot_agrees_with_the_reference) {
    for (int round = 0; round < 40; round++) {
        agree(random, check::any_of(random, {0, 1, 2, 5}), check::any_of(random, {0, 1, 3, 4, 9}), check::any_of(random, {0, 1, 7, 16, 33, 70}),
              check::any_of(random, {0, 1, 2, 5, 13, 40, 65}), static_cast<double>(check::any_of(random, {0, 1, 2})) / 2);
    }
    agree(random, 1, 129, 40, 97, 0);   // tiles of tokens and of outputs
    agree(random, 63, 1, 30, 130, 0);
    agree(random, 65, 1, 64, 64, 0.3);
    agree(random, 150, 9, 8, 7, 0.8);   // more tokens than a round of the list
}

// bf16 and f16 with rows that begin on 16 bytes: a lane's, a slice's and a tile's ends, and several slices.
TEST(ghost_dot_agrees_on_the_tensor_cores) {
    const int64_t shapes[][4] = {{1, 1, 64, 8}, {3, 7, 72, 40}, {2, 100, 128, 129}, {5, 26, 200, 65}, {1, 129, 264, 128}, {130, 1, 136, 250}, {40, 9, 64, 3}, {2, 64, 1000, 64}};
    for (const auto &shape : shapes) {
        const int32_t dtype = check::any_of(random, {0, 1}) ? GM_BF16 : GM_F16, delta_dtype = check::any_of(random, {0, 1}) ? GM_BF16 : GM_F16;
        const int64_t O = shape[3], past = (8 - O % 8) % 8, padding = check::any_of(random, {0, 8});
        Array a(dtype, {shape[0], shape[1], shape[2]}, padding), delta(delta_dtype, {shape[0], shape[1], O + past}, padding), v(dtype, {O, shape[2]}, padding);
        delta.get().shape[2] = O;
        const double silent = shape[0] * shape[1] == 1 ? 0 : static_cast<double>(check::any_of(random, {0, 0, 1})) / 2;  // some token is left
        CHECK(multiplies_fragments(true, [&] { agree(random, a, delta, v, silent); }));
    }
    for (const int which : {0, 1, 2, 3}) {  // rows that begin elsewhere, or another dtype
        Array a(GM_BF16, {2, 9, 64}, which == 0), delta(which == 3 ? GM_F32 : GM_BF16, {2, 9, 64}, which == 1), v(GM_BF16, {64, 64}, which == 2);
        CHECK(!multiplies_fragments(false, [&] { agree(random, a, delta, v, 0); }));
    }
}

TEST(ghost_dot_keeps_a_nan_in_its_sample) {
    for (const int32_t dtype : {GM_F32, GM_BF16}) {
        Array a(dtype, {9, 15, 72}), delta(dtype, {9, 15, 136}), v(dtype, {136, 72}), clean(GM_F32, {9}), dirty(GM_F32, {9});
        a.normal(random);
        delta.normal(random);
        v.normal(random);
        CHECK_OK(GM_DEVICE_CALL(gm_ghost_dot, arguments(a, delta, v, clean)));
        a.set(NAN, 4, 3, 71);
        a.set(std::numeric_limits<double>::infinity(), 8, 14, 0);
        delta.set(NAN, 0, 0, 135);
        CHECK_OK(GM_DEVICE_CALL(gm_ghost_dot, arguments(a, delta, v, dirty)));
        for (int64_t i = 0; i < 9; i++) CHECK(i == 0 || i == 4 || i == 8 ? !std::isfinite(dirty.at(i)) : dirty.at(i) == clean.at(i));
    }
}

// 0 times whatever the input holds there.
TEST(ghost_dot_leaves_out_tokens_without_gradient) {
    Array a(GM_F32, {2, 4, 20}), delta(GM_F32, {2, 4, 70}), v(GM_F32, {70, 20}), clean(GM_F32, {2}), dirty(GM_F32, {2});
    a.normal(random);
    delta.normal(random);
    v.normal(random);
    for (int64_t o = 0; o < 70; o++) delta.set(0, 1, 2, o);
    CHECK_OK(GM_DEVICE_CALL(gm_ghost_dot, arguments(a, delta, v, clean)));
    for (int64_t c = 0; c < 20; c++) a.set(NAN, 1, 2, c);
    CHECK_OK(GM_DEVICE_CALL(gm_ghost_dot, arguments(a, delta, v, dirty)));
    CHECK(check::same_bits(clean, dirty));
    delta.set(1, 1, 2, 69);
    CHECK_OK(GM_DEVICE_CALL(gm_ghost_dot, arguments(a, delta, v, dirty)));
    CHECK(std::isnan(dirty.at(1)) && dirty.at(0) == clean.at(0));
}

TEST(ghost_dot_gives_the_same_bits_again) {
    Array a(GM_BF16, {9, 17, 40}), delta(GM_BF16, {9, 17, 72}), v(GM_BF16, {72, 40}), once(GM_F32, {9}), again(GM_F32, {9});
    a.normal(random);
    delta.normal(random);
    v.normal(random);
    CHECK_OK(GM_DEVICE_CALL(gm_ghost_dot, arguments(a, delta, v, once)));
    CHECK_OK(GM_DEVICE_CALL(gm_ghost_dot, arguments(a, delta, v, again)));
    CHECK(check::same_bits(once, again));
}
