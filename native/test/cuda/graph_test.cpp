// Calls that count their blocks, captured in a CUDA graph and replayed more than once: each launch leaves the counters as it
// found them. That every call can be captured at all is part of all tests (device.h). On a device alone.
#if !defined(GM_EMULATED)

#include "../head_step_problem.h"
#include "../products.h"
#include "device.h"

TEST(head_step_can_be_captured_and_replayed) {
    for (const int64_t B : {40, 20000}) {  // the last block's tail, and a grid of its own
        Head head(random, B, 10, 1, GM_F32, GM_F32, false, false);
        Outputs once(B, 10, 1, false, GM_F32, GM_F32), replayed(B, 10, 1, false, GM_F32, GM_F32);
        once.attach(head.args);
        CHECK_OK(GM_DEVICE_CALL(gm_head_step, head.args));
        replayed.attach(head.args);
        gm_head_step_args args = head.args;
        check::Device device;
        check::move(device, args);
        size_t bytes = 0;
        CHECK_OK(gm_head_step_workspace_size(&check::cuda_queue(), &args, &bytes));
        void *workspace = nullptr;
        check::ran(cudaMalloc(&workspace, bytes));
        CHECK_OK(check::replayed([&] { return gm_head_step(&check::cuda_queue(), &args, workspace, bytes); }, 3));
        device.fetch();
        check::ran(cudaFree(workspace));
        for (int64_t i = 0; i < B; i++)
            CHECK(replayed.weight.at(i) == once.weight.at(i) && replayed.weighted.at(i, 3) == once.weighted.at(i, 3));
    }
}

// The grid that finds the tokens counts its blocks, and the last one lists them.
TEST(ghost_dot_can_be_captured_and_replayed) {
    check::Array a(GM_F32, {40, 9, 30}), delta(GM_F32, {40, 9, 20}), v(GM_F32, {20, 30}), once(GM_F32, {40}),
        again(GM_F32, {40});
    a.normal(random);
    delta.normal(random);
    v.normal(random);
    check::silence(delta, random, 0.5);
    CHECK_OK(GM_DEVICE_CALL(gm_ghost_dot, (gm_ghost_dot_args{a.get(), delta.get(), v.get(), once.get()})));
    gm_ghost_dot_args args = {a.get(), delta.get(), v.get(), again.get()};
    check::Device device;
    check::move(device, args);
    size_t bytes = 0;
    CHECK_OK(gm_ghost_dot_workspace_size(&check::cuda_queue(), &args, &bytes));
    void *workspace = nullptr;
    check::ran(cudaMalloc(&workspace, bytes));
    CHECK_OK(check::replayed([&] { return gm_ghost_dot(&check::cuda_queue(), &args, workspace, bytes); }, 3));
    device.fetch();
    check::ran(cudaFree(workspace));
    CHECK(check::same_bits(once, again));
}

#endif
