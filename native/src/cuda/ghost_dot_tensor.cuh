// gm_ghost_dot's product on the tensor cores, for bf16 and f16.
//
// 2 B T I O operations over B T (I + O) + O I numbers of 2 bytes: from some hundred tokens on the multipliers are the
// limit. A block makes 128 tokens x 128 outputs of V a in registers, eight warps 64 x 32 each (mma.m16n8k16). Slices of
// 64 inputs, 128 bytes of a row, come through kStages buffers by copies that run ahead; chunks of 16 bytes lie at
// (chunk ^ row % 8), so that the eight rows of a fragment meet all banks once. After the last slice comes delta's
// tile, 128 x 128, as if it were one more: it is there when the products are, and is read once. Each thread multiplies
// its sums by delta where they stand; a token's go over its four lanes and the four warps of its row, in a fixed
// order, to one float a tile. V a and delta V a never reach memory.
//
// Tokens of all samples are the rows, so a tile may hold several samples: the places of the sums are by token, and
// ghost_dot::add_tokens knows which are whose. Rows, columns and inputs beyond the ends are zeros in shared memory.
#pragma once

#include "cuda/ghost_dot.cuh"
#include "cuda/mma.cuh"

namespace gm::cuda::ghost_dot {

constexpr int kTensorThreads = 256;
constexpr int kTensorTile = 128;   // tokens and outputs of a block
constexpr int kSlice = 64;         // inputs
constexpr int kStages = 3;
constexpr int kRowWarps = 2, kColumnWarps = 4;
constexpr int kRowFragments = kTensorTile / kRowWarps / 16, kColumnFragments = kTensorTile / kColumnWarps / 8;

// 128 rows of 64 elements.
struct Panel {
    uint16_t elements[kTensorTile][kSlice];
};
__device__ __forceinline__ void *chunk_of(Panel &panel, int row, int chunk) { return &panel.elements[row][(chunk ^ (row & 7)) * kEight]; }

struct Stage {
    Panel left, right;  // tokens and outputs; of delta: outputs below and from 64 on
};

// Where rows begin, in elements from their array's first; kNoRow: nowhere. Out of registers, which the sums need.
using Rows = int64_t[kTensorTile];
constexpr int64_t kNoRow = -1;

struct TensorShared {
    Stage stages[kStages];
    Rows inputs, outputs, deltas;
    float sums[kTensorTile][kColumnWarps];
};

// Elements [at, at + 64) of all rows, which are `length` long: a thread copies chunk threadIdx % 8 of every 32nd.
__device__ __forceinline__ void copy_panel(Panel &panel, const void *array, const Rows &rows, int64_t at, int64_t length) {
    constexpr int kChunks = kSlice / kEight, kRowStep = kTensorThreads / kChunks;
    const int chunk = static_cast<int>(threadIdx.x) % kChunks, first = static_cast<int>(threadIdx.x) / kChunks;
    const uint16_t *elements = static_cast<const uint16_t *>(array) + at + chunk * kEight;
    const int left = static_cast<int>(larger(0, smaller(kEight, length - at - chunk * kEight)));
#pragma unroll
    for (int n = 0; n < kTensorTile / kRowStep; n++) {
        const int row = first + n * kRowStep;
        const bool there = rows[row] != kNoRow && left > 0;
        copy_later(chunk_of(panel, row, chunk), there ? elements + rows[row] : array, there ? left * 2 : 0);
    }
}

__device__ __forceinline__ float sixteen_bits(unsigned bits, bool bf16) { return bf16 ? widen_bf16(bits) : widen_f16(bits); }

template <bool kBf16>
__device__ __forceinline__ void multiply_stage(Stage &stage, float (&sums)[kRowFragments][kColumnFragments][4]) {
    const int first_row = warp() / kColumnWarps * (kTensorTile / kRowWarps), first_column = warp() % kColumnWarps * (kTensorTile / kColumnWarps);
    // Which row of which of the four 8 x 8 matrices this lane points at: rows then k for tokens, k then columns for V.
    const int left_row = first_row + lane() % 16, left_chunk = lane() / 16;
    const int right_row = first_column + lane() % 8 + lane() / 16 * 8, right_chunk = lane() / 8 % 2;
#pragma unroll
    for (int k = 0; k < kSlice / 16; k++) {
        unsigned left[kRowFragments][4], right[kColumnFragments / 2][4];
#pragma unroll
        for (int r = 0; r < kRowFragments; r++) load_matrices(chunk_of(stage.left, left_row + 16 * r, 2 * k + left_chunk), left[r]);
#pragma unroll
        for (int c = 0; c < kColumnFragments / 2; c++) load_matrices(chunk_of(stage.right, right_row + 16 * c, 2 * k + right_chunk), right[c]);
#pragma unroll
        for (int r = 0; r < kRowFragments; r++) {
#pragma unroll
            for (int c = 0; c < kColumnFragments; c++) multiply_fragments<kBf16>(left[r], right[c / 2][c % 2 * 2], right[c / 2][c % 2 * 2 + 1], sums[r][c]);
        }
    }
}

// A lane's eight sums of a row times delta's. Beyond the last output both are 0.
__device__ __forceinline__ float times_delta(Stage &stage, bool bf16, int row, int first_column, const float (&sums)[kColumnFragments][4], int half) {
    float sum = 0;
#pragma unroll
    for (int c = 0; c < kColumnFragments; c++) {
        const int column = first_column + 8 * c + lane() % 4 * 2;
        Panel &panel = column < kSlice ? stage.left : stage.right;
        const unsigned both = *reinterpret_cast<const unsigned *>(static_cast<const char *>(chunk_of(panel, row, column % kSlice / kEight)) + column % kEight * 2);
        sum += sixteen_bits(both & 0xffff, bf16) * sums[c][2 * half];
        sum += sixteen_bits(both >> 16, bf16) * sums[c][2 * half + 1];
    }
    return sum;
}

template <bool kBf16>
__global__ void __launch_bounds__(kTensorThreads, 2) tensor_products(const __grid_constant__ Parameters p) {
    const int64_t count = p.tokens.first[p.tokens.samples], T = p.tokens.per_sample, I = p.input.shape[2], O = p.delta.shape[2];
    const int64_t from = blockIdx.x / p.tiles * kTensorTile, tile = blockIdx.x % p.tiles, columns = smaller(kTensorTile, O - tile * kTensorTile);
    if (from >= count) return;
    TensorShared &s = shared<TensorShared>();
    const int n = static_cast<int>(threadIdx.x) % kTensorTile;
    if (threadIdx.x < kTensorTile) {
        const int64_t token = from + n < count ? p.tokens.which[from + n] : -1, i = token / T, t = token % T;
        s.inputs[n] = token < 0 ? kNoRow : i * p.input.stride[0] + t * p.input.stride[1];
        s.deltas[n] = token < 0 ? kNoRow : i * p.delta.stride[0] + t * p.delta.stride[1];
    } else {
        s.outputs[n] = n < columns ? (tile * kTensorTile + n) * p.direction.stride[0] : kNoRow;
    }
    __syncthreads();
    const int slices = static_cast<int>(divide_up(I, kSlice));
    // A slice into its stage; delta behind the last, nothing behind that. Every call closes a group.
    const auto copy = [&](int slice) {
        Stage &stage = s.stages[slice % kStages];
        if (slice < slices) {
            copy_panel(stage.left, p.input.data, s.inputs, int64_t{slice} * kSlice, I);
            copy_panel(stage.right, p.direction.data, s.outputs, int64_t{slice} * kSlice, I);
        } else if (slice == slices) {
            copy_panel(stage.left, p.delta.data, s.deltas, tile * kTensorTile, O);
            copy_panel(stage.right, p.delta.data, s.deltas, tile * kTensorTile + kSlice, O);
        }
        commit_copies();
    };
    float sums[kRowFragments][kColumnFragments][4] = {};
    for (int slice = 0; slice < kStages - 1; slice++) copy(slice);
    for (int slice = 0; slice < slices; slice++) {
        wait_for_copies<kStages - 2>();
        __syncthreads();  // the slice is there for all, and nobody reads the stage of the one before any more
        copy(slice + kStages - 1);
        multiply_stage<kBf16>(s.stages[slice % kStages], sums);
    }
    wait_for_copies<0>();
    __syncthreads();
    Stage &deltas = s.stages[slices % kStages];
    const int first_row = warp() / kColumnWarps * (kTensorTile / kRowWarps) + lane() / 4, first_column = warp() % kColumnWarps * (kTensorTile / kColumnWarps);
#pragma unroll
    for (int r = 0; r < 2 * kRowFragments; r++) {
        const int row = first_row + 8 * r;
        const float sum = sum_over_lanes<4>(times_delta(deltas, p.delta.dtype == GM_BF16, row, first_column, sums[r / 2], r % 2));
        if (lane() % 4 == 0) s.sums[row][warp() % kColumnWarps] = sum;
    }
    __syncthreads();
    if (threadIdx.x >= smaller(kTensorTile, count - from)) return;
    p.partial[(from + n) * p.tiles + tile] = s.sums[n][0] + s.sums[n][1] + s.sums[n][2] + s.sums[n][3];
}

}  // namespace gm::cuda::ghost_dot
