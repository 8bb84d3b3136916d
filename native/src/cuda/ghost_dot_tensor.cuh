// gm_ghost_dot's product on the tensor cores, for bf16 and f16, by the instructions of sm_80 (mma.sync).
//
// 2 B T I O operations over B T (I + O) + O I numbers of 2 bytes: from some hundred tokens on the multipliers are the
// limit, below that reading V. A block makes 128 tokens x 128 outputs of V a in registers, eight warps 64 x 32 each
// (mma.m16n8k16), or 64 or 32 tokens x 128 outputs where there are no more, so that fewer products with zeros are in the
// way of V's bytes. Slices of 64 inputs, 128 bytes of a row, come through kStages buffers by copies that run ahead; chunks
// of 16 bytes lie at (chunk ^ row % 8), so that the eight rows of a fragment meet all banks once. After the last slice
// comes delta's tile as if it were one more: it is there when the products are, and is read once. Each thread multiplies
// its sums by delta where they stand; a token's go over its four lanes and the four warps of its row, in a fixed
// order, to one float a tile and part. V a and delta V a never reach memory.
//
// Tokens of all samples are the rows, so a tile may hold several samples: the places of the sums are by token, and
// ghost_dot::add_tokens knows which are whose. Rows, columns and inputs beyond the ends are zeros in shared memory.
#pragma once

#include "cuda/ghost_dot.cuh"
#include "cuda/mma.cuh"

