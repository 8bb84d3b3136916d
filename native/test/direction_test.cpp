#include "direction_problem.h"

namespace {

void add_any(Tensors &tensors, check::Random &random, int32_t dv, bool large) {
    const int32_t dr = check::any_dtype(random), dp = check::any_dtype(random);
    const int64_t padding = check::any_of(random, {0, 3}),
                  n = check::any_of(random, {0, 1, 15, 16, 17, 33, 2048, 2049});
    switch (check::any_of(random, {1, 2, 3, 4})) {
        case 1: tensors.add(dr, dp, dv, {large ? 70000 : n}, padding); break;
        case 2: tensors.add(dr, dp, dv, {check::any_of(random, {0, 1, 7}), n}, padding); break;
        case 3: tensors.add(dr, dp, dv, {3, check::any_of(random, {1, 5}), n}, padding); break;
        default: tensors.add(dr, dp, dv, {5, check::any_of(random, {1, 9}), 1}, padding);
    }
}

}  // namespace

TEST(agrees_with_the_reference) {
    for (int round = 0; round < 30; round++) {
        const int32_t dv = check::any_dtype(random);
        Tensors fast;
        const int64_t count = check::any_of(random, {0, 1, 2, 40});
        for (int64_t k = 0; k < count; k++) add_any(fast, random, dv, k % 8 == 3);
        fast.normal(random);
        Tensors slow = fast;
        const bool store = round % 3 != 0;
        CHECK_OK(GM_CALL(gm_direction, nullptr, fast.args(store)));
        CHECK_OK(GM_CALL(gm_direction, &check::reference_queue(), slow.args(store)));
        compare(fast, slow, store);
    }
}

TEST(any_output_may_be_absent) {
    Tensors tensors;
    tensors.add(GM_F32, GM_F32, GM_F32, {40}, 0);
    tensors.add(GM_F32, GM_F16, GM_F32, {3, 4}, 1);
    tensors.normal(random);
    gm_direction_args args = tensors.args(true);
    CHECK_OK(GM_CALL(gm_direction, nullptr, args));
    const double total = tensors.total;
    args.norm_squared = nullptr;
    args.parameter_norm_squared = nullptr;
    args.direction = nullptr;
    CHECK_OK(GM_CALL(gm_direction, nullptr, args));
    CHECK(tensors.total == total && total > 0);
    args.total_norm_squared = nullptr;
    CHECK_OK(GM_CALL(gm_direction, nullptr, args));
    const gm_direction_args none = {0, nullptr, nullptr, nullptr, nullptr, &tensors.total, nullptr};
    CHECK_OK(GM_CALL(gm_direction, nullptr, none));
    CHECK(tensors.total == 0);
}

TEST(direction_may_be_the_reference_itself) {
    Tensors tensors;
    tensors.add(GM_BF16, GM_F32, GM_BF16, {5000}, 0);
    tensors.normal(random);
    Tensors in_place = tensors;
    CHECK_OK(GM_CALL(gm_direction, nullptr, tensors.args(true)));
    gm_direction_args args = in_place.args(true);
    args.direction = args.reference;
    CHECK_OK(GM_CALL(gm_direction, nullptr, args));
    CHECK(check::same_bits(tensors.direction[0], in_place.reference[0]));
}

TEST(same_bits_on_any_number_of_threads_and_beside_any_tensors) {
    Tensors tensors;
    for (int k = 0; k < 30; k++) tensors.add(GM_F32, GM_BF16, GM_F32, {37}, 0);
    tensors.add(GM_F32, GM_F32, GM_F32, {300, 1000}, 0);
    tensors.normal(random);
    check::with_threads(1, [&] { CHECK_OK(GM_CALL(gm_direction, nullptr, tensors.args(false))); });
    const std::vector<double> one = tensors.norm;
    const double total = tensors.total;
    check::with_threads(2, [&] { CHECK_OK(GM_CALL(gm_direction, nullptr, tensors.args(false))); });
    CHECK(one == tensors.norm && total == tensors.total);
    gm_direction_args args = tensors.args(false);
    args.count = 1;
    args.reference += 30;
    args.parameter += 30;
    CHECK_OK(GM_CALL(gm_direction, nullptr, args));
    CHECK(tensors.norm[0] == one[30] && tensors.total == one[30]);
}

