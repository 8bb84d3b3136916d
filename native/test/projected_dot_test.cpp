#include "products.h"

using check::Array;

namespace {

gm_projected_dot_args arguments(const Array &gradient, const Array &direction, const Array &dot, const Array &norm,
                                double *v) {
    return {gradient.get(), direction.get(), dot.get(), norm.get(), v};
}

}  // namespace

TEST(agrees_with_the_reference) {
    for (int round = 0; round < 80; round++) {
        const int64_t B = check::any_of(random, {0, 1, 3, 33, 70});
        const int64_t P =
            check::any_of(random, {0, 1, 7, 16, 33, 2049, 16383, 16384, 16385, 40000});  // about a vector and a strip
        Array g(check::any_dtype(random), {B, P}, check::any_of(random, {0, 3})), v(check::any_dtype(random), {P});
        g.normal(random);
        v.normal(random);
        Array fast(GM_F32, {B}), fast_norm(GM_F32, {B}), slow(GM_F64, {B}), slow_norm(GM_F64, {B}),
            magnitude(GM_F64, {B});
        fast.fill([] { return NAN; });
        fast_norm.fill([] { return NAN; });
        double fast_v = NAN, slow_v = NAN;
        CHECK_OK(GM_CALL(gm_projected_dot, nullptr, arguments(g, v, fast, fast_norm, &fast_v)));
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
}

TEST(computes_only_what_is_asked_for) {
    Array g(GM_F32, {5, 300}), v(GM_F16, {300}), dot(GM_F32, {5}), norm(GM_F32, {5}), dot_alone(GM_F32, {5}),
        norm_alone(GM_F32, {5});
    g.normal(random);
    v.normal(random);
    double all = 0, alone = 0;
    CHECK_OK(GM_CALL(gm_projected_dot, nullptr, arguments(g, v, dot, norm, &all)));
    gm_projected_dot_args args = arguments(g, v, dot_alone, norm, nullptr);
    args.norm_squared.data = nullptr;
    CHECK_OK(GM_CALL(gm_projected_dot, nullptr, args));
    CHECK(check::same_bits(dot, dot_alone));
    args = arguments(g, v, dot, norm_alone, nullptr);
    args.dot.data = nullptr;
    CHECK_OK(GM_CALL(gm_projected_dot, nullptr, args));
    CHECK(check::same_bits(norm, norm_alone));
    args.norm_squared.data = nullptr;
    args.direction_norm_squared = &alone;
    CHECK_OK(GM_CALL(gm_projected_dot, nullptr, args));
    CHECK(all == alone && all > 0);
}

TEST(same_bits_on_any_number_of_threads_and_in_any_order_of_samples) {
    const int64_t B = 37, P = 20000;
    Array g(GM_BF16, {B, P}), reversed(GM_BF16, {B, P}), v(GM_F32, {P});
    g.normal(random);
    v.normal(random);
    for (int64_t i = 0; i < B; i++) {
        for (int64_t p = 0; p < P; p++) reversed.set(g.at(i, p), B - 1 - i, p);
    }
    Array dot[3] = {{GM_F32, {B}}, {GM_F32, {B}}, {GM_F32, {B}}},
          norm[3] = {{GM_F32, {B}}, {GM_F32, {B}}, {GM_F32, {B}}};
    double square[3] = {};
    check::with_threads(
        1, [&] { CHECK_OK(GM_CALL(gm_projected_dot, nullptr, arguments(g, v, dot[0], norm[0], &square[0]))); });
    check::with_threads(
        2, [&] { CHECK_OK(GM_CALL(gm_projected_dot, nullptr, arguments(g, v, dot[1], norm[1], &square[1]))); });
    CHECK_OK(GM_CALL(gm_projected_dot, nullptr, arguments(reversed, v, dot[2], norm[2], &square[2])));
    CHECK(check::same_bits(dot[0], dot[1]) && check::same_bits(norm[0], norm[1]) && square[0] == square[1]);
    for (int64_t i = 0; i < B; i++)
        CHECK(dot[2].at(B - 1 - i) == dot[0].at(i) && norm[2].at(B - 1 - i) == norm[0].at(i));
}

TEST(nan_stays_in_its_sample) {
    Array g(GM_F16, {70, 2100}), v(GM_F32, {2100}), clean(GM_F32, {70}), dirty(GM_F32, {70}), norm(GM_F32, {70});
    g.normal(random);
    v.normal(random);
    CHECK_OK(GM_CALL(gm_projected_dot, nullptr, arguments(g, v, clean, norm, nullptr)));
    g.set(NAN, 33, 2099);
    CHECK_OK(GM_CALL(gm_projected_dot, nullptr, arguments(g, v, dirty, norm, nullptr)));
    for (int64_t i = 0; i < 70; i++) {
        CHECK(i == 33 ? std::isnan(dirty.at(i)) && std::isnan(norm.at(i))
                      : dirty.at(i) == clean.at(i) && !std::isnan(norm.at(i)));
    }
}

TEST(sums_over_more_than_31_bits) {
    // bf16 zeros, but for a few numbers before and behind the element 2^31
    const int64_t P = (int64_t(1) << 31) + 12345;
    check::Virtual memory(static_cast<size_t>(P) * 2);
    if (!CHECK(memory.there())) return;
    uint16_t *g = static_cast<uint16_t *>(memory.data());
    g[0] = gm::float_to_bf16(1);
    g[(int64_t(1) << 31) + 1] = gm::float_to_bf16(2);
    g[P - 1] = gm::float_to_bf16(4);
    Array dot(GM_F32, {1}), norm(GM_F32, {1});
    double v = 0;
    const gm_projected_dot_args args = {
        {g, GM_BF16, 2, {1, P}, {P, 1}}, {g, GM_BF16, 1, {P}, {1}}, dot.get(), norm.get(), &v};
    CHECK_OK(GM_CALL(gm_projected_dot, nullptr, args));
    CHECK(dot.at(0) == 21 && norm.at(0) == 21 && v == 21);
}

TEST(strides_beyond_31_bits) {
    const int64_t stride = (int64_t(1) << 32) + 1;
    check::Virtual memory(static_cast<size_t>(stride) * 2 * 2 + 4096);
    if (!CHECK(memory.there())) return;
    uint16_t *g = static_cast<uint16_t *>(memory.data());
    for (int64_t i = 0; i < 3; i++) g[i * stride + i] = gm::float_to_f16(static_cast<float>(i + 1));
    Array v(GM_F32, {3}), dot(GM_F32, {3}), norm(GM_F32, {3});
    v.fill([] { return 3.0; });
    gm_projected_dot_args args = arguments(v, v, dot, norm, nullptr);
    args.gradient = {g, GM_F16, 2, {3, 3}, {stride, 1}};
    CHECK_OK(GM_CALL(gm_projected_dot, nullptr, args));
    for (int64_t i = 0; i < 3; i++)
        CHECK(dot.at(i) == static_cast<double>(3 * (i + 1)) && norm.at(i) == static_cast<double>((i + 1) * (i + 1)));
}

TEST(refuses_by_name) {
    Array g(GM_F32, {2, 3}), v(GM_F32, {3}), dot(GM_F32, {2}), norm(GM_F32, {2}), wide(GM_F32, {4}),
        cube(GM_F32, {2, 3, 1});
    Array labels(GM_I64, {3}), label_rows(GM_I64, {2, 3}), half(GM_F16, {2});
    CHECK_REFUSED(GM_CALL(gm_projected_dot, nullptr, arguments(cube, v, dot, norm, nullptr)), GM_INVALID_ARGUMENT,
                  "gm_projected_dot: gradient has the shape [2, 3, 1], expected [B, P]");
    CHECK_REFUSED(GM_CALL(gm_projected_dot, nullptr, arguments(label_rows, v, dot, norm, nullptr)), GM_INVALID_ARGUMENT,
                  "gm_projected_dot: gradient is i64");
    CHECK_REFUSED(GM_CALL(gm_projected_dot, nullptr, arguments(g, wide, dot, norm, nullptr)), GM_INVALID_ARGUMENT,
                  "gm_projected_dot: direction has the shape [4], expected [3]");
    CHECK_REFUSED(GM_CALL(gm_projected_dot, nullptr, arguments(g, labels, dot, norm, nullptr)), GM_INVALID_ARGUMENT,
                  "gm_projected_dot: direction is i64");
    CHECK_REFUSED(GM_CALL(gm_projected_dot, nullptr, arguments(g, v, v, norm, nullptr)), GM_INVALID_ARGUMENT,
                  "gm_projected_dot: dot has the shape [3], expected [2]");
    CHECK_REFUSED(GM_CALL(gm_projected_dot, nullptr, arguments(g, v, dot, half, nullptr)), GM_INVALID_ARGUMENT,
                  "gm_projected_dot: norm_squared is f16; f32 is expected");
    gm_projected_dot_args args = arguments(g, v, dot, norm, nullptr);
    args.gradient.stride[0] = -3;
    CHECK_REFUSED(GM_CALL(gm_projected_dot, nullptr, args), GM_INVALID_ARGUMENT,
                  "gm_projected_dot: gradient has the stride -3 in dimension 0");
    args = arguments(g, v, dot, norm, nullptr);
    args.direction.data = nullptr;
    CHECK_REFUSED(GM_CALL(gm_projected_dot, nullptr, args), GM_INVALID_ARGUMENT, "gm_projected_dot: direction is NULL");
}
