// dot_i = sum_t delta_it . (V a_it) for a [B,T,I], delta [B,T,O], V [O,I].
//
// 2 B T I O operations over B T (I + O) + O I numbers: a matrix product of which B numbers are wanted. V a never
// reaches memory: a block's tile of it is multiplied by its deltas in the registers where it stands, and added
// over the tile's columns. This is the form in float on the ordinary multipliers, for every mixture of dtypes and strides:
// its ceiling is the float rate, on an H200 a fifteenth of what the tensor cores do in bf16 (ghost_dot_tensor.cuh and, on
// Hopper, ghost_dot_wgmma.cuh).
//
// Tokens of all samples are rows of one product, since T is 1 for most heads. Every token has a sum for each
// tile of columns and, where few tokens leave the tiles too few to fill a device, for each part of the inputs: V a is
// linear in them, so parts only add places. A sample's sums are added place by place in the order of its tokens, in
// double. ghost_dot_plan.h decides on the form and the parts.
#pragma once

#include "cuda/ghost_dot_plan.h"
#include "cuda/partials.cuh"
#include "cuda/tile.cuh"
#include "cuda/tokens.h"

namespace gm::cuda::ghost_dot {

struct Parameters {
    gm_array input, delta, direction, dot;
    Tokens tokens;
    int64_t tiles;        // of columns of V a
    int64_t parts;        // of the inputs
    int64_t part_inputs;  // of one of them, the last may have fewer
    float *partial;       // [tokens, tiles, parts]
};

// What a block of a grid [row tiles, column tiles, parts] works on.
struct Piece {
    int64_t from, tile, part, first_input, inputs;  // the first token's place, the rest as in Parameters
};

__device__ __forceinline__ Piece piece_of(const Parameters &p, int64_t rows) {
    const int64_t tile = blockIdx.x / p.parts, part = blockIdx.x % p.parts, first = part * p.part_inputs;
    return {tile / p.tiles * rows, tile % p.tiles, part, first, smaller(p.part_inputs, p.input.shape[2] - first)};
}

__device__ __forceinline__ float &partial_of(const Parameters &p, int64_t place, int64_t tile, int64_t part) {
    return p.partial[(place * p.tiles + tile) * p.parts + part];
}

struct Shared {
    TileShared tile;
    float sums[kTile][kTile / kMine + 1];
};

__device__ __forceinline__ Run behind(const Run &run, int64_t elements) {
    return {run.data + elements * element_bytes(run.dtype), run.dtype};
}

__global__ void __launch_bounds__(kTileThreads) products(const __grid_constant__ Parameters p) {
    wait_for_grid_before();
    let_next_grid_begin();
    const int64_t count = p.tokens.first[p.tokens.samples], O = p.delta.shape[2];
    const Piece piece = piece_of(p, kTile);
    const int64_t tile = piece.tile, rows = smaller(kTile, count - piece.from);
    if (rows <= 0) return;
    Shared &s = shared<Shared>();
    float sums[kMine][kMine];
    const Token *which = p.tokens.which + piece.from;
    multiply_tile(
        s.tile, rows, smaller(kTile, O - tile * kTile), piece.inputs,
        [&](int64_t r) { return behind(row_of(p.input, which[r].sample, which[r].token), piece.first_input); },
        [&](int64_t c) { return behind(row_of(p.direction, tile * kTile + c), piece.first_input); }, sums);
    for (int r = 0; r < kMine; r++) {
        const int row = tile_row() + r;
        const int64_t column = tile * kTile + tile_column();
        float sum = 0;
        if (row < rows) {
            const Run delta = row_of(p.delta, which[row].sample, which[row].token);
            for (int c = 0; c < kMine; c++) sum += column + c < O ? element(delta, column + c) * sums[r][c] : 0.0f;
        }
        s.sums[row][tile_column() / kMine] = sum;
    }
    __syncthreads();
    const int row = static_cast<int>(threadIdx.x);
    if (row >= rows) return;
    float sum = 0;
    for (int n = 0; n < kTile / kMine; n++) sum += s.sums[row][n];
    partial_of(p, piece.from + row, tile, piece.part) = sum;
}

// Samples of one token at most: a warp each.
constexpr int kTokenWarpsOfBlock = kPartialThreads / kWarp;
__global__ void __launch_bounds__(kPartialThreads) add_token(const __grid_constant__ Parameters p) {
    wait_for_grid_before();
    const int64_t i = int64_t{blockIdx.x} * kTokenWarpsOfBlock + warp();
    if (i >= p.tokens.samples) return;
    const int64_t places = p.tiles * p.parts, first = p.tokens.first[i] * places, end = p.tokens.first[i + 1] * places;
    double sum = 0;
    for (int64_t n = first + lane(); n < end; n += kWarp) sum += p.partial[n];
    sum = sum_over_lanes(sum);
    if (lane() == 0) put(p.dot, i, sum);
}

// A block a sample.
__global__ void __launch_bounds__(kPartialThreads) add_tokens(const __grid_constant__ Parameters p) {
    wait_for_grid_before();
    const int64_t i = blockIdx.x, places = p.tiles * p.parts, first = p.tokens.first[i] * places,
                  end = p.tokens.first[i + 1] * places;
    double sum = 0;
    for (int64_t n = first + threadIdx.x; n < end; n += kPartialThreads) sum += p.partial[n];
    sum = sum_over_block<kPartialThreads>(sum, shared<PartialShared>().sums);
    if (threadIdx.x == 0) put(p.dot, i, sum);
}

}  // namespace gm::cuda::ghost_dot
