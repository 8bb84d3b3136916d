#include "cuda/ghost_dot_tensor.cuh"

#include "cuda/launch.h"
#include "cuda/operations.h"

namespace gm::cuda {
namespace {

bool is_sixteen_bits(const gm_array &array) { return array.dtype == GM_BF16 || array.dtype == GM_F16; }

// Whether every row, of at least one element, begins on 16 bytes.
bool rows_are_aligned(const gm_array &array) {
    bool whole = aligned(run_at(array, 0));
    for (int d = 0; d < array.rank - 1; d++) whole = whole && (array.shape[d] <= 1 || array.stride[d] % kEight == 0);
    return whole;
}

// A multiply-add on the tensor cores against one in float, both with what is around it: a guess from the data
// sheets, since nothing has been measured.
constexpr int64_t kTensorSpeed = 8;

// Both forms work on whole tiles and slices; the cheaper one is taken where the tensor cores can read the arrays.
bool takes_tensor_cores(const gm_ghost_dot_args &args) {
    const gm_array &a = args.input, &delta = args.delta, &v = args.direction;
    const int64_t tokens = delta.shape[0] * delta.shape[1], I = v.shape[1], O = v.shape[0];
    if (!is_sixteen_bits(a) || v.dtype != a.dtype || !is_sixteen_bits(delta) || tokens == 0 || I == 0 || O == 0) return false;
    if (!rows_are_aligned(a) || !rows_are_aligned(delta) || !rows_are_aligned(v)) return false;
    const double tensor = static_cast<double>(divide_up(tokens, ghost_dot::kTensorTile) * divide_up(O, ghost_dot::kTensorTile) * divide_up(I, ghost_dot::kSlice)) *
                          ghost_dot::kTensorTile * ghost_dot::kTensorTile * ghost_dot::kSlice;
    const double plain = static_cast<double>(divide_up(tokens, kTile) * divide_up(O, kTile) * divide_up(I, kDepth)) * kTile * kTile * kDepth;
    return tensor <= plain * kTensorSpeed;
}

ghost_dot::Parameters parameters(const gm_ghost_dot_args &args, bool tensor, Arena &arena) {
    ghost_dot::Parameters p = {args.input, args.delta, args.direction, args.dot, take_tokens(args.delta, arena), 0, nullptr};
    p.tiles = divide_up(args.delta.shape[2], tensor ? ghost_dot::kTensorTile : kTile);
    p.partial = arena.take<float>(args.delta.shape[0] * args.delta.shape[1] * p.tiles);
    return p;
}

}  // namespace

// Enough for either form, so that it does not depend on where arrays begin.
size_t ghost_dot_workspace(const gm_ghost_dot_args &args) {
    Arena arena;
    parameters(args, false, arena);
    return arena.bytes_needed();
}

void ghost_dot_run(const gm_ghost_dot_args &args, Arena arena, const gm_queue &queue) {
    using namespace ghost_dot;
    const bool tensor = takes_tensor_cores(args);
    const Parameters p = parameters(args, tensor, arena);
    const int64_t B = args.delta.shape[0], tokens = B * args.delta.shape[1];
    launch_tokens(queue, args.delta, p.tokens);
    if (tensor) {
        launch(queue, "ghost_dot", args.input.dtype == GM_BF16 ? tensor_products<true> : tensor_products<false>, divide_up(tokens, kTensorTile) * p.tiles,
               kTensorThreads, sizeof(TensorShared), p);
    } else {
        launch(queue, "ghost_dot", products, divide_up(tokens, kTile) * p.tiles, kTileThreads, sizeof(Shared), p);
    }
    launch(queue, "ghost_dot", add_tokens, B, kPartialThreads, sizeof(PartialShared), p);
}

}  // namespace gm::cuda
