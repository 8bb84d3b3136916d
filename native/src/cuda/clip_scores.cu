#include "cuda/clip_scores.cuh"

#include "cuda/launch.h"
#include "cuda/operations.h"

namespace gm::cuda {
namespace {

clip_scores::Parameters parameters(const gm_clip_scores_args &args, Arena &arena) {
    clip_scores::Parameters p = {};
    p.args = args;
    p.B = args.image.shape[0];
    p.E = args.image.shape[1];
    p.depth = divide_up(p.E, kEight) * kEight;
    p.tiles = divide_up(p.B, kTile);
    for (int side = 0; side < clip_scores::kSides; side++) {
        p.value[side] = arena.take<float>(p.B * p.depth);
        p.change[side] = arena.take<float>(p.B * p.depth);
        p.partial[side] = arena.take<clip_scores::Sums>(p.B * p.tiles);
    }
    p.own = arena.take<float>(p.B);
    p.own_moved = arena.take<float>(p.B);
    return p;
}

}  // namespace

size_t clip_scores_workspace(const gm_clip_scores_args &args) {
    Arena arena;
    parameters(args, arena);
    return arena.bytes_needed();
}

void clip_scores_run(const gm_clip_scores_args &args, Arena arena, const gm_queue &queue) {
    using namespace clip_scores;
    const Parameters p = parameters(args, arena);
    const int64_t rows = larger(1, divide_up(kSides * p.B, kThreads / kWarp));  // no pairs are counted too
    launch(queue, "clip_scores normalise", normalise, rows, kThreads, 0, p);
    launch_behind(queue, "clip_scores tiles", tiles, p.tiles * p.tiles, kTileThreads, sizeof(Shared), p);
    launch_behind(queue, "clip_scores finish", finish, divide_up(p.B, kThreads / kWarp), kThreads, 0, p);
}

}  // namespace gm::cuda
