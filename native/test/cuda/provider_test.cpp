// What GM_CUDA answers whatever the operation: refusals and CUDA's own errors.
#include "device.h"

using check::Array;

namespace {

struct Call {
    Array u{GM_F32, {2, 1, 3}}, delta{GM_F32, {2, 1, 3}}, dot{GM_F32, {2}};
    gm_row_dot_args args() const { return {u.get(), delta.get(), dot.get()}; }
};

}  // namespace

TEST(double_precision_is_refused) {
    Call call;
    Array wide(GM_F64, {2});
    gm_row_dot_args args = call.args();
    args.dot = wide.get();
    CHECK_REFUSED(GM_DEVICE_CALL(gm_row_dot, args), GM_UNSUPPORTED,
                  "gm_row_dot: GM_CUDA takes f32, f16 and bf16, but an array is f64");
}

TEST(devices_that_are_not_there_are_refused) {
    Call call;
    const gm_row_dot_args args = call.args();
    for (const int32_t device : {-1, 1000}) {
        const gm_queue queue = {GM_CUDA, device, nullptr};
        CHECK_REFUSED(gm_row_dot(&queue, &args, nullptr, 0), GM_INVALID_ARGUMENT,
                      "gm_row_dot: queue->device is " + std::to_string(device));
    }
}

TEST(arrays_of_the_host_are_refused) {
    Call call;
    check::Device device;
    gm_row_dot_args there = call.args();
    check::move(device, there);
    for (gm_array gm_row_dot_args::*argument :
         {&gm_row_dot_args::projected, &gm_row_dot_args::delta, &gm_row_dot_args::dot}) {
        gm_row_dot_args args = there;
        args.*argument = call.args().*argument;
        const std::string name = argument == &gm_row_dot_args::projected ? "projected"
                                 : argument == &gm_row_dot_args::delta   ? "delta"
                                                                         : "dot";
        const std::string refusal =
            "gm_row_dot: " + name + " is in the host's memory, but the queue is of CUDA device 0";
        CHECK_REFUSED(gm_row_dot(&check::cuda_queue(), &args, nullptr, 0), GM_INVALID_ARGUMENT, refusal);
        size_t bytes = 0;
        CHECK_REFUSED(gm_row_dot_workspace_size(&check::cuda_queue(), &args, &bytes), GM_INVALID_ARGUMENT, refusal);
    }
}

TEST(arrays_of_another_device_are_refused) {
    Call call;
    check::Device device;
    gm_row_dot_args args = call.args();
    check::move(device, args);
    args.delta.device = 1;
    CHECK_REFUSED(gm_row_dot(&check::cuda_queue(), &args, nullptr, 0), GM_INVALID_ARGUMENT,
                  "gm_row_dot: delta is on CUDA device 1, but the queue is of CUDA device 0");
    CHECK_REFUSED(gm_row_dot(nullptr, &args, nullptr, 0), GM_INVALID_ARGUMENT,
                  "gm_row_dot: projected is on CUDA device 0, but GM_CPU takes arrays of the host");
}

TEST(a_workspace_that_is_too_small_is_refused) {
    Array u(GM_F32, {1, 1, 20000}), dot(GM_F32, {1});
    gm_row_dot_args args = {u.get(), u.get(), dot.get()};
    check::Device device;
    check::move(device, args);
    CHECK_REFUSED(gm_row_dot(&check::cuda_queue(), &args, nullptr, 0), GM_INVALID_ARGUMENT,
                  "gm_row_dot: the workspace of 0 bytes is too small");
}
