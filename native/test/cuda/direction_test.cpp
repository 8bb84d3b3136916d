// gm_direction on GM_CUDA against GM_REFERENCE.
#include "../direction_problem.h"
#include "device.h"

namespace {

void add_any(Tensors &tensors, check::Random &random, int32_t dv) {
    const int32_t dr = check::any_dtype(random), dp = check::any_dtype(random);
    const int64_t padding = check::any_of(random, {0, 3, 8}), n = check::any_of(random, {0, 1, 8, 17, 64, 200});
    switch (check::any_of(random, {1, 2, 3, 4})) {
        case 1: tensors.add(dr, dp, dv, {n}, padding); break;
        case 2: tensors.add(dr, dp, dv, {check::any_of(random, {0, 1, 7}), n}, padding); break;
        case 3: tensors.add(dr, dp, dv, {3, check::any_of(random, {1, 5}), n}, padding); break;
        default: tensors.add(dr, dp, dv, {5, check::any_of(random, {1, 9}), 1}, padding);
    }
}

void agree(check::Random &random, Tensors &fast, bool store) {
    fast.normal(random);
    Tensors slow = fast;
    CHECK_OK(GM_DEVICE_CALL(gm_direction, fast.args(store)));
    CHECK_OK(GM_CALL(gm_direction, &check::reference_queue(), slow.args(store)));
    compare(fast, slow, store);
}

}  // namespace

TEST(direction_agrees_with_the_reference) {
    for (int round = 0; round < 15; round++) {
        Tensors tensors;
        const int32_t dv = check::any_dtype(random);
        const int64_t count = check::any_of(random, {0, 1, 2, 40});
        for (int64_t k = 0; k < count; k++) add_any(tensors, random, dv);
        agree(random, tensors, round % 3 != 0);
    }
    Tensors large;  // blocks of one tensor: whole eights in one row, others, rows apart
    large.add(GM_F32, GM_BF16, GM_F32, {16384}, 0);
    large.add(GM_F16, GM_F32, GM_F32, {33001}, 0);
    large.add(GM_F32, GM_F32, GM_F32, {5, 4, 1000}, 8);
    large.add(GM_F32, GM_F32, GM_F32, {20, 901}, 3);
    agree(random, large, true);
}

TEST(direction_takes_more_tensors_than_a_launch_holds) {
    Tensors tensors;
    for (int k = 0; k < 613; k++) tensors.add(GM_F32, GM_F32, GM_F32, {k % 7}, 0);
    agree(random, tensors, true);
}

TEST(direction_may_replace_the_reference) {
    Tensors tensors;
    tensors.add(GM_BF16, GM_F32, GM_BF16, {5000}, 0);
    tensors.add(GM_F32, GM_F32, GM_F32, {3, 7}, 0);
    tensors.normal(random);
    Tensors in_place = tensors;
    CHECK_OK(GM_DEVICE_CALL(gm_direction, tensors.args(true)));
    gm_direction_args args = in_place.args(true);
    args.direction = args.reference;
    CHECK_OK(GM_DEVICE_CALL(gm_direction, args));
    CHECK(check::same_bits(tensors.direction[0], in_place.reference[0]));
    CHECK(check::same_bits(tensors.direction[1], in_place.reference[1]));
}

TEST(direction_gives_a_tensor_the_same_bits_beside_any_others) {
    Tensors tensors;
    for (int k = 0; k < 30; k++) tensors.add(GM_F32, GM_BF16, GM_F32, {37}, 0);
    tensors.add(GM_F32, GM_F32, GM_F32, {40, 1000}, 0);
    tensors.normal(random);
    CHECK_OK(GM_DEVICE_CALL(gm_direction, tensors.args(false)));
    const std::vector<double> all = tensors.norm;
    gm_direction_args args = tensors.args(false);
    args.count = 1;
    args.reference += 30;
    args.parameter += 30;
    args.parameter_norm_squared = nullptr;
    CHECK_OK(GM_DEVICE_CALL(gm_direction, args));
    CHECK(tensors.norm[0] == all[30] && tensors.total == all[30]);
    args.norm_squared = args.total_norm_squared = nullptr;
    CHECK_OK(GM_DEVICE_CALL(gm_direction, args));
}

TEST(direction_keeps_a_nan_in_its_tensor) {
    Tensors tensors;
    for (int k = 0; k < 3; k++) tensors.add(GM_F32, GM_F32, GM_F32, {50}, 0);
    tensors.normal(random);
    tensors.reference[1].set(NAN, 49);
    CHECK_OK(GM_DEVICE_CALL(gm_direction, tensors.args(false)));
    CHECK(!std::isnan(tensors.norm[0]) && std::isnan(tensors.norm[1]) && !std::isnan(tensors.norm[2]) &&
          std::isnan(tensors.total));
    CHECK(!std::isnan(tensors.parameter_norm[1]));
}
