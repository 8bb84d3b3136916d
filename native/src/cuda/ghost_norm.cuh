// |g_i|^2 for g_i = sum_t delta_it a_it^T, a [B,T,I] and delta [B,T,O], by the cheapest of three:
//
//   one token   |a|^2 |delta|^2: I + O multiply-adds.
//   Gram        sum_tu (delta_t . delta_u)(a_t . a_u) in tiles of 64 x 64 tokens on and above the diagonal, those
//               above counted twice: both products of a tile stay in registers.
//   direct      g_i itself in tiles of 64 x 64, which are squared and forgotten: T I O.
//
// T counts the tokens that carry gradient (tokens.h). A tile costs the same in both forms for every step of what it
// contracts, so the form with fewer tiles times steps is taken: (I + O) for each of Gram's tiles, T for each of the
// direct ones. All in float on the ordinary multipliers, the tiles' sums in double, in places of their own and
// added in an order that depends on the sample alone.
#pragma once

#include "cuda/partials.cuh"
#include "cuda/tile.cuh"
#include "cuda/tokens.h"

namespace gm::cuda::ghost_norm {

struct Parameters {
    gm_array input, delta, norm_squared;
    Tokens tokens;
    int64_t parts;    // of a sample at most; 0: no sample has two tokens
    double *partial;  // [B, parts]
};

struct Shared {
    TileShared tile;
    double sums[kTileThreads / kWarp];
};

__host__ __device__ __forceinline__ int64_t gram_tiles(int64_t tokens) {
    const int64_t n = divide_up(tokens, kTile);
    return n * (n + 1) / 2;
}
__host__ __device__ __forceinline__ int64_t direct_tiles(int64_t I, int64_t O) {
    return divide_up(I, kTile) * divide_up(O, kTile);
}

__host__ __device__ __forceinline__ bool takes_gram(int64_t tokens, int64_t I, int64_t O) {
    return gram_tiles(tokens) * (I + O) <= direct_tiles(I, O) * tokens;
}

// Runs of the tokens that carry gradient.
struct TokenRuns {
    const gm_array &array;
    const Token *which;
    __device__ __forceinline__ Run operator()(int64_t n) const {
        const Token token = which[n];
        return row_of(array, token.sample, token.token);
    }
};

// The tile at (t, u >= t) of both Gram matrices, this thread's part.
__device__ __forceinline__ double gram(const Parameters &p, const Token *which, int64_t n, int64_t t, int64_t u,
                                       TileShared &s) {
    const int64_t rows = smaller(kTile, n - t * kTile), columns = smaller(kTile, n - u * kTile);
    const Token *left = which + t * kTile, *right = which + u * kTile;
    float inputs[kMine][kMine], deltas[kMine][kMine];
    multiply_tile(s, rows, columns, p.input.shape[2], TokenRuns{p.input, left}, TokenRuns{p.input, right}, inputs);
    multiply_tile(s, rows, columns, p.delta.shape[2], TokenRuns{p.delta, left}, TokenRuns{p.delta, right}, deltas);
    double sum = 0;
    for (int r = 0; r < kMine; r++) {
        for (int c = 0; c < kMine; c++) {
            if (tile_row() + r < rows && tile_column() + c < columns)
                sum += static_cast<double>(inputs[r][c]) * static_cast<double>(deltas[r][c]);
        }
    }
    return t == u ? sum : 2 * sum;
}

// The square of g_i's tile at (o, in), this thread's part.
__device__ __forceinline__ double direct(const Parameters &p, const Token *which, int64_t n, int64_t o, int64_t in,
                                         TileShared &s) {
    const int64_t I = p.input.shape[2], O = p.delta.shape[2];
    float g[kMine][kMine] = {};
    for (int64_t from = 0; from < n; from += kDepth) {
        __syncthreads();
        load_rows(s.left, n - from, o, O, TokenRuns{p.delta, which + from});
        load_rows(s.right, n - from, in, I, TokenRuns{p.input, which + from});
        __syncthreads();
        multiply_slice(s, g);
    }
    double sum = 0;
    for (int r = 0; r < kMine; r++) {
        for (int c = 0; c < kMine; c++) {
            // without the padding, which is 0 times something that may be infinite
            if (o + tile_row() + r < O && in + tile_column() + c < I)
                sum += static_cast<double>(g[r][c]) * static_cast<double>(g[r][c]);
        }
    }
    return sum;
}

__global__ void __launch_bounds__(kTileThreads, 2) tiles(const __grid_constant__ Parameters p) {
    wait_for_grid_before();
    let_next_grid_begin();
    const int64_t i = blockIdx.x / p.parts, part = blockIdx.x % p.parts, I = p.input.shape[2], O = p.delta.shape[2];
    const Token *which = p.tokens.which + p.tokens.first[i];
    const int64_t n = p.tokens.first[i + 1] - p.tokens.first[i];
    if (n < 2) return;
    Shared &s = shared<Shared>();
    double sum;
    if (takes_gram(n, I, O)) {
        if (part >= gram_tiles(n)) return;
        int64_t u = 0, t = part;
        for (; t > u; u++) t -= u + 1;
        sum = gram(p, which, n, t, u, s.tile);
    } else {
        if (part >= direct_tiles(I, O)) return;
        const int64_t across = divide_up(I, kTile);
        sum = direct(p, which, n, part / across * kTile, part % across * kTile, s.tile);
    }
    sum = sum_over_block<kTileThreads>(sum, s.sums);
    if (threadIdx.x == 0) p.partial[i * p.parts + part] = sum;
}

__device__ __forceinline__ double norm_squared(const Run &run, int64_t length, double *scratch) {
    float sum = 0, x[kEight];
    for (int64_t at = int64_t{threadIdx.x} * kEight; at < length; at += kPartialThreads * kEight) {
        load(run, aligned(run), at, length - at, x);
        for (int j = 0; j < kEight; j++) sum += x[j] * x[j];
    }
    return sum_over_block<kPartialThreads>(static_cast<double>(sum), scratch);
}

// A block a sample: what its tiles found, or its one token.
__global__ void __launch_bounds__(kPartialThreads) add_tiles(const __grid_constant__ Parameters p) {
    wait_for_grid_before();
    const int64_t i = blockIdx.x, I = p.input.shape[2], O = p.delta.shape[2];
    const Token *which = p.tokens.which + p.tokens.first[i];
    const int64_t n = p.tokens.first[i + 1] - p.tokens.first[i];
    double sum = 0;
    if (n == 1) {
        double *scratch = shared<PartialShared>().sums;
        sum = norm_squared(TokenRuns{p.input, which}(0), I, scratch);
        sum *= norm_squared(TokenRuns{p.delta, which}(0), O, scratch);
    } else if (n > 1) {
        sum = sum_partials(p.partial + i * p.parts, takes_gram(n, I, O) ? gram_tiles(n) : direct_tiles(I, O));
    }
    if (threadIdx.x == 0) put(p.norm_squared, i, sum < 0 ? 0 : sum);  // Gram may round a zero to below zero
}

}  // namespace gm::cuda::ghost_norm
