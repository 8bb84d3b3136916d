// gm_scale_rows on GM_CUDA against GM_REFERENCE.
#include <limits>

#include "../products.h"
#include "device.h"

using check::Array;

namespace {

gm_status scale_rows(check::Random &random, gm_scale_rows_args args) {
    check::new_order(random);
    check::Device device;
    check::move(device, args);
    const gm_status status = check::waited_for([&] { return gm_scale_rows(&check::cuda_queue(), &args); }, random);
    device.fetch();
    return status;
}

}  // namespace

TEST(scale_rows_agrees_with_the_reference) {
    for (int round = 0; round < 40; round++) {
        const int64_t R = check::any_of(random, {0, 1, 2, 9, 40}),
                      D = check::any_of(random, {0, 1, 7, 8, 17, 264, 1024, 1100, 2056});
        const int32_t dtype = check::any_dtype(random);
        Array input(dtype, {R, D}, check::any_of(random, {0, 3, 8})), weight(GM_F32, {R}),
            output(dtype, {R, D}, check::any_of(random, {0, 5, 8}));
        input.normal(random);
        weight.normal(random);
        const gm_scale_rows_args args = {input.get(), weight.get(), output.get(),
                                         static_cast<double>(check::any_of(random, {1, 3, -2}))};
        CHECK_OK(scale_rows(random, args));
        Array expected(dtype, {R, D});
        gm_scale_rows_args slow = args;
        slow.output = expected.get();
        CHECK_OK(gm_scale_rows(&check::reference_queue(), &slow));
        for (int64_t i = 0; i < R; i++) {
            for (int64_t d = 0; d < D; d++) {
                // scale * weight and the product are rounded to f32; then both sides round to the dtype.
                const double bound =
                    (4 * check::unit_roundoff(GM_F32) + 2 * check::unit_roundoff(dtype)) * std::fabs(expected.at(i, d));
                CHECK_CLOSE(output.at(i, d), expected.at(i, d), bound + (dtype == GM_F16 ? 0x1p-24 : 1e-40), "output");
            }
        }
    }
}

TEST(scale_rows_works_in_place_and_clears_rows_of_weight_zero) {
    for (const int32_t dtype : {GM_F32, GM_F16, GM_BF16}) {
        Array rows(dtype, {4, 20}, 4), weight(GM_F32, {4});
        rows.normal(random);
        weight.fill([] { return 1; });
        rows.set(std::numeric_limits<double>::quiet_NaN(), 2, 3);
        rows.set(std::numeric_limits<double>::infinity(), 2, 17);
        weight.set(0, 2);
        const Array before(rows);
        CHECK_OK(scale_rows(random, {rows.get(), weight.get(), rows.get(), 2}));
        for (int64_t i = 0; i < 4; i++) {
            for (int64_t d = 0; d < 20; d++) CHECK(rows.at(i, d) == (i == 2 ? 0 : 2 * before.at(i, d)));
        }
    }
}
