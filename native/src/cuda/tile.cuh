// A tile of a matrix product in float, for the operations that want a product's sum and not the product: 64 rows
// times 64 columns by 256 threads, each with 4 x 4 sums in registers. Slices of 32 along the contracted dimension are
// widened into shared memory, transposed, so that a step of it is two 16-byte loads for 16 multiply-adds.
#pragma once

#include "cuda/block.cuh"
#include "cuda/elements.cuh"

namespace gm::cuda {

constexpr int kTileThreads = 256;
constexpr int kTile = 64;   // rows and columns
constexpr int kDepth = 32;  // of a slice
constexpr int kMine = 4;    // rows and columns of a thread
constexpr int kTileStride = kTile + 4;

using Slice = float[kDepth][kTileStride];

// Where column c of step k lies: a warp's transposing stores are of eight columns and four steps eight apart, whose
// rows begin on the same bank; so every eight steps exchange eights of columns, and the 32 stores meet all banks once.
__device__ __forceinline__ int column_of(int k, int c) { return c ^ k / kEight % 4 * kEight; }

struct TileShared {
    Slice left, right;
};

// The rows and columns of a thread's sums: 4 in a row each.
__device__ __forceinline__ int tile_row() { return static_cast<int>(threadIdx.x) / (kTile / kMine) * kMine; }
__device__ __forceinline__ int tile_column() { return static_cast<int>(threadIdx.x) % (kTile / kMine) * kMine; }

// Elements [at, at + kDepth) of the runs that run(r) gives for r < rows, as slice[k][r]; zeros elsewhere. A thread
// widens eight of one run.
template <class RunOf>
__device__ __forceinline__ void load_slice(Slice &slice, int64_t rows, int64_t at, int64_t length, RunOf &&run) {
    const int r = static_cast<int>(threadIdx.x) / (kDepth / kEight),
              k = static_cast<int>(threadIdx.x) % (kDepth / kEight) * kEight;
    static_assert(kTileThreads == kTile * kDepth / kEight, "each thread widens eight");
    float x[kEight] = {};
    if (r < rows) {
        const Run from = run(r);
        load(from, aligned(from), at + k, length - at - k, x);
    }
    for (int j = 0; j < kEight; j++) slice[k + j][column_of(k, r)] = x[j];
}

// The other way round: slice[k] is the columns [at, at + kTile) of run(k) for k < runs.
template <class RunOf>
__device__ __forceinline__ void load_rows(Slice &slice, int64_t runs, int64_t at, int64_t length, RunOf &&run) {
    const int k = static_cast<int>(threadIdx.x) / (kTile / kEight),
              c = static_cast<int>(threadIdx.x) % (kTile / kEight) * kEight;
    float x[kEight] = {};
    if (k < runs) {
        const Run from = run(k);
        load(from, aligned(from), at + c, length - at - c, x);
    }
    for (int j = 0; j < kEight; j++) slice[k][column_of(k, c) + j] = x[j];
}

// Four of step k of a slice, from row or column `at` on.
__device__ __forceinline__ void take(const Slice &slice, int k, int at, float (&x)[kMine]) {
    for (int n = 0; n < kMine; n++) x[n] = slice[k][column_of(k, at) + n];
}

__device__ __forceinline__ void multiply_add(const float (&left)[kMine], const float (&right)[kMine],
                                             float (&sums)[kMine][kMine]) {
    for (int r = 0; r < kMine; r++) {
        for (int c = 0; c < kMine; c++) sums[r][c] += left[r] * right[c];
    }
}

// sums += left^T right over a slice.
__device__ __forceinline__ void multiply_slice(const TileShared &s, float (&sums)[kMine][kMine]) {
#pragma unroll
    for (int k = 0; k < kDepth; k++) {
        float left[kMine], right[kMine];
        take(s.left, k, tile_row(), left);
        take(s.right, k, tile_column(), right);
        multiply_add(left, right, sums);
    }
}

// sums = the products of `length` long runs, left(r) for r < rows with right(c) for c < columns.
template <class Left, class Right>
__device__ __forceinline__ void multiply_tile(TileShared &s, int64_t rows, int64_t columns, int64_t length, Left &&left,
                                              Right &&right, float (&sums)[kMine][kMine]) {
    for (int r = 0; r < kMine; r++) {
        for (int c = 0; c < kMine; c++) sums[r][c] = 0;
    }
    for (int64_t at = 0; at < length; at += kDepth) {
        __syncthreads();
        load_slice(s.left, rows, at, length, left);
        load_slice(s.right, columns, at, length, right);
        __syncthreads();
        multiply_slice(s, sums);
    }
}

}  // namespace gm::cuda
