#include "cuda/head_step_columns.cuh"

#include "cuda/launch.h"
#include "cuda/operations.h"

namespace gm::cuda {
namespace {

using head_step::Parameters;
using head_step::Weigher;

bool present(const gm_array &array) { return array.data != nullptr; }

// What a team of grid 1 is for so many classes.
enum class Rows { of_eight_lanes, of_a_warp, of_a_block, of_any_length };

Rows rows_of(int64_t C) {
    if (C <= 2 * 8 * kEight) return Rows::of_eight_lanes;
    if (C <= 4 * kWarp * kEight) return Rows::of_a_warp;
    return C <= 3 * head_step::kThreads * kEight ? Rows::of_a_block : Rows::of_any_length;
}

int64_t blocks_of(int64_t B, int64_t C) {
    switch (rows_of(C)) {
        case Rows::of_eight_lanes: return divide_up(B, head_step::kFewThreads / 8);
        case Rows::of_a_warp: return divide_up(B, head_step::kFewThreads / kWarp);
        default: return B;
    }
}

Parameters parameters(const gm_head_step_args &args, Arena &arena) {
    Parameters p = {};
    p.args = args;
    p.B = args.logits.shape[0];
    p.C = args.logits.shape[1];
    p.subtract = present(args.reference_logits);
    p.u = p.subtract ? args.reference_logits : args.projected;
    p.K = !present(p.u) ? 0 : p.u.rank == 3 ? p.u.shape[1] : 1;
    p.u_step = p.u.rank == 3 ? p.u.stride[1] : 0;
    p.strips = divide_up(p.C, head_step::kStrip);
    p.slices = larger(1, smaller(p.B / head_step::kSliceRows, head_step::kMostBlocks / p.strips));
    p.loss = arena.take<float>(p.B);
    p.statistic = arena.take<float>(p.B);
    p.norm = present(args.feature_norm_squared) ? arena.take<float>(p.B) : nullptr;
    p.scale = arena.take<float>(p.B);
    p.usable = arena.take<uint8_t>(p.B);
    if (!is_searched(args.weighting)) {
        const int64_t blocks = p.summaries.count = blocks_of(p.B, p.C);
        p.summaries.max = arena.take<double>(blocks);
        p.summaries.sum = arena.take<double>(blocks);
        if (args.weighting.kind == GM_RHO && args.weighting.rho_attached) p.summaries.loss = arena.take<double>(blocks);
        p.summaries.counts = arena.take<uint32_t>(blocks);
    }

    if (present(args.delta)) p.outputs[p.outputs_used++] = args.delta;
    const bool finer = args.weighted_delta.dtype == GM_F32 && args.delta.dtype != GM_F32;
    if (present(args.weighted_delta) && (!present(args.delta) || finer))
        p.outputs[p.outputs_used++] = args.weighted_delta;
    if (!present(args.mean_delta) && !present(args.weighted_delta_sum)) return p;
    p.partial = arena.take<float>(2 * p.slices * p.C);
    p.strip_counts = arena.take<unsigned>(p.strips);
    if (p.outputs_used > 0) return p;
    gm_array &delta = p.outputs[p.outputs_used++] = args.logits;
    delta.data = arena.take<float>(p.B * p.C);
    delta.dtype = GM_F32;
    delta.stride[0] = p.C;
    return p;
}

bool has_columns(const Parameters &p) { return present(p.args.weighted_delta) || p.partial != nullptr; }

void choose_weigher(Parameters &p) {
    static Slots slots;
    p.slot = -1;
    if (is_searched(p.args.weighting)) {
        p.weigher = Weigher::search;
        return;
    }
    if (p.B > 0 && p.summaries.count <= kMostTickets) p.slot = slots.of(p.loss);
    p.weigher = p.slot >= 0 ? Weigher::last_block : Weigher::grid;
}

}  // namespace

size_t head_step_workspace(const gm_head_step_args &args) {
    Arena arena;
    parameters(args, arena);
    return arena.bytes_needed();
}

void head_step_run(const gm_head_step_args &args, Arena arena, const gm_queue &queue) {
    using namespace head_step;
    Parameters p = parameters(args, arena);
    const int64_t blocks = blocks_of(p.B, p.C);
    choose_weigher(p);
    const char *name = "head_step rows";
    switch (rows_of(p.C)) {
        case Rows::of_eight_lanes: launch(queue, name, short_rows<8, 2>, blocks, kFewThreads, sizeof(Shared), p); break;
        case Rows::of_a_warp: launch(queue, name, short_rows<kWarp, 4>, blocks, kFewThreads, sizeof(Shared), p); break;
        case Rows::of_a_block: launch(queue, name, short_rows<kThreads, 3>, blocks, kThreads, sizeof(Shared), p); break;
        default: launch(queue, name, long_rows, blocks, kLongThreads, sizeof(Shared), p);
    }
    if (p.weigher == Weigher::grid) {
        const int64_t weighers = larger(1, smaller(kMostWeighers, divide_up(p.B, kThreads)));
        launch_behind(queue, "head_step weights", weigh_batch, weighers, kThreads, sizeof(Shared), p);
    }
    if (p.weigher == Weigher::search)
        launch_behind(queue, "head_step search", search_weights, 1, kTailThreads, sizeof(Shared), p);
    if (has_columns(p))
        launch_behind(queue, "head_step columns", columns, p.slices * p.strips, kThreads, sizeof(ColumnShared), p);
}

}  // namespace gm::cuda
