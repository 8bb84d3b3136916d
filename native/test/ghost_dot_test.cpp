#include "products.h"

using check::Array;

namespace {

gm_ghost_dot_args arguments(const Array &input, const Array &delta, const Array &direction, const Array &dot) {
    return {input.get(), delta.get(), direction.get(), dot.get(), GM_GHOST_DOT_AUTO};
}

// Float lanes over at most 512 of I and then 96 of O, four lanes at least; lanes, result and terms.
double bound(int64_t I, int64_t O) {
    return check::unit_roundoff(GM_F32) *
           (static_cast<double>(std::min<int64_t>(I, 512)) / 4 + static_cast<double>(std::min<int64_t>(O, 96)) + 12);
}

// delta rows of some tokens set to zero
void agree(check::Random &random, int64_t B, int64_t T, int64_t I, int64_t O) {
    Array a(check::any_dtype(random), {B, T, I}, check::any_of(random, {0, 3}));
    Array delta(check::any_dtype(random), {B, T, O}, check::any_of(random, {0, 5}));
    Array v(check::any_dtype(random), {O, I}, check::any_of(random, {0, 1}));
    a.normal(random);
    delta.normal(random);
    v.normal(random);
    check::silence(delta, random, static_cast<double>(check::any_of(random, {0, 1, 2})) / 2);
    Array fast(GM_F32, {B}), slow(GM_F64, {B}), magnitude(GM_F64, {B});
    fast.fill([] { return NAN; });
    CHECK_OK(GM_CALL(gm_ghost_dot, nullptr, arguments(a, delta, v, fast)));
    CHECK_OK(GM_CALL(gm_ghost_dot, &check::reference_queue(), arguments(a, delta, v, slow)));
    CHECK_OK(GM_CALL(gm_ghost_dot, &check::reference_queue(),
                     arguments(check::magnitudes(a), check::magnitudes(delta), check::magnitudes(v), magnitude)));
    for (int64_t i = 0; i < B; i++) {
        CHECK_CLOSE(fast.at(i), slow.at(i), bound(I, O) * magnitude.at(i),
                    "dot " + std::to_string(i) + " of T = " + std::to_string(T) + ", I = " + std::to_string(I) +
                        ", O = " + std::to_string(O));
    }
}

}  // namespace

TEST(agrees_with_the_reference) {
    for (int round = 0; round < 150; round++) {
        agree(random, check::any_of(random, {0, 1, 2, 5}), check::any_of(random, {0, 1, 3, 4, 9}),
              check::any_of(random, {0, 1, 7, 16, 33, 70}), check::any_of(random, {0, 1, 2, 5, 6, 7, 13, 40}));
    }
}

TEST(agrees_with_the_reference_about_its_blocks) {
    agree(random, 1, 129, 40, 97);
    agree(random, 127, 1, 30, 193);
    agree(random, 16, 1, 513, 96);
    agree(random, 3, 5, 1025, 100);
    agree(random, 2, 140, 17, 95);
    agree(random, 700, 13, 8, 7);  // many blocks of tokens
    agree(random, 9, 1, 8, 7000);  // many slabs
}

TEST(equals_projected_dot_on_materialised_gradients) {
    const int64_t B = 4, T = 6, I = 50, O = 20;
    Array a(GM_F32, {B, T, I}), delta(GM_F32, {B, T, O}), v(GM_F32, {O, I}), g(GM_F32, {B, O * I}),
        g_magnitude(GM_F64, {B, O * I});
    a.normal(random);
    delta.normal(random);
    v.normal(random);
    for (int64_t i = 0; i < B; i++) {
        for (int64_t o = 0; o < O; o++) {
            for (int64_t c = 0; c < I; c++) {
                double sum = 0, magnitude = 0;
                for (int64_t t = 0; t < T; t++) {
                    sum += delta.at(i, t, o) * a.at(i, t, c);
                    magnitude += std::fabs(delta.at(i, t, o) * a.at(i, t, c));
                }
                g.set(sum, i, o * I + c);
                g_magnitude.set(magnitude, i, o * I + c);
            }
        }
    }
    Array ghost(GM_F32, {B}), direct(GM_F32, {B});
    CHECK_OK(GM_CALL(gm_ghost_dot, nullptr, arguments(a, delta, v, ghost)));
    gm_projected_dot_args projected = {g.get(), v.get(), direct.get(), {}, nullptr};
    projected.direction.rank = 1;
    projected.direction.shape[0] = O * I;
    projected.direction.stride[0] = 1;
    CHECK_OK(GM_CALL(gm_projected_dot, nullptr, projected));
    for (int64_t i = 0; i < B; i++) {
        double magnitude = 0;
        for (int64_t o = 0; o < O; o++) {
            for (int64_t c = 0; c < I; c++) magnitude += g_magnitude.at(i, o * I + c) * std::fabs(v.at(o, c));
        }
        CHECK_CLOSE(ghost.at(i), direct.at(i), (bound(I, O) + check::sum_bound(I * O)) * magnitude, "dot");
    }
}

