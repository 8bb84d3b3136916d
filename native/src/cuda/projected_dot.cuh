// <G_i, v>, |G_i|^2 and |v|^2 over G [B,P], v [P].
//
// Two multiply-adds for the 4 bytes (2 in halves) of an element of G, which is read once: memory is the limit,
// if v does not add to the traffic.
//   short rows   a warp each; v (16 KB at most) comes out of the first-level cache, as often as there are
//                rows: 4 bytes of cache for 4 of memory, which it delivers five times as fast.
//   long rows    cut into strips of kStrip elements. A block holds its strip of v in registers, 16 floats a
//                thread, and takes kRows rows past it, two rows' pieces on the way at a time; the rows'
//                sums stay in registers until the end, so that lanes are added once for eight rows.
//                The strips' sums are added by another small grid in a fixed order.
// Few long rows give many strips, many rows many groups. A row's strips depend on P alone. |v|^2 comes from
// the blocks of the first group, or from one block more.
#pragma once

#include "cuda/block.cuh"
#include "cuda/elements.cuh"
#include "cuda/partials.cuh"

namespace gm::cuda::projected_dot {

constexpr int kThreads = 256;
constexpr int kEights = 2;  // of v in a thread
constexpr int64_t kStrip = kThreads * kEight * kEights;
constexpr int kRows = 8;
constexpr int64_t kShort = 4096;

struct Parameters {
    gm_array gradient, direction, dot, norm_squared;
    double *direction_norm_squared;
    int64_t rows;                        // B, or 0 if only |v|^2 is asked for
    int64_t strips;                      // 0: rows are short
    double *dots, *norms, *strip_norms;  // [rows, strips], [rows, strips], [strips]
};

struct Shared {
    float sums[kThreads / kWarp][2 * kRows];
    float scratch[kThreads / kWarp];
};

__device__ __forceinline__ void add(const float (&g)[kEight], const float (&v)[kEight], float &dot, float &norm) {
    for (int j = 0; j < kEight; j++) {
        dot += g[j] * v[j];
        norm += g[j] * g[j];
    }
}

// kAhead eights of a row and of v are on the way at a time, each asked for by itself: a row of 500 is two of most lanes.
constexpr int kAhead = 2;
__global__ void __launch_bounds__(kThreads) short_rows(const __grid_constant__ Parameters p) {
    const int64_t P = p.direction.shape[0], step = kWarp * kEight;
    const Run v = run_at(p.direction, 0);
    if (blockIdx.x == gridDim.x - 1) {  // |v|^2
        float sum = 0, none = 0, x[kEight];
        for (int64_t at = int64_t{threadIdx.x} * kEight; at < P; at += kThreads * kEight) {
            load(v, aligned(v), at, P - at, x);
            add(x, x, sum, none);
        }
        const double total = sum_over_warps<kThreads>(sum, shared<Shared>().scratch);
        if (threadIdx.x == 0 && p.direction_norm_squared != nullptr) *p.direction_norm_squared = total;
        return;
    }
    const int64_t i = int64_t{blockIdx.x} * (kThreads / kWarp) + warp();
    if (i >= p.rows) return;
    const Run g = row_of(p.gradient, i);
    float dot[kAhead] = {}, norm[kAhead] = {};
    for (int64_t from = lane() * kEight; from < P; from += kAhead * step) {
        Eight gs[kAhead], vs[kAhead];
#pragma unroll
        for (int n = 0; n < kAhead; n++) {
            const int64_t at = from + n * step;
            if (at >= P) continue;
            fetch(g, aligned(g), at, P - at, gs[n]);
            fetch(v, aligned(v), at, P - at, vs[n]);
        }
#pragma unroll
        for (int n = 0; n < kAhead; n++) {
            if (from + n * step >= P) continue;
            float x[kEight], y[kEight];
            unpack(g, gs[n], x);
            unpack(v, vs[n], y);
            add(x, y, dot[n], norm[n]);
        }
    }
    const float dot_sum = sum_over_lanes(dot[0] + dot[1]), norm_sum = sum_over_lanes(norm[0] + norm[1]);
    if (lane() != 0) return;
    if (p.dot.data != nullptr) put(p.dot, i, dot_sum);
    if (p.norm_squared.data != nullptr) put(p.norm_squared, i, norm_sum);
}

__global__ void __launch_bounds__(kThreads) strips(const __grid_constant__ Parameters p) {
    let_next_grid_begin();
    const int64_t P = p.direction.shape[0], groups = gridDim.x / p.strips, strip = blockIdx.x / groups,
                  first = blockIdx.x % groups * kRows;
    const int64_t at = strip * kStrip + int64_t{threadIdx.x} * kEight, step = kThreads * kEight;
    const Run v = run_at(p.direction, 0);
    float vs[kEights][kEight], dots[kRows], norms[kRows];
    for (int n = 0; n < kEights; n++) load(v, aligned(v), at + n * step, P - at - n * step, vs[n]);
    Shared &s = shared<Shared>();
    if (first == 0) {
        float sum = 0, none = 0;
        for (int n = 0; n < kEights; n++) add(vs[n], vs[n], sum, none);
        const double total = sum_over_warps<kThreads>(sum, s.scratch);
        if (threadIdx.x == 0) p.strip_norms[strip] = total;
    }
    const bool whole = (strip + 1) * kStrip <= P;
#pragma unroll
    for (int r = 0; r < kRows; r += 2) {
        dots[r] = dots[r + 1] = norms[r] = norms[r + 1] = 0;
        if (first + r >= p.rows) continue;
        // A row without a partner is taken twice, from the cache.
        const Run rows[2] = {row_of(p.gradient, first + r), row_of(p.gradient, smaller(first + r + 1, p.rows - 1))};
        float x[kEight];
        if (whole && aligned(rows[0]) && aligned(rows[1])) {
            Eight eights[2][kEights];
            for (int m = 0; m < 2; m++) {
                for (int n = 0; n < kEights; n++) fetch(rows[m], at + n * step, eights[m][n]);
            }
            for (int m = 0; m < 2; m++) {
                for (int n = 0; n < kEights; n++) {
                    unpack(rows[m], eights[m][n], x);
                    add(x, vs[n], dots[r + m], norms[r + m]);
                }
            }
        } else {
            for (int m = 0; m < 2; m++) {
                for (int n = 0; n < kEights; n++) {
                    load(rows[m], aligned(rows[m]), at + n * step, P - at - n * step, x);
                    add(x, vs[n], dots[r + m], norms[r + m]);
                }
            }
        }
    }
#pragma unroll
    for (int r = 0; r < kRows; r++) {
        const float dot = sum_over_lanes(dots[r]), norm = sum_over_lanes(norms[r]);
        if (lane() == 0) {
            s.sums[warp()][2 * r] = dot;
            s.sums[warp()][2 * r + 1] = norm;
        }
    }
    __syncthreads();
    const int r = static_cast<int>(threadIdx.x) / 2;
    if (r >= kRows || first + r >= p.rows) return;
    double sum = 0;
    for (int n = 0; n < kThreads / kWarp; n++) sum += s.sums[n][threadIdx.x];
    (threadIdx.x % 2 == 0 ? p.dots : p.norms)[(first + r) * p.strips + strip] = sum;
}

// A block a row, and one for |v|^2.
__global__ void __launch_bounds__(kPartialThreads) add_strips(const __grid_constant__ Parameters p) {
    wait_for_grid_before();
    const int64_t i = blockIdx.x;
    if (i == p.rows) {
        const double total = sum_partials(p.strip_norms, p.strips);
        if (threadIdx.x == 0 && p.direction_norm_squared != nullptr) *p.direction_norm_squared = total;
        return;
    }
    // Both at once: the loads of one wait beside the other's.
    double dot = 0, norm = 0;
    for (int64_t n = threadIdx.x; n < p.strips; n += kPartialThreads) {
        dot += p.dots[i * p.strips + n];
        norm += p.norms[i * p.strips + n];
    }
    dot = sum_over_block<kPartialThreads>(dot, shared<PartialShared>().sums);
    norm = sum_over_block<kPartialThreads>(norm, shared<PartialShared>().sums);
    if (threadIdx.x != 0) return;
    if (p.dot.data != nullptr) put(p.dot, i, dot);
    if (p.norm_squared.data != nullptr) put(p.norm_squared, i, norm);
}

}  // namespace gm::cuda::projected_dot
