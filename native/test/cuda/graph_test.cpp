// Calls captured in a CUDA graph, which takes launches and memsets only, and replayed. On a device alone: the emulator
// counts what a call asks of the runtime instead (device.h).
#if !defined(GM_EMULATED)

#include "../head_step_problem.h"
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
        const cudaStream_t stream = static_cast<cudaStream_t>(check::cuda_queue().stream);
        cudaGraph_t graph = nullptr;
        cudaGraphExec_t ready = nullptr;
        check::ran(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
        CHECK_OK(gm_head_step(&check::cuda_queue(), &args, workspace, bytes));
        check::ran(cudaStreamEndCapture(stream, &graph));
        check::ran(cudaGraphInstantiate(&ready, graph, 0));
        for (int n = 0; n < 3; n++) check::ran(cudaGraphLaunch(ready, stream));
        check::ran(cudaStreamSynchronize(stream));
        device.fetch();
        check::ran(cudaGraphExecDestroy(ready));
        check::ran(cudaGraphDestroy(graph));
        check::ran(cudaFree(workspace));
        for (int64_t i = 0; i < B; i++) CHECK(replayed.weight.at(i) == once.weight.at(i) && replayed.weighted.at(i, 3) == once.weighted.at(i, 3));
    }
}

#endif
