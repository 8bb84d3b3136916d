// Arrays say where their memory is; the host's providers refuse those of a device by name.
#include "arrays.h"

using check::Array;

namespace {

struct Call {
    Array u{GM_F32, {2, 1, 3}}, delta{GM_F32, {2, 1, 3}}, dot{GM_F32, {2}};
    gm_row_dot_args args{u.get(), delta.get(), dot.get()};
};

}  // namespace

TEST(arrays_of_a_device_are_refused) {
    for (const gm_queue *queue : {static_cast<const gm_queue *>(nullptr), &check::reference_queue()}) {
        const std::string provider = queue == nullptr ? "GM_CPU" : "GM_REFERENCE";
        const char *const names[] = {"projected", "delta", "dot"};
        for (int n = 0; n < 3; n++) {
            Call call;
            gm_array *const arrays[] = {&call.args.projected, &call.args.delta, &call.args.dot};
            arrays[n]->device_type = GM_DEVICE_CUDA;
            arrays[n]->device = 2;
            CHECK_REFUSED(GM_CALL(gm_row_dot, queue, call.args), GM_INVALID_ARGUMENT,
                          "gm_row_dot: " + std::string(names[n]) + " is on CUDA device 2, but " + provider +
                              " takes arrays of the host");
        }
    }
}

TEST(one_of_several_arrays_is_named_with_its_index) {
    Array a(GM_F32, {3}), b(GM_F32, {3});
    const gm_array reference[] = {a.get(), a.get()};
    gm_array parameter[] = {b.get(), b.get()};
    parameter[1].device_type = GM_DEVICE_CUDA;
    gm_direction_args args = {};
    args.count = 2;
    args.reference = reference;
    args.parameter = parameter;
    CHECK_REFUSED(GM_CALL(gm_direction, nullptr, args), GM_INVALID_ARGUMENT,
                  "gm_direction: parameter[1] is on CUDA device 0, but GM_CPU takes arrays of the host");
}

TEST(an_unknown_kind_of_device_is_refused) {
    Call call;
    call.args.delta.device_type = 2;
    CHECK_REFUSED(GM_CALL(gm_row_dot, nullptr, call.args), GM_INVALID_ARGUMENT,
                  "gm_row_dot: delta.device_type is 2, not one of GM_DEVICE_CPU, GM_DEVICE_CUDA");
}

TEST(absent_arrays_are_nowhere) {
    Array gradient(GM_F32, {2, 3}), direction(GM_F32, {3}), dot(GM_F32, {2});
    gm_projected_dot_args args = {};
    args.gradient = gradient.get();
    args.direction = direction.get();
    args.dot = dot.get();
    args.norm_squared.device_type = GM_DEVICE_CUDA;
    CHECK_OK(GM_CALL(gm_projected_dot, nullptr, args));
}

TEST(the_index_does_not_matter_on_the_host) {
    Call call;
    call.args.delta.device = -1;
    CHECK_OK(GM_CALL(gm_row_dot, nullptr, call.args));
}