TEST(equals_row_dot_after_the_product) {
    const int64_t B = 3, T = 7, I = 65, O = 31;
    Array a(GM_F32, {B, T, I}), delta(GM_BF16, {B, T, O}), v(GM_F16, {O, I}), u(GM_F64, {B, T, O}), ghost(GM_F32, {B}),
        rows(GM_F64, {B}), magnitude(GM_F64, {B});
    a.normal(random);
    delta.normal(random);
    v.normal(random);
    for (int64_t i = 0; i < B; i++) {
        for (int64_t t = 0; t < T; t++) {
            for (int64_t o = 0; o < O; o++) {
                double sum = 0;
                for (int64_t c = 0; c < I; c++) sum += a.at(i, t, c) * v.at(o, c);
                u.set(sum, i, t, o);
            }
        }
    }
    CHECK_OK(GM_CALL(gm_ghost_dot, nullptr, arguments(a, delta, v, ghost)));
    const gm_row_dot_args args = {u.get(), delta.get(), rows.get()};
    CHECK_OK(GM_CALL(gm_row_dot, nullptr, args));
    CHECK_OK(GM_CALL(gm_ghost_dot, &check::reference_queue(),
                     arguments(check::magnitudes(a), check::magnitudes(delta), check::magnitudes(v), magnitude)));
    for (int64_t i = 0; i < B; i++) CHECK_CLOSE(ghost.at(i), rows.at(i), bound(I, O) * magnitude.at(i), "dot");
}

TEST(form_advises_a_product_of_many_float_tokens) {
    const auto form_of = [](int64_t B, int64_t T, int32_t a_type, int32_t delta_type, int32_t v_type,
                            const gm_queue *queue) {
        Array a(a_type, {B, T, 5}), delta(delta_type, {B, T, 3}), v(v_type, {3, 5}), dot(GM_F32, {B});
        const gm_ghost_dot_args args = arguments(a, delta, v, dot);
        int32_t form = -1;
        CHECK_OK(gm_ghost_dot_form(queue, &args, &form));
        return form;
    };
    for (const gm_queue *queue : {static_cast<const gm_queue *>(nullptr), &check::reference_queue()}) {
        CHECK(form_of(4, 16, GM_F32, GM_F32, GM_F32, queue) == GM_GHOST_DOT_PRODUCT);
        CHECK(form_of(63, 1, GM_F32, GM_F32, GM_F32, queue) == GM_GHOST_DOT_FLOAT);
        CHECK(form_of(0, 9, GM_F32, GM_F32, GM_F32, queue) == GM_GHOST_DOT_FLOAT);
        CHECK(form_of(4, 16, GM_BF16, GM_BF16, GM_BF16, queue) == GM_GHOST_DOT_FLOAT);
        CHECK(form_of(4, 16, GM_F32, GM_F32, GM_F16, queue) == GM_GHOST_DOT_FLOAT);
    }
    Array a(GM_F64, {4, 16, 5}), v(GM_F64, {3, 5}), delta(GM_F64, {4, 16, 3}), dot(GM_F64, {4});
    gm_ghost_dot_args args = arguments(a, delta, v, dot);
    int32_t form = -1;
    CHECK_OK(gm_ghost_dot_form(nullptr, &args, &form));
    CHECK(form == GM_GHOST_DOT_FLOAT);
    args.form = GM_GHOST_DOT_MMA;
    CHECK_REFUSED(gm_ghost_dot_form(nullptr, &args, &form), GM_UNSUPPORTED, "this provider has one only");
    args.direction.shape[1] = 6;
    CHECK_REFUSED(gm_ghost_dot_form(nullptr, &args, &form), GM_INVALID_ARGUMENT,
                  "gm_ghost_dot_form: direction has the shape");
}

