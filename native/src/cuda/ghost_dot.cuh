// dot_i = sum_t delta_it . (V a_it) for a [B,T,I], delta [B,T,O], V [O,I].
//
// 2 B T I O operations over B T (I + O) + O I numbers: a matrix product of which B numbers are wanted. V a never
// reaches memory: a block's tile of it is multiplied by its deltas in the registers where it stands, and added
// over the tile's columns. This is the form in float on the ordinary multipliers, for every mixture of dtypes and strides:
// its ceiling is the float rate, on an H200 a fifteenth of what the tensor cores do in bf16 (ghost_dot_tensor.cuh).
//
// Tokens of all samples are rows of one product, since T is 1 for most heads. Every token has a sum for each
// tile of columns, in a place of its own; a sample's are added tile by tile in the order of its tokens, in double.
#pragma once

#include "cuda/partials.cuh"
#include "cuda/tile.cuh"
#include "cuda/tokens.h"

namespace gm::cuda::ghost_dot {

struct Parameters {
    gm_array input, delta, direction, dot;
    Tokens tokens;
    int64_t tiles;   // of columns of V a
    float *partial;  // [tokens, tiles]
};

struct Shared {
    TileShared tile;
    float sums[kTile][kTile / kMine + 1];
};

__global__ void __launch_bounds__(kTileThreads) products(const __grid_constant__ Parameters p) {
    const int64_t count = p.tokens.first[p.tokens.samples], T = p.tokens.per_sample, I = p.input.shape[2], O = p.delta.shape[2];
    const int64_t from = blockIdx.x / p.tiles * kTile, tile = blockIdx.x % p.tiles, rows = smaller(kTile, count - from);
    if (rows <= 0) return;
    Shared &s = shared<Shared>();
    float sums[kMine][kMine];
    const int64_t *which = p.tokens.which + from;
    multiply_tile(
        s.tile, rows, smaller(kTile, O - tile * kTile), I, [&](int64_t r) { return row_of(p.input, which[r] / T, which[r] % T); },
        [&](int64_t c) { return row_of(p.direction, tile * kTile + c); }, sums);
    for (int r = 0; r < kMine; r++) {
        const int row = tile_row() + r;
        const int64_t column = tile * kTile + tile_column();
        float sum = 0;
        if (row < rows) {
            const Run delta = row_of(p.delta, which[row] / T, which[row] % T);
            for (int c = 0; c < kMine; c++) sum += column + c < O ? element(delta, column + c) * sums[r][c] : 0.0f;
        }
        s.sums[row][tile_column() / kMine] = sum;
    }
    __syncthreads();
    const int row = static_cast<int>(threadIdx.x);
    if (row >= rows) return;
    float sum = 0;
    for (int n = 0; n < kTile / kMine; n++) sum += s.sums[row][n];
    p.partial[(from + row) * p.tiles + tile] = sum;
}

// A block a sample.
__global__ void __launch_bounds__(kPartialThreads) add_tokens(const __grid_constant__ Parameters p) {
    const int64_t i = blockIdx.x, first = p.tokens.first[i] * p.tiles, end = p.tokens.first[i + 1] * p.tiles;
    double sum = 0;
    for (int64_t n = first + threadIdx.x; n < end; n += kPartialThreads) sum += p.partial[n];
    sum = sum_over_block<kPartialThreads>(sum, shared<PartialShared>().sums);
    if (threadIdx.x == 0) put(p.dot, i, sum);
}

}  // namespace gm::cuda::ghost_dot