namespace gm::cuda::ghost_dot {

constexpr int kTensorThreads = 256;
constexpr int kStages = kMmaStages;
constexpr int kRowWarps = 2, kColumnWarps = 4;
constexpr int kColumnFragments = kTensorColumns / kColumnWarps / 8;

// Rows of 64 elements.
template <int kRows>
struct Panel {
    uint16_t elements[kRows][kSlice];
};
template <int kRows>
__device__ __forceinline__ void *chunk_of(Panel<kRows> &panel, int row, int chunk) {
    return &panel.elements[row][(chunk ^ (row & 7)) * kEight];
}

template <int kRows>
struct Stage {
    Panel<kRows> left;            // tokens; of delta: outputs below 64
    Panel<kTensorColumns> right;  // outputs; of delta: as many tokens as on the left, outputs from 64 on
};

// Where rows begin, in elements from their array's first; kNoRow: nowhere. Out of registers, which the sums need.
template <int kRows>
using Rows = int64_t[kRows];
constexpr int64_t kNoRow = -1;

template <int kRows>
struct TensorShared {
    Stage<kRows> stages[kStages];
    Rows<kRows> inputs, deltas;
    Rows<kTensorColumns> outputs;
};

static_assert(sizeof(TensorShared<32>) == mma_shared_bytes(32) && sizeof(TensorShared<128>) == mma_shared_bytes(128),
              "the plan asks for as much");

// Of every row and warp of a row, over a stage that nobody reads any more: all stages and a list more would be 2 KiB above
// what a block may have on devices of compute capability 8.6, 8.9 and 12.x.
template <int kRows>
using WarpSums = float[kRows][kColumnWarps];

// Elements [at, at + 64) of all rows, which are `length` long: a thread copies chunk threadIdx % 8 of every 32nd.
template <int kRows, int kPanelRows>
__device__ __forceinline__ void copy_panel(Panel<kPanelRows> &panel, const void *array, const Rows<kRows> &rows,
                                           int64_t at, int64_t length) {
    constexpr int kChunks = kSlice / kEight, kRowStep = kTensorThreads / kChunks;
    const int chunk = static_cast<int>(threadIdx.x) % kChunks, first = static_cast<int>(threadIdx.x) / kChunks;
    const uint16_t *elements = static_cast<const uint16_t *>(array) + at + chunk * kEight;
    const int left = static_cast<int>(larger(0, smaller(kEight, length - at - chunk * kEight)));
#pragma unroll
    for (int n = 0; n < kRows / kRowStep; n++) {
        const int row = first + n * kRowStep;
        const bool there = rows[row] != kNoRow && left > 0;
        copy_later(chunk_of(panel, row, chunk), there ? elements + rows[row] : array, there ? left * 2 : 0);
    }
}

__device__ __forceinline__ float sixteen_bits(unsigned bits, bool bf16) {
    return bf16 ? widen_bf16(bits) : widen_f16(bits);
}

template <bool kBf16, int kRows>
__device__ __forceinline__ void multiply_stage(Stage<kRows> &stage,
                                               float (&sums)[kRows / kRowWarps / 16][kColumnFragments][4]) {
    constexpr int kRowFragments = kRows / kRowWarps / 16;
    const int first_row = warp() / kColumnWarps * (kRows / kRowWarps),
              first_column = warp() % kColumnWarps * (kTensorColumns / kColumnWarps);
    // Which row of which of the four 8 x 8 matrices this lane points at: rows then k for tokens, k then columns for V.
    const int left_row = first_row + lane() % 16, left_chunk = lane() / 16;
    const int right_row = first_column + lane() % 8 + lane() / 16 * 8, right_chunk = lane() / 8 % 2;
#pragma unroll
    for (int k = 0; k < kSlice / 16; k++) {
        unsigned left[kRowFragments][4], right[kColumnFragments / 2][4];
#pragma unroll
        for (int r = 0; r < kRowFragments; r++)
            load_matrices(chunk_of(stage.left, left_row + 16 * r, 2 * k + left_chunk), left[r]);
#pragma unroll
        for (int c = 0; c < kColumnFragments / 2; c++)
            load_matrices(chunk_of(stage.right, right_row + 16 * c, 2 * k + right_chunk), right[c]);
#pragma unroll
        for (int r = 0; r < kRowFragments; r++) {
#pragma unroll
            for (int c = 0; c < kColumnFragments; c++)
                multiply_fragments<kBf16>(left[r], right[c / 2][c % 2 * 2], right[c / 2][c % 2 * 2 + 1], sums[r][c]);
        }
    }
}

// A lane's dot of a row of sums with delta, in two chains of fused multiply-adds that do not wait for each other.
struct Dot {
    float even = 0, odd = 0;
    // Two elements side by side, times two sums.
    __device__ __forceinline__ void add(unsigned both, bool bf16, float first, float second) {
        even = fmaf(sixteen_bits(both & 0xffff, bf16), first, even);
        odd = fmaf(sixteen_bits(both >> 16, bf16), second, odd);
    }
    __device__ __forceinline__ float sum() const { return even + odd; }
};

template <int kRows>
__device__ __forceinline__ unsigned pair_of(Panel<kRows> &panel, int row, int column) {
    return *reinterpret_cast<const unsigned *>(static_cast<const char *>(chunk_of(panel, row, column / kEight)) +
                                               column % kEight * 2);
}

// A lane's eight sums of a row times delta's. Beyond the last output both are 0.
template <int kRows>
__device__ __forceinline__ float times_delta(Stage<kRows> &stage, bool bf16, int row, int first_column,
                                             const float (&sums)[kColumnFragments][4], int half) {
    Dot dot;
#pragma unroll
    for (int c = 0; c < kColumnFragments; c++) {
        const int column = first_column + 8 * c + lane() % 4 * 2;
        dot.add(column < kSlice ? pair_of(stage.left, row, column) : pair_of(stage.right, row, column - kSlice), bf16,
                sums[c][2 * half], sums[c][2 * half + 1]);
    }
    return dot.sum();
}

template <bool kBf16, int kRows>
__global__ void __launch_bounds__(kTensorThreads, 2) tensor_products(const __grid_constant__ Parameters p) {
    wait_for_grid_before();
    let_next_grid_begin();
    constexpr int kRowFragments = kRows / kRowWarps / 16;
    static_assert(kRows <= kTensorColumns && kRows + kTensorColumns <= kTensorThreads, "a thread for every row");
    const int64_t count = p.tokens.first[p.tokens.samples], O = p.delta.shape[2];
    const Piece piece = piece_of(p, kRows);
    const int64_t from = piece.from, tile = piece.tile, columns = smaller(kTensorColumns, O - tile * kTensorColumns);
    if (from >= count) return;
    TensorShared<kRows> &s = shared<TensorShared<kRows>>();
    const int n = static_cast<int>(threadIdx.x);
    if (n < kTensorColumns) {
        s.outputs[n] = n < columns ? (tile * kTensorColumns + n) * p.direction.stride[0] + piece.first_input : kNoRow;
    } else if (n < kTensorColumns + kRows) {
        const int row = n - kTensorColumns;
        const bool there = from + row < count;
        const Token token = there ? p.tokens.which[from + row] : Token{};
        s.inputs[row] =
            there ? token.sample * p.input.stride[0] + token.token * p.input.stride[1] + piece.first_input : kNoRow;
        s.deltas[row] = there ? token.sample * p.delta.stride[0] + token.token * p.delta.stride[1] : kNoRow;
    }
    __syncthreads();
    const int slices = static_cast<int>(divide_up(piece.inputs, kSlice));
    // A slice into its stage; delta behind the last, nothing behind that. Every call closes a group.
    const auto copy = [&](int slice) {
        Stage<kRows> &stage = s.stages[slice % kStages];
        if (slice < slices) {
            copy_panel<kRows>(stage.left, p.input.data, s.inputs, int64_t{slice} * kSlice, piece.inputs);
            copy_panel<kTensorColumns>(stage.right, p.direction.data, s.outputs, int64_t{slice} * kSlice, piece.inputs);
        } else if (slice == slices) {
            copy_panel<kRows>(stage.left, p.delta.data, s.deltas, tile * kTensorColumns, O);
            copy_panel<kRows>(stage.right, p.delta.data, s.deltas, tile * kTensorColumns + kSlice, O);
        }
        commit_copies();
    };
    float sums[kRowFragments][kColumnFragments][4] = {};
    for (int slice = 0; slice < kStages - 1; slice++) copy(slice);
    for (int slice = 0; slice < slices; slice++) {
        wait_for_copies<kStages - 2>();
        __syncthreads();  // the slice is there for all, and nobody reads the stage of the one before any more
        copy(slice + kStages - 1);
        multiply_stage<kBf16, kRows>(s.stages[slice % kStages], sums);
    }
    wait_for_copies<0>();
    __syncthreads();
    Stage<kRows> &deltas = s.stages[slices % kStages];
    static_assert(kStages > 1 && sizeof(WarpSums<kRows>) <= sizeof(Stage<kRows>), "one beside delta's");
    auto &warp_sums = reinterpret_cast<WarpSums<kRows> &>(s.stages[(slices + 1) % kStages]);
    const int first_row = warp() / kColumnWarps * (kRows / kRowWarps) + lane() / 4,
              first_column = warp() % kColumnWarps * (kTensorColumns / kColumnWarps);
#pragma unroll
    for (int r = 0; r < 2 * kRowFragments; r++) {
        const int row = first_row + 8 * r;
        const float sum =
            sum_over_lanes<4>(times_delta(deltas, p.delta.dtype == GM_BF16, row, first_column, sums[r / 2], r % 2));
        if (lane() % 4 == 0) warp_sums[row][warp() % kColumnWarps] = sum;
    }
    __syncthreads();
    if (n >= smaller(kRows, count - from)) return;
    partial_of(p, from + n, tile, piece.part) = warp_sums[n][0] + warp_sums[n][1] + warp_sums[n][2] + warp_sums[n][3];
}

}  // namespace gm::cuda::ghost_dot