TEST(is_linear_in_the_direction) {
    // Small whole numbers: every sum is exact, so linearity is too.
    const int64_t B = 5, T = 4, I = 40, O = 26;
    Array a(GM_F32, {B, T, I}), delta(GM_F32, {B, T, O}), v(GM_F32, {O, I}), w(GM_F32, {O, I}), both(GM_F32, {O, I});
    a.integers(random, 8);
    delta.integers(random, 8);
    v.integers(random, 8);
    w.integers(random, 8);
    for (int64_t o = 0; o < O; o++) {
        for (int64_t c = 0; c < I; c++) both.set(2 * v.at(o, c) - w.at(o, c), o, c);
    }
    Array dv(GM_F32, {B}), dw(GM_F32, {B}), d(GM_F32, {B});
    CHECK_OK(GM_CALL(gm_ghost_dot, nullptr, arguments(a, delta, v, dv)));
    CHECK_OK(GM_CALL(gm_ghost_dot, nullptr, arguments(a, delta, w, dw)));
    CHECK_OK(GM_CALL(gm_ghost_dot, nullptr, arguments(a, delta, both, d)));
    for (int64_t i = 0; i < B; i++) CHECK(d.at(i) == 2 * dv.at(i) - dw.at(i));
}

TEST(same_bits_on_any_number_of_threads_and_in_any_order_of_samples) {
    const int64_t B = 30, T = 9, I = 130, O = 200;
    Array a(GM_F16, {B, T, I}), delta(GM_F32, {B, T, O}), v(GM_F32, {O, I}), ra(GM_F16, {B, T, I}),
        rdelta(GM_F32, {B, T, O});
    a.normal(random);
    delta.normal(random);
    v.normal(random);
    check::silence(delta, random, 0.3);
    for (int64_t i = 0; i < B; i++) {
        for (int64_t t = 0; t < T; t++) {
            for (int64_t c = 0; c < I; c++) ra.set(a.at(i, t, c), B - 1 - i, t, c);
            for (int64_t o = 0; o < O; o++) rdelta.set(delta.at(i, t, o), B - 1 - i, t, o);
        }
    }
    Array one(GM_F32, {B}), two(GM_F32, {B}), reversed(GM_F32, {B});
    check::with_threads(1, [&] { CHECK_OK(GM_CALL(gm_ghost_dot, nullptr, arguments(a, delta, v, one))); });
    check::with_threads(2, [&] { CHECK_OK(GM_CALL(gm_ghost_dot, nullptr, arguments(a, delta, v, two))); });
    CHECK_OK(GM_CALL(gm_ghost_dot, nullptr, arguments(ra, rdelta, v, reversed)));
    CHECK(check::same_bits(one, two));
    for (int64_t i = 0; i < B; i++) CHECK(reversed.at(B - 1 - i) == one.at(i));
}

TEST(nan_stays_in_its_sample) {
    const int64_t B = 21, T = 3, I = 20, O = 11;
    Array a(GM_F32, {B, T, I}), delta(GM_F32, {B, T, O}), v(GM_F32, {O, I}), clean(GM_F32, {B}), dirty(GM_F32, {B});
    a.normal(random);
    delta.normal(random);
    v.normal(random);
    CHECK_OK(GM_CALL(gm_ghost_dot, nullptr, arguments(a, delta, v, clean)));
    a.set(NAN, 3, 2, 19);
    delta.set(NAN, 8, 0, 10);
    a.set(INFINITY, 20, 1, 0);
    CHECK_OK(GM_CALL(gm_ghost_dot, nullptr, arguments(a, delta, v, dirty)));
    for (int64_t i = 0; i < B; i++) {
        if (i == 3 || i == 8) CHECK(std::isnan(dirty.at(i)));
        else if (i == 20) CHECK(!std::isfinite(dirty.at(i)));
        else CHECK(dirty.at(i) == clean.at(i));
    }
}

TEST(a_token_without_gradient_counts_for_nothing_whatever_it_holds) {
    Array a(GM_F32, {1, 2, 3}), delta(GM_F32, {1, 2, 2}), v(GM_F32, {2, 3}), dot(GM_F32, {1});
    a.normal(random);
    v.fill([] { return 1.0; });
    delta.set(1, 0, 0, 0);
    a.set(NAN, 0, 1, 1);
    for (const gm_queue *queue : {static_cast<const gm_queue *>(nullptr), &check::reference_queue()}) {
        CHECK_OK(GM_CALL(gm_ghost_dot, queue, arguments(a, delta, v, dot)));
        CHECK_CLOSE(dot.at(0), a.at(0, 0, 0) + a.at(0, 0, 1) + a.at(0, 0, 2), 1e-6, "dot");
    }
}

