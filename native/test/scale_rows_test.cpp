#include <omp.h>

#include <limits>

#include "arrays.h"

using check::Array;

TEST(agrees_with_the_reference) {
    for (int round = 0; round < 120; round++) {
        const int64_t R = check::any_of(random, {0, 1, 2, 9, 100}),
                      D = check::any_of(random, {0, 1, 15, 16, 17, 300, 70000});
        if (R * D > 200000) continue;
        const int32_t dtype = static_cast<int32_t>(check::any_of(random, {GM_F32, GM_F16, GM_BF16}));
        Array input(dtype, {R, D}, check::any_of(random, {0, 3})), weight(GM_F32, {R}),
            output(dtype, {R, D}, check::any_of(random, {0, 5}));
        input.normal(random);
        weight.normal(random);
        const double scale = static_cast<double>(check::any_of(random, {1, 3, -2}));
        gm_scale_rows_args args = {input.get(), weight.get(), output.get(), scale};
        CHECK_OK(gm_scale_rows(nullptr, &args));
        Array expected(dtype, {R, D});
        args.output = expected.get();
        CHECK_OK(gm_scale_rows(&check::reference_queue(), &args));
        for (int64_t i = 0; i < R; i++) {
            for (int64_t d = 0; d < D; d++) {
                // scale * weight and the product are rounded to f32; then both sides round to the dtype.
                const double bound =
                    (4 * check::unit_roundoff(GM_F32) + 2 * check::unit_roundoff(dtype)) * std::fabs(expected.at(i, d));
                CHECK_CLOSE(output.at(i, d), expected.at(i, d), bound + (dtype == GM_F16 ? 0x1p-24 : 1e-40), "output");
            }
        }
        if (D == 0 || R == 0) CHECK(true);  // nothing to compare, but it must not fail
    }
}

// Strides of an output without elements mean nothing.
TEST(outputs_without_elements_have_any_stride) {
    for (const gm_queue *queue : {static_cast<const gm_queue *>(nullptr), &check::reference_queue()}) {
        Array input(GM_F32, {0, 5}), weight(GM_F32, {0}), output(GM_F32, {0, 5});
        gm_scale_rows_args args = {input.get(), weight.get(), output.get(), 1};
        args.output.stride[0] = args.output.stride[1] = 0;
        CHECK_OK(gm_scale_rows(queue, &args));
        for (gm_array *array : {&args.input, &args.output}) {
            array->shape[1] = int64_t{1} << 40;
            array->stride[0] = array->stride[1] = int64_t{1} << 50;
        }
        CHECK_OK(gm_scale_rows(queue, &args));
    }
}

TEST(works_in_place) {
    Array input(GM_BF16, {30, 50}, 2), weight(GM_F32, {30}), output(GM_BF16, {30, 50}, 2);
    input.normal(random);
    weight.normal(random);
    gm_scale_rows_args args = {input.get(), weight.get(), output.get(), 0.5};
    CHECK_OK(gm_scale_rows(nullptr, &args));
    args.output = input.get();
    CHECK_OK(gm_scale_rows(nullptr, &args));
    for (int64_t i = 0; i < 30; i++) {
        for (int64_t d = 0; d < 50; d++) CHECK(input.at(i, d) == output.at(i, d));
    }
}

TEST(rows_of_weight_zero_become_zero_whatever_they_hold) {
    for (const gm_queue *queue : {static_cast<const gm_queue *>(nullptr), &check::reference_queue()}) {
        Array rows(GM_F32, {4, 20}), weight(GM_F32, {4});
        rows.normal(random);
        weight.fill([] { return 1; });
        rows.set(std::numeric_limits<double>::quiet_NaN(), 2, 3);
        rows.set(std::numeric_limits<double>::infinity(), 2, 17);
        weight.set(0, 2);
        gm_scale_rows_args args = {rows.get(), weight.get(), rows.get(), 2};
        CHECK_OK(gm_scale_rows(queue, &args));
        for (int64_t d = 0; d < 20; d++) CHECK(rows.at(2, d) == 0 && std::isfinite(rows.at(1, d)));
    }
}

TEST(threads_change_no_bit) {
    const int threads = omp_get_max_threads();
    Array input(GM_F32, {300, 1000}), weight(GM_F32, {300}), one(GM_F32, {300, 1000}), two(GM_F32, {300, 1000});
    input.normal(random);
    weight.normal(random);
    gm_scale_rows_args args = {input.get(), weight.get(), one.get(), 1};
    omp_set_num_threads(1);
    CHECK_OK(gm_scale_rows(nullptr, &args));
    omp_set_num_threads(2);
    args.output = two.get();
    CHECK_OK(gm_scale_rows(nullptr, &args));
    omp_set_num_threads(threads);
    bool same = true;
    for (int64_t i = 0; i < 300; i++) {
        for (int64_t d = 0; d < 1000; d++) same = same && one.at(i, d) == two.at(i, d);
    }
    CHECK(same);
}

TEST(refuses_by_name) {
    Array input(GM_F32, {3, 4}), weight(GM_F32, {3}), half(GM_F16, {3, 4}), four(GM_F32, {4}), wide(GM_F32, {3, 5});
    const gm_scale_rows_args good = {input.get(), weight.get(), input.get(), 1};
    auto refused = [&](const char *message, auto change) {
        gm_scale_rows_args args = good;
        change(args);
        CHECK_REFUSED(gm_scale_rows(nullptr, &args), GM_INVALID_ARGUMENT, message);
    };
    refused("gm_scale_rows: input is NULL", [](auto &a) { a.input.data = nullptr; });
    refused("input has the shape [4], expected [R, D]", [&](auto &a) { a.input = four.get(); });
    refused("weight has the shape [4], expected [3]", [&](auto &a) { a.weight = four.get(); });
    refused("weight is f16", [&](auto &a) {
        a.weight = half.get();
        a.weight.rank = 1;
        a.weight.stride[0] = 1;
    });
    refused("output is NULL", [](auto &a) { a.output.data = nullptr; });
    refused("output has the shape [3, 5], expected [3, 4]", [&](auto &a) { a.output = wide.get(); });
    refused("output is f16, but input is f32", [&](auto &a) { a.output = half.get(); });
    refused("output [3, 4] is an output and its stride 1", [&](auto &a) {
        a.output = wide.get();
        a.output.shape[1] = 4;
        a.output.stride[0] = 1;
    });
    refused("output shares its memory with input, but not its strides", [](auto &a) { a.output.stride[0] = 5; });
    CHECK_REFUSED(gm_scale_rows(nullptr, nullptr), GM_INVALID_ARGUMENT, "args is NULL");
}
