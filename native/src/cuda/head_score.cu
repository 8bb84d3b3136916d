#include "cuda/head_score.cuh"

#include "cuda/launch.h"
#include "cuda/operations.h"

namespace gm::cuda {
namespace {

head_score::Parameters parameters(const gm_head_score_args &args, Arena &arena) {
    head_score::Parameters p = {args, divide_up(args.weight.shape[0], head_score::kChunk), nullptr};
    p.partial = arena.take<head_score::Sums>(args.features.shape[0] * p.chunks);
    return p;
}

}  // namespace

size_t head_score_workspace(const gm_head_score_args &args) {
    Arena arena;
    parameters(args, arena);
    return arena.bytes_needed();
}

void head_score_run(const gm_head_score_args &args, Arena arena, const gm_queue &queue) {
    using namespace head_score;
    const Parameters p = parameters(args, arena);
    const int64_t B = args.features.shape[0],
                  blocks = larger(1, divide_up(B, kTile) * p.chunks);  // no samples are counted too
    launch(queue, "head_score", products, blocks, kTileThreads, sizeof(Shared), p);
    launch_behind(queue, "head_score", finish, divide_up(B, kFinishThreads / kWarp), kFinishThreads, 0, p);
}

}  // namespace gm::cuda
