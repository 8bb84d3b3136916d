// gm_head_step's second grid (head_step.cuh): weighted_delta and the sums over the batch.
#pragma once

#include "cuda/head_step.cuh"

namespace gm::cuda::head_step {

struct ColumnShared {
    float sums[kThreads / kWarp][2][kStrip];
    bool last;
};

// Eight columns of a lane from every warp, added up in the order of the warps: column threadIdx of the strip.
__device__ __forceinline__ void put_columns(ColumnShared &s, const float (&sum)[kEight],
                                            const float (&weighted_sum)[kEight]) {
    for (int j = 0; j < kEight; j++) {
        s.sums[warp()][0][lane() * kEight + j] = sum[j];
        s.sums[warp()][1][lane() * kEight + j] = weighted_sum[j];
    }
    __syncthreads();
}
__device__ __forceinline__ double add_warps(const ColumnShared &s, int half) {
    double sum = 0;
    for (int n = 0; n < kThreads / kWarp; n++) sum += s.sums[n][half][threadIdx.x];
    return sum;
}

// What a strip's slices have left, a slice a warp at a time.
__device__ __forceinline__ void add_slices(const Parameters &p, int64_t at, ColumnShared &s) {
    float sums[2][kEight] = {};
    for (int64_t slice = warp(); slice < p.slices; slice += kThreads / kWarp) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const Run run = {reinterpret_cast<const char *>(p.partial + (slice * 2 + half) * p.C), GM_F32};
            float x[kEight];
            load(run, aligned(run), at, p.C - at, x);
            for (int j = 0; j < kEight; j++) sums[half][j] += x[j];
        }
    }
    put_columns(s, sums[0], sums[1]);
}

// A strip of columns of a slice of rows, a row a warp at a time.
// Three blocks fit an SM, so that enough of delta is under way.
__global__ void __launch_bounds__(kThreads, 3) columns(const __grid_constant__ Parameters p) {
    wait_for_grid_before();
    constexpr int kWarps = kThreads / kWarp;
    const int64_t strip = blockIdx.x % p.strips, slice = blockIdx.x / p.strips, rows = divide_up(p.B, p.slices);
    const int64_t at = strip * kStrip + lane() * kEight, end = smaller(p.B, (slice + 1) * rows);
    const gm_array &source = p.outputs[p.outputs_used - 1];
    float sum[kEight] = {}, weighted_sum[kEight] = {};
    for (int64_t first = slice * rows + warp(); first < end; first += kWarp * kWarps) {
        // A lane looks after the scale of one of the warp's next 32 rows.
        const int64_t own = first + lane() * kWarps;
        const float scales = own < end ? p.scale[own] : 0;
        for (int n = 0; n < kWarp && first + n * kWarps < end; n++) {
            const int64_t i = first + n * kWarps;
            const Run from = row_of(source, i);
            const float scale = __shfl_sync(kAllLanes, scales, n);
            float x[kEight];
            load(from, aligned(from), at, p.C - at, x);
            for (int j = 0; j < kEight; j++) sum[j] += x[j];
            for (int j = 0; j < kEight; j++) x[j] *= scale;
            for (int j = 0; j < kEight; j++) weighted_sum[j] += x[j];
            if (p.args.weighted_delta.data == nullptr) continue;
            const Run to = row_of(p.args.weighted_delta, i);
            store(to, aligned(to), at, p.C - at, x);
        }
    }
    if (p.partial == nullptr) return;
    ColumnShared &s = shared<ColumnShared>();
    put_columns(s, sum, weighted_sum);
    static_assert(kThreads == kStrip, "a thread a column");
    const int64_t c = strip * kStrip + threadIdx.x;
    for (int half = 0; half < 2; half++) {
        const float total = static_cast<float>(add_warps(s, half));
        if (c < p.C) p.partial[(slice * 2 + half) * p.C + c] = total;
    }
    if (!is_last_block(p.strip_counts + strip, static_cast<unsigned>(p.slices), s.last)) return;
    add_slices(p, at, s);
    if (c >= p.C) return;
    if (p.args.mean_delta.data != nullptr)
        put(p.args.mean_delta, c, p.B == 0 ? 0 : add_warps(s, 0) / static_cast<double>(p.B));
    if (p.args.weighted_delta_sum.data != nullptr) put(p.args.weighted_delta_sum, c, add_warps(s, 1));
}

}  // namespace gm::cuda::head_step
