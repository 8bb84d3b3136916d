// gm_head_score: loss, score and gradient norm of features [B,I] against a head and its reference, W and V [C,I].
//
// 4 B I C operations over B I + 2 C I numbers: the float multipliers are the limit, since W and V are f32 and the
// products are to be as good. Logits and u are never stored. Two grids:
//   1. products   a block takes 64 samples and kChunk classes, 64 at a time. The products with W and V share the
//                 features' slice of shared memory: 32 multiply-adds for three 16-byte loads. Each thread folds its
//                 4 x 4 of both into running sums of its 4 samples; the 16 lanes of a sample are merged at the end.
//   2. finish     a warp a sample: its chunks' sums in a fixed order, |h|^2, and what follows.
// A sample's chunks depend on C alone: it has the same bits in every batch.
#pragma once

#include "cuda/cross_entropy.cuh"
#include "cuda/tile.cuh"

namespace gm::cuda::head_score {

constexpr int64_t kChunk = 4 * kTile;
constexpr int kFinishThreads = 256;

// Sums over some classes other than the label's own, e_c = exp(z_c - max); and the label's own numbers, which exactly
// one of those that are merged has.
struct Sums {
    float max = kLowest, others = 0, squares = 0, moved = 0;  // sum e, sum e^2, sum e u
    float own = 0, own_u = 0;
};

struct Parameters {
    gm_head_score_args args;
    int64_t chunks;
    Sums *partial;  // [B, chunks]
};

struct Shared {
    Slice features, weight, direction;
};

// In terms of a larger maximum. A NaN stays in the sums.
__device__ __forceinline__ void raise(Sums &sums, float max) {
    const float shrink = expf(sums.max - max);
    sums.max = max;
    sums.others *= shrink;
    sums.squares *= shrink * shrink;
    sums.moved *= shrink;
}

__device__ __forceinline__ void merge(Sums &sums, Sums other) {
    const float max = other.max > sums.max ? other.max : sums.max;
    raise(sums, max);
    raise(other, max);
    sums.others += other.others;
    sums.squares += other.squares;
    sums.moved += other.moved;
    sums.own += other.own;
    sums.own_u += other.own_u;
}

// All of kLanes lanes' together, in every one of them.
template <int kLanes>
__device__ __forceinline__ void merge_lanes(Sums &sums) {
    for (int distance = kLanes / 2; distance > 0; distance /= 2) {
        Sums other;
        other.max = __shfl_xor_sync(kAllLanes, sums.max, distance);
        other.others = __shfl_xor_sync(kAllLanes, sums.others, distance);
        other.squares = __shfl_xor_sync(kAllLanes, sums.squares, distance);
        other.moved = __shfl_xor_sync(kAllLanes, sums.moved, distance);
        other.own = __shfl_xor_sync(kAllLanes, sums.own, distance);
        other.own_u = __shfl_xor_sync(kAllLanes, sums.own_u, distance);
        merge(sums, other);
    }
}

// Folds four classes from c on into a sample's sums.
__device__ __forceinline__ void fold(const gm_head_score_args &args, int64_t c, int64_t label, float (&z)[kMine],
                                     const float (&u)[kMine], Sums &sums) {
    const int64_t C = args.weight.shape[0];
    float max = sums.max;
    for (int n = 0; n < kMine; n++) {
        if (c + n < C && args.bias.data != nullptr) z[n] += get(args.bias, c + n);
        if (c + n == label) {
            sums.own = z[n];
            sums.own_u = u[n];
        }
        if (c + n >= C || c + n == label) z[n] = -INFINITY;
        max = z[n] > max ? z[n] : max;
    }
    raise(sums, max);
    for (int n = 0; n < kMine; n++) {
        const float e = expf(z[n] - max);
        sums.others += e;
        sums.squares += e * e;
        sums.moved += c + n >= C || c + n == label ? 0.0f : e * u[n];
    }
}

__global__ void __launch_bounds__(kTileThreads) products(const __grid_constant__ Parameters p) {
    let_next_grid_begin();
    const gm_head_score_args &args = p.args;
    const int64_t B = args.features.shape[0], I = args.features.shape[1], C = args.weight.shape[0];
    const int64_t from = blockIdx.x / p.chunks * kTile, chunk = blockIdx.x % p.chunks, rows = smaller(kTile, B - from);
    if (blockIdx.x == 0 && threadIdx.x == 0 && args.non_finite != nullptr) *args.non_finite = 0;  // grid 2 counts
    if (rows <= 0) return;
    Shared &s = shared<Shared>();
    Sums sums[kMine];
    for (int64_t tile = chunk * kChunk; tile < smaller(C, (chunk + 1) * kChunk); tile += kTile) {
        const int64_t columns = smaller(kTile, C - tile);
        float z[kMine][kMine] = {}, u[kMine][kMine] = {};
        for (int64_t at = 0; at < I; at += kDepth) {
            __syncthreads();
            load_slice(s.features, rows, at, I, [&](int64_t r) { return row_of(args.features, from + r); });
            load_slice(s.weight, columns, at, I, [&](int64_t c) { return row_of(args.weight, tile + c); });
            load_slice(s.direction, columns, at, I, [&](int64_t c) { return row_of(args.direction, tile + c); });
            __syncthreads();
#pragma unroll 8
            for (int k = 0; k < kDepth; k++) {
                float h[kMine], w[kMine], v[kMine];
                take(s.features, k, tile_row(), h);
                take(s.weight, k, tile_column(), w);
                take(s.direction, k, tile_column(), v);
                multiply_add(h, w, z);
                multiply_add(h, v, u);
            }
        }
#pragma unroll
        for (int r = 0; r < kMine; r++) {
            const int64_t row = tile_row() + r, label = row < rows ? label_of(args.labels, from + row, C) : -1;
            fold(args, tile + tile_column(), label, z[r], u[r], sums[r]);
        }
    }
#pragma unroll
    for (int r = 0; r < kMine; r++) {
        merge_lanes<kTile / kMine>(sums[r]);
        if (tile_column() == 0 && tile_row() + r < rows)
            p.partial[(from + tile_row() + r) * p.chunks + chunk] = sums[r];
    }
}

__global__ void __launch_bounds__(kFinishThreads) finish(const __grid_constant__ Parameters p) {
    wait_for_grid_before();
    const gm_head_score_args &args = p.args;
    const int64_t i = int64_t{blockIdx.x} * (kFinishThreads / kWarp) + warp(), I = args.features.shape[1];
    if (i >= args.features.shape[0]) return;
    Sums sums;
    for (int64_t chunk = lane(); chunk < p.chunks; chunk += kWarp) merge(sums, p.partial[i * p.chunks + chunk]);
    merge_lanes<kWarp>(sums);
    float squares = 0, x[kEight];
    const Run h = row_of(args.features, i);
    for (int64_t at = lane() * kEight; at < I && args.gradient_norm.data != nullptr; at += kWarp * kEight) {
        load(h, aligned(h), at, I - at, x);
        for (int j = 0; j < kEight; j++) squares += x[j] * x[j];
    }
    squares = sum_over_lanes(squares);
    if (lane() != 0) return;
    if (label_of(args.labels, i, args.weight.shape[0]) < 0) sums.own = nanf("");
    const CrossEntropy row = cross_entropy(sums.own, sums.max, sums.others, sums.squares);
    const float score = projection(row.scale * (sums.moved - sums.others * sums.own_u), *args.direction_norm_squared);
    const bool finite = is_finite(score);
    if (args.loss.data != nullptr) put(args.loss, i, row.loss);
    if (args.score.data != nullptr) put(args.score, i, finite ? score : nanf(""));
    if (args.gradient_norm.data != nullptr) put(args.gradient_norm, i, row.norm * sqrtf(squares));
    if (args.non_finite != nullptr && !(finite && is_finite(row.loss)))
        atomicAdd(reinterpret_cast<unsigned long long *>(args.non_finite), 1ull);
}

}  // namespace gm::cuda::head_score
