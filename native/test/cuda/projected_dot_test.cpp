// gm_projected_dot on GM_CUDA against GM_REFERENCE.
#include "../products.h"
#include "device.h"

using check::Array;

namespace {

gm_projected_dot_args arguments(const Array &gradient, const Array &direction, const Array &dot, const Array &norm,
                                double *v) {
    return {gradient.get(), direction.get(), dot.get(), norm.get(), v};
}

void agree(check::Random &random, int64_t B, int64_t P, int64_t padding) {
    Array g(check::any_dtype(random), {B, P}, padding), v(check::any_dtype(random), {P});
    g.normal(random);
    v.normal(random);
    Array fast(GM_F32, {B}), fast_norm(GM_F32, {B}), slow(GM_F64, {B}), slow_norm(GM_F64, {B}), magnitude(GM_F64, {B});
    fast.fill([] { return NAN; });
    fast_norm.fill([] { return NAN; });
    double fast_v = NAN, slow_v = NAN;
    CHECK_OK(GM_DEVICE_CALL(gm_projected_dot, arguments(g, v, fast, fast_norm, &fast_v)));
    CHECK_OK(GM_CALL(gm_projected_dot, &check::reference_queue(), arguments(g, v, slow, slow_norm, &slow_v)));
    CHECK_OK(GM_CALL(gm_projected_dot, &check::reference_queue(),
                     arguments(check::magnitudes(g), check::magnitudes(v), magnitude, slow_norm, nullptr)));
    for (int64_t i = 0; i < B; i++) {
        CHECK_CLOSE(fast.at(i), slow.at(i), check::sum_bound(P) * magnitude.at(i), "dot " + std::to_string(i));
        CHECK_CLOSE(fast_norm.at(i), slow_norm.at(i), check::sum_bound(P) * slow_norm.at(i),
                    "norm " + std::to_string(i));
    }
    CHECK_CLOSE(fast_v, slow_v, check::sum_bound(P) * slow_v, "|v|^2");
}

}  // namespace

TEST(projected_dot_agrees_with_the_reference) {
    for (int round = 0; round < 40; round++) {
        agree(random, check::any_of(random, {0, 1, 3, 33}), check::any_of(random, {0, 1, 7, 8, 33, 256, 264, 1000}),
              check::any_of(random, {0, 3, 8}));
    }
    for (int round = 0; round < 8; round++) {
        agree(random, check::any_of(random, {0, 1, 8, 11}), check::any_of(random, {4096, 4097, 8192, 9000}),
              check::any_of(random, {0, 1, 8}));
    }
}

TEST(projected_dot_computes_only_what_is_asked_for) {
    for (const int64_t P : {300, 5000}) {
        Array g(GM_F32, {5, P}), v(GM_F16, {P}), dot(GM_F32, {5}), norm(GM_F32, {5}), dot_alone(GM_F32, {5}),
            norm_alone(GM_F32, {5});
        g.normal(random);
        v.normal(random);
        double all = 0, alone = 0;
        CHECK_OK(GM_DEVICE_CALL(gm_projected_dot, arguments(g, v, dot, norm, &all)));
        gm_projected_dot_args args = arguments(g, v, dot_alone, norm, nullptr);
        args.norm_squared.data = nullptr;
        CHECK_OK(GM_DEVICE_CALL(gm_projected_dot, args));
        CHECK(check::same_bits(dot, dot_alone));
        args = arguments(g, v, dot, norm_alone, nullptr);
        args.dot.data = nullptr;
        CHECK_OK(GM_DEVICE_CALL(gm_projected_dot, args));
        CHECK(check::same_bits(norm, norm_alone));
        args.norm_squared.data = nullptr;
        args.direction_norm_squared = &alone;
        CHECK_OK(GM_DEVICE_CALL(gm_projected_dot, args));
        CHECK(all == alone && all > 0);
    }
}

TEST(projected_dot_gives_a_row_the_same_bits_wherever_it_stands) {
    for (const int64_t P : {700, 9000}) {
        const int64_t B = 11;
        Array g(GM_BF16, {B, P}), reversed(GM_BF16, {B, P}), v(GM_F32, {P});
        g.normal(random);
        v.normal(random);
        for (int64_t i = 0; i < B; i++) {
            for (int64_t p = 0; p < P; p++) reversed.set(g.at(i, p), B - 1 - i, p);
        }
        g.set(NAN, 2, P - 1);
        Array dot(GM_F32, {B}), norm(GM_F32, {B}), other(GM_F32, {B}), other_norm(GM_F32, {B});
        CHECK_OK(GM_DEVICE_CALL(gm_projected_dot, arguments(g, v, dot, norm, nullptr)));
        CHECK_OK(GM_DEVICE_CALL(gm_projected_dot, arguments(reversed, v, other, other_norm, nullptr)));
        for (int64_t i = 0; i < B; i++) {
            if (i == 2) CHECK(std::isnan(dot.at(i)) && std::isnan(norm.at(i)));
            else CHECK(dot.at(i) == other.at(B - 1 - i) && norm.at(i) == other_norm.at(B - 1 - i));
        }
    }
}
