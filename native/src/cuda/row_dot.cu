#include "cuda/row_dot.cuh"

#include "cuda/launch.h"
#include "cuda/operations.h"

namespace gm::cuda {
namespace {

row_dot::Parameters parameters(const gm_row_dot_args &args, Arena &arena) {
    const int64_t T = args.projected.shape[1], O = args.projected.shape[2];
    row_dot::Parameters p = {args.projected, args.delta, args.dot, T * O, O, 0, nullptr};
    if (T == 1 || (args.projected.stride[1] == O && args.delta.stride[1] == O)) p.row = p.length;
    p.chunks = p.length <= row_dot::kShort ? 0 : divide_up(p.length, row_dot::kChunk);
    p.partial = arena.take<double>(args.dot.shape[0] * p.chunks);
    return p;
}

}  // namespace

size_t row_dot_workspace(const gm_row_dot_args &args) {
    Arena arena;
    parameters(args, arena);
    return arena.bytes_needed();
}

void row_dot_run(const gm_row_dot_args &args, Arena arena, const gm_queue &queue) {
    const row_dot::Parameters p = parameters(args, arena);
    const int64_t B = args.dot.shape[0];
    if (p.chunks == 0) {
        launch(queue, "row_dot", row_dot::short_samples, divide_up(B, row_dot::kThreads / kWarp), row_dot::kThreads, 0,
               p);
        return;
    }
    launch(queue, "row_dot", row_dot::chunks, B * p.chunks, row_dot::kThreads, sizeof(row_dot::Shared), p);
    launch_behind(queue, "row_dot", row_dot::add_chunks, B, kPartialThreads, sizeof(PartialShared), p);
}

}  // namespace gm::cuda
