#include "arrays.h"

using check::Array;

TEST(agrees_with_the_reference) {
    for (int round = 0; round < 60; round++) {
        const int64_t B = check::any_of(random, {0, 1, 3, 17}), T = check::any_of(random, {0, 1, 5}), O = check::any_of(random, {1, 7, 16, 33, 200});
        const int32_t dtype = static_cast<int32_t>(check::any_of(random, {GM_F32, GM_BF16, GM_F16}));
        Array u(dtype, {B, T, O}, check::any_of(random, {0, 3})), delta(dtype, {B, T, O}, check::any_of(random, {0, 5}));
        u.normal(random);
        delta.normal(random);
        Array fast(GM_F32, {B}), slow(GM_F64, {B});
        gm_row_dot_args args = {u.get(), delta.get(), fast.get()};
        CHECK_OK(GM_CALL(gm_row_dot, nullptr, args));
        args.dot = slow.get();
        CHECK_OK(GM_CALL(gm_row_dot, &check::reference_queue(), args));
        for (int64_t i = 0; i < B; i++) {
            double magnitude = 0;  // sum |u delta|: what rounding is relative to
            for (int64_t t = 0; t < T; t++) {
                for (int64_t o = 0; o < O; o++) magnitude += std::fabs(u.at(i, t, o) * delta.at(i, t, o));
            }
            CHECK_CLOSE(fast.at(i), slow.at(i), 32 * check::unit_roundoff(GM_F32) * magnitude, "dot " + std::to_string(i));
        }
    }
}

TEST(refuses_by_name) {
    Array u(GM_F32, {2, 3, 4}), delta(GM_F32, {2, 3, 5}), dot(GM_F32, {2});
    gm_row_dot_args args = {u.get(), delta.get(), dot.get()};
    CHECK_REFUSED(GM_CALL(gm_row_dot, nullptr, args), GM_INVALID_ARGUMENT, "gm_row_dot: delta has the shape [2, 3, 5], expected [2, 3, 4]");
}
