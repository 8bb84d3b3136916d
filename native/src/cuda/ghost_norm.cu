#include "cuda/ghost_norm.cuh"

#include "cuda/launch.h"
#include "cuda/operations.h"

namespace gm::cuda {
namespace {

// The most tiles a sample of at most T tokens can have, whichever form its own number of tokens asks for.
int64_t most_tiles(int64_t T, int64_t I, int64_t O) {
    if (T < 2) return 0;
    int64_t most = 0;
    for (int64_t from = 1; from <= T; from += kTile) {  // the numbers of tokens with the same Gram tiles
        if (ghost_norm::takes_gram(smaller(T, from + kTile - 1), I, O))
            most = larger(most, ghost_norm::gram_tiles(from));
        if (!ghost_norm::takes_gram(larger(2, from), I, O)) most = larger(most, ghost_norm::direct_tiles(I, O));
    }
    return most;
}

ghost_norm::Parameters parameters(const gm_ghost_norm_args &args, Arena &arena) {
    ghost_norm::Parameters p = {args.input, args.delta, args.norm_squared, take_tokens(args.delta, arena), 0, nullptr};
    p.parts = most_tiles(args.input.shape[1], args.input.shape[2], args.delta.shape[2]);
    p.partial = arena.take<double>(args.input.shape[0] * p.parts);
    return p;
}

}  // namespace

size_t ghost_norm_workspace(const gm_ghost_norm_args &args) {
    Arena arena;
    parameters(args, arena);
    return arena.bytes_needed();
}

void ghost_norm_run(const gm_ghost_norm_args &args, Arena arena, const gm_queue &queue) {
    const ghost_norm::Parameters p = parameters(args, arena);
    const int64_t B = args.input.shape[0];
    launch_tokens(queue, args.delta, p.tokens, false);
    launch_behind(queue, "ghost_norm", ghost_norm::tiles, B * p.parts, kTileThreads, sizeof(ghost_norm::Shared), p);
    launch_behind(queue, "ghost_norm", ghost_norm::add_tiles, B, kPartialThreads, sizeof(PartialShared), p);
}

}  // namespace gm::cuda