TEST(nan_stays_in_its_tensor) {
    Tensors tensors;
    for (int k = 0; k < 3; k++) tensors.add(GM_F32, GM_F32, GM_F32, {50}, 0);
    tensors.normal(random);
    tensors.reference[1].set(NAN, 49);
    CHECK_OK(GM_CALL(gm_direction, nullptr, tensors.args(false)));
    CHECK(!std::isnan(tensors.norm[0]) && std::isnan(tensors.norm[1]) && !std::isnan(tensors.norm[2]) &&
          std::isnan(tensors.total));
    CHECK(!std::isnan(tensors.parameter_norm[1]));
}

TEST(strides_beyond_31_bits) {
    const int64_t stride = (int64_t(1) << 31) + 3;
    check::Virtual memory(static_cast<size_t>(stride) * 2 * sizeof(float) + 4096);
    if (!CHECK(memory.there())) return;
    float *r = static_cast<float *>(memory.data());
    for (int64_t i = 0; i < 3; i++) r[i * stride + 1] = static_cast<float>(i + 1);
    Array parameter(GM_F32, {3, 2}), v(GM_F32, {3, 2});
    gm_array reference = parameter.get();
    reference.data = r;
    reference.stride[0] = stride;
    double norm = 0;
    const gm_direction_args args = {1, &reference, &parameter.get(), &v.get(), &norm, nullptr, nullptr};
    CHECK_OK(GM_CALL(gm_direction, nullptr, args));
    CHECK(norm == 14 && v.at(2, 1) == 3);
}

TEST(refuses_by_name) {
    Tensors tensors;
    tensors.add(GM_F32, GM_F32, GM_F32, {4}, 0);
    tensors.add(GM_F32, GM_F32, GM_F32, {2, 3}, 0);
    gm_direction_args args = tensors.args(true);
    tensors.r[1].shape[1] = 2;
    CHECK_REFUSED(GM_CALL(gm_direction, nullptr, args), GM_INVALID_ARGUMENT,
                  "gm_direction: reference[1] has the shape [2, 2], expected [2, 3]");
    args = tensors.args(true);
    tensors.p[0].dtype = GM_I64;
    CHECK_REFUSED(GM_CALL(gm_direction, nullptr, args), GM_INVALID_ARGUMENT, "gm_direction: parameter[0] is i64");
    args = tensors.args(true);
    tensors.r[0].dtype = 9;
    CHECK_REFUSED(GM_CALL(gm_direction, nullptr, args), GM_INVALID_ARGUMENT,
                  "gm_direction: reference[0] has the unknown dtype 9");
    args = tensors.args(true);
    tensors.v[1].stride[0] = 2;
    CHECK_REFUSED(GM_CALL(gm_direction, nullptr, args), GM_INVALID_ARGUMENT,
                  "gm_direction: direction[1] [2, 3] is an output and its stride 2");
    args = tensors.args(true);
    tensors.v[0].data = nullptr;
    CHECK_REFUSED(GM_CALL(gm_direction, nullptr, args), GM_INVALID_ARGUMENT, "gm_direction: direction[0] is NULL");
    args = tensors.args(true);
    args.count = -1;
    CHECK_REFUSED(GM_CALL(gm_direction, nullptr, args), GM_INVALID_ARGUMENT, "gm_direction: count is -1");
    args.count = 2;
    args.parameter = nullptr;
    CHECK_REFUSED(GM_CALL(gm_direction, nullptr, args), GM_INVALID_ARGUMENT,
                  "reference and parameter may not be NULL for 2 tensors");
    size_t bytes = 0;
    CHECK_REFUSED(gm_direction_workspace_size(nullptr, nullptr, &bytes), GM_INVALID_ARGUMENT,
                  "args and bytes may not be NULL");
    CHECK_REFUSED(gm_direction(nullptr, nullptr, nullptr, 0), GM_INVALID_ARGUMENT, "args is NULL");
}
