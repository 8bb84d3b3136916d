#include "base/failure.h"
#include "cuda/device.h"
#include "cuda/ghost_dot_wgmma.cuh"
#include "cuda/launch.h"
#include "cuda/operations.h"

namespace gm::cuda {
namespace {

using namespace ghost_dot;

Limits limits_of(int index) {
    const Facts device = facts_of(index);
#if defined(GM_SM90A)
    const bool wgmma = device.capability == 90 && device.shared >= sizeof(WgmmaShared);
#else
    const bool wgmma = false;  // the build did not compile for it
#endif
    return {device.capability, wgmma, device.shared};
}

// A form that was asked for and cannot be had is refused.
void check_form(const gm_ghost_dot_args &args, const Limits &device) {
    if (args.form == GM_GHOST_DOT_MMA || args.form == GM_GHOST_DOT_WGMMA) {
        if (!fits_tensor_cores(args)) {
            fail(
                GM_UNSUPPORTED,
                "the tensor cores take bf16 or f16, input and direction of one dtype, and rows that begin on 16 bytes");
        }
    }
    if (args.form == GM_GHOST_DOT_MMA && !has_mma(device))
        fail(GM_UNSUPPORTED, "GM_GHOST_DOT_MMA needs a device that gives a block %lld bytes of shared memory",
             static_cast<long long>(mma_shared_bytes(kFewestMmaRows)));
    if (args.form != GM_GHOST_DOT_WGMMA) return;
    if (!device.wgmma)
        fail(GM_UNSUPPORTED,
             "GM_GHOST_DOT_WGMMA needs a device of compute capability 9.0 and a library compiled for sm_90a");
    if (!fits_wgmma(args)) fail(GM_UNSUPPORTED, "GM_GHOST_DOT_WGMMA takes up to %d tiles", INT32_MAX);
}

ghost_dot::Parameters parameters(const gm_ghost_dot_args &args, const Plan &plan, Arena &arena) {
    ghost_dot::Parameters p = {args.input, args.delta, args.direction,   args.dot, take_tokens(args.delta, arena),
                               0,          plan.parts, plan.part_inputs, nullptr};
    p.tiles = divide_up(args.delta.shape[2], plan.columns);
    p.partial = arena.take<float>(args.delta.shape[0] * args.delta.shape[1] * p.tiles * p.parts);
    return p;
}

template <int kRows>
void launch_tensor(const gm_queue &queue, const ghost_dot::Parameters &p, int64_t blocks) {
    launch_behind(queue, "ghost_dot",
                  p.input.dtype == GM_BF16 ? tensor_products<true, kRows> : tensor_products<false, kRows>, blocks,
                  kTensorThreads, sizeof(TensorShared<kRows>), p);
}

}  // namespace

// Enough for every form, so that it depends neither on the device nor on where arrays begin.
size_t ghost_dot_workspace(const gm_ghost_dot_args &args) {
    size_t most = 0;
    for (const int32_t form : {GM_GHOST_DOT_FLOAT, GM_GHOST_DOT_MMA, GM_GHOST_DOT_WGMMA}) {
        Arena arena;
        parameters(args, tiles_of(args, form, kNoLimits), arena);
        most = arena.bytes_needed() > most ? arena.bytes_needed() : most;
    }
    return most;
}

int32_t ghost_dot_form(const gm_ghost_dot_args &args, const gm_queue &queue) {
    const Limits device = limits_of(queue.device);
    check_form(args, device);
    return advice(args, device);
}

void ghost_dot_run(const gm_ghost_dot_args &args, Arena arena, const gm_queue &queue) {
    const Limits device = limits_of(queue.device);
    check_form(args, device);
    const Plan plan = plan_of(args, device);
    const ghost_dot::Parameters p = parameters(args, plan, arena);
    const int64_t B = args.delta.shape[0], tiles = divide_up(B * args.delta.shape[1], plan.rows) * p.tiles,
                  blocks = tiles * plan.parts;
    launch_tokens(queue, args.delta, p.tokens, args.no_zero_tokens != 0);
    if (plan.form == GM_GHOST_DOT_WGMMA) {
        launch_behind(queue, "ghost_dot", args.input.dtype == GM_BF16 ? wgmma_products<true> : wgmma_products<false>,
                      smaller(tiles, facts_of(queue.device).processors), kWgmmaThreads, sizeof(WgmmaShared), p);
    } else if (plan.form == GM_GHOST_DOT_MMA) {
        (plan.rows == 32   ? launch_tensor<32>
         : plan.rows == 64 ? launch_tensor<64>
                           : launch_tensor<128>)(queue, p, blocks);
    } else {
        launch_behind(queue, "ghost_dot", products, blocks, kTileThreads, sizeof(Shared), p);
    }
    if (args.delta.shape[1] <= 1) {
        launch_behind(queue, "ghost_dot", add_token, divide_up(B, kTokenWarpsOfBlock), kPartialThreads, 0, p);
        return;
    }
    launch_behind(queue, "ghost_dot", add_tokens, B, kPartialThreads, sizeof(PartialShared), p);
}

}  // namespace gm::cuda