TEST(strides_beyond_31_bits) {
    const int64_t stride = (int64_t(1) << 31) + 5;
    check::Virtual memory(static_cast<size_t>(stride) * 2 * sizeof(float) + 4096);
    if (!CHECK(memory.there())) return;
    float *a = static_cast<float *>(memory.data());
    for (int64_t i = 0; i < 3; i++) a[i * stride + 2] = static_cast<float>(i + 1);
    Array delta(GM_F32, {3, 1, 2}), v(GM_F32, {2, 3}), dot(GM_F32, {3});
    delta.fill([] { return 1.0; });
    v.fill([] { return 2.0; });
    gm_ghost_dot_args args = arguments(delta, delta, v, dot);
    args.input = {a, GM_F32, 3, {3, 1, 3}, {stride, 3, 1}, GM_DEVICE_CPU, 0};
    CHECK_OK(GM_CALL(gm_ghost_dot, nullptr, args));
    for (int64_t i = 0; i < 3; i++) CHECK(dot.at(i) == static_cast<double>(4 * (i + 1)));
    args = arguments(delta, delta, v, dot);
    args.input = {a, GM_F32, 3, {3, 1, 3}, {0, 0, 1}, GM_DEVICE_CPU, 0};
    args.direction = {a, GM_F32, 2, {2, 3}, {stride, 1}, GM_DEVICE_CPU, 0};  // V's rows that far apart
    CHECK_OK(GM_CALL(gm_ghost_dot, nullptr, args));
    for (int64_t i = 0; i < 3; i++) CHECK(dot.at(i) == 3);
}

TEST(refuses_by_name) {
    Array a(GM_F32, {2, 3, 4}), delta(GM_F32, {2, 3, 5}), v(GM_F32, {5, 4}), dot(GM_F32, {2});
    Array late(GM_F32, {2, 4, 5}), tall(GM_F32, {6, 4}), half(GM_F16, {2}), labels(GM_I64, {2, 3, 4}),
        label_rows(GM_I64, {5, 4});
    CHECK_REFUSED(GM_CALL(gm_ghost_dot, nullptr, arguments(dot, delta, v, dot)), GM_INVALID_ARGUMENT,
                  "gm_ghost_dot: input has the shape [2], expected [B, T, I]");
    CHECK_REFUSED(GM_CALL(gm_ghost_dot, nullptr, arguments(labels, delta, v, dot)), GM_INVALID_ARGUMENT,
                  "gm_ghost_dot: input is i64");
    CHECK_REFUSED(GM_CALL(gm_ghost_dot, nullptr, arguments(a, late, v, dot)), GM_INVALID_ARGUMENT,
                  "gm_ghost_dot: delta has the shape [2, 4, 5], expected [2, 3, 5]");
    CHECK_REFUSED(GM_CALL(gm_ghost_dot, nullptr, arguments(a, delta, tall, dot)), GM_INVALID_ARGUMENT,
                  "gm_ghost_dot: direction has the shape [6, 4], expected [5, 4]");
    CHECK_REFUSED(GM_CALL(gm_ghost_dot, nullptr, arguments(a, delta, label_rows, dot)), GM_INVALID_ARGUMENT,
                  "gm_ghost_dot: direction is i64");
    CHECK_REFUSED(GM_CALL(gm_ghost_dot, nullptr, arguments(a, delta, v, half)), GM_INVALID_ARGUMENT,
                  "gm_ghost_dot: dot is f16; f32 is expected");
    CHECK_REFUSED(GM_CALL(gm_ghost_dot, nullptr, arguments(a, delta, v, v)), GM_INVALID_ARGUMENT,
                  "gm_ghost_dot: dot has the shape [5, 4], expected [2]");
    gm_ghost_dot_args args = arguments(a, delta, v, dot);
    args.direction.data = nullptr;
    CHECK_REFUSED(GM_CALL(gm_ghost_dot, nullptr, args), GM_INVALID_ARGUMENT, "gm_ghost_dot: direction is NULL");
    const gm_queue nowhere = {7, 0, nullptr};
    CHECK_REFUSED(GM_CALL(gm_ghost_dot, &nowhere, arguments(a, delta, v, dot)), GM_INVALID_ARGUMENT,
                  "queue->provider is 7");
}
