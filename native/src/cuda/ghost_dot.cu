#include "cuda/ghost_dot.cuh"

#include "cuda/launch.h"
#include "cuda/operations.h"

namespace gm::cuda {
namespace {

ghost_dot::Parameters parameters(const gm_ghost_dot_args &args, Arena &arena) {
    ghost_dot::Parameters p = {args.input, args.delta, args.direction, args.dot, take_tokens(args.delta, arena), divide_up(args.delta.shape[2], kTile), nullptr};
    p.partial = arena.take<float>(args.delta.shape[0] * args.delta.shape[1] * p.tiles);
    return p;
}

}  // namespace

size_t ghost_dot_workspace(const gm_ghost_dot_args &args) {
    Arena arena;
    parameters(args, arena);
    return arena.bytes_needed();
}

void ghost_dot_run(const gm_ghost_dot_args &args, Arena arena, const gm_queue &queue) {
    const ghost_dot::Parameters p = parameters(args, arena);
    const int64_t B = args.delta.shape[0], tokens = B * args.delta.shape[1];
    launch_tokens(queue, args.delta, p.tokens);
    launch(queue, "ghost_dot", ghost_dot::products, divide_up(tokens, kTile) * p.tiles, kTileThreads, sizeof(ghost_dot::Shared), p);
    launch(queue, "ghost_dot", ghost_dot::add_tokens, B, kPartialThreads, sizeof(PartialShared), p);
}

}  // namespace gm::cuda
