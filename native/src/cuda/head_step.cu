#include "cuda/head_step.cuh"

#include <atomic>
#include <random>

#include "cuda/launch.h"
#include "cuda/operations.h"

namespace gm::cuda {
namespace {

using head_step::Parameters;

bool present(const gm_array &array) { return array.data != nullptr; }

// A number that no other call has had lately.
unsigned long long number_of_call() {
    static std::atomic<uint64_t> calls{std::random_device{}() * uint64_t{0x100000001b3}};
    uint64_t x = calls.fetch_add(0x9e3779b97f4a7c15u);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return (x ^ (x >> 31)) >> 16;
}

// Rows of a block of grid 1.
int64_t rows_of_block(int64_t C) {
    if (C <= 2 * 8 * kEight) return head_step::kThreads / 8;
    return C <= 4 * kWarp * kEight ? head_step::kThreads / kWarp : 1;
}
bool is_long(int64_t C) { return C > 4 * head_step::kThreads * kEight; }

Parameters parameters(const gm_head_step_args &args, Arena &arena) {
    Parameters p = {};
    p.args = args;
    p.B = args.logits.shape[0];
    p.C = args.logits.shape[1];
    p.subtract = present(args.reference_logits);
    p.u = p.subtract ? args.reference_logits : args.projected;
    p.K = !present(p.u) ? 0 : p.u.rank == 3 ? p.u.shape[1] : 1;
    p.strips = divide_up(p.C, head_step::kStrip);
    p.slices = larger(1, smaller(p.B / head_step::kSliceRows, head_step::kMostBlocks / p.strips));
    p.loss = arena.take<float>(p.B);
    p.statistic = arena.take<float>(p.B);
    p.norm = present(args.feature_norm_squared) ? arena.take<float>(p.B) : nullptr;
    p.scale = arena.take<float>(p.B);
    p.usable = arena.take<uint8_t>(p.B);
    const int64_t blocks = divide_up(p.B, rows_of_block(p.C));
    unsigned long long *word = arena.take<unsigned long long>(1);
    if (blocks > 0 && blocks <= kMostTickets && !is_long(p.C)) p.ticket = {word, number_of_call()};

    if (present(args.delta)) p.outputs[p.outputs_used++] = args.delta;
    const bool finer = args.weighted_delta.dtype == GM_F32 && args.delta.dtype != GM_F32;
    if (present(args.weighted_delta) && (!present(args.delta) || finer)) p.outputs[p.outputs_used++] = args.weighted_delta;
    if (!present(args.mean_delta) && !present(args.weighted_delta_sum)) return p;
    p.partial = arena.take<float>(2 * p.slices * p.C);
    if (p.outputs_used > 0) return p;
    gm_array &delta = p.outputs[p.outputs_used++] = args.logits;
    delta.data = arena.take<float>(p.B * p.C);
    delta.dtype = GM_F32;
    delta.stride[0] = p.C;
    return p;
}

}  // namespace

size_t head_step_workspace(const gm_head_step_args &args) {
    Arena arena;
    parameters(args, arena);
    return arena.bytes_needed();
}

void head_step_run(const gm_head_step_args &args, Arena arena, const gm_queue &queue) {
    using namespace head_step;
    const Parameters p = parameters(args, arena);
    const int64_t rows = rows_of_block(p.C), blocks = divide_up(p.B, rows);
    if (is_long(p.C)) launch(queue, "head_step rows", long_rows, blocks, kTailThreads, sizeof(Shared), p);
    else if (rows == kThreads / 8) launch(queue, "head_step rows", short_rows<8, 2>, blocks, kThreads, sizeof(Shared), p);
    else if (rows == kThreads / kWarp) launch(queue, "head_step rows", short_rows<kWarp, 4>, blocks, kThreads, sizeof(Shared), p);
    else launch(queue, "head_step rows", short_rows<kThreads, 4>, blocks, kThreads, sizeof(Shared), p);
    if (p.ticket.word == nullptr) launch(queue, "head_step weights", tail, 1, kTailThreads, sizeof(Shared), p);
    if (!present(args.weighted_delta) && p.partial == nullptr) return;
    launch(queue, "head_step columns", columns, p.slices * p.strips, kThreads, sizeof(ColumnShared), p);
    if (p.partial != nullptr) launch(queue, "head_step sums", sum_columns, divide_up(p.C, kSumColumns), kThreads, sizeof(SumShared), p);
}

}  // namespace gm::cuda
