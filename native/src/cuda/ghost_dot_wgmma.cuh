// gm_ghost_dot's product on Hopper's tensor cores, for bf16 and f16, by its own instructions (wgmma.cuh): sm_90a alone.
// Everything else takes ghost_dot_tensor.cuh, whose instructions reach little more than 60 % of Hopper's rate.
//
// What it must do: 2 B T I O operations, B T (I + O) + O I numbers of 2 bytes from memory. What limits it: the multipliers,
// if they are fed. An SM does 2048 multiply-adds a cycle. A slice of 64 inputs of a tile is so much, in cycles:
//   tile        multiplying   bytes a cycle out of L2   shared memory busy with the products' reads and with what arrives
//   128 x 256   1024          48                        640 + 384: all the time
//   192 x 256   1536          37                        960 + 448: 92 %; three warpgroups of 128 sums a thread, which 512
//                                                       threads cannot have: ptxas wants 154 registers for the instruction
//   256 x 192   1536          37                        1024 + 448: 96 %
// So a block makes 256 tokens x 192 outputs, two warpgroups 128 x 192 each: 192 sums a thread, out of 232 registers, and a
// third that loads has 40 (setmaxnreg). Four stages of 56 KiB; delta's tile, 96 KiB, comes through three of them behind
// the last slice. No clusters, so that every block goes its own way.
//
// Predicted for an H200 (132 SMs: 0.9 to 0.99 PFLOP/s by clock and power; cuBLAS is seen at 0.6 to 0.75):
//   [16384, 768, 3072]    77 GFLOP, 1024 tiles in 8 rounds of 132; L2 gives 0.8 GB, memory 130 MB: 110 to 125 us
//   [65536, 1024, 4096]   550 GFLOP, 5632 tiles in 43 rounds; 5.7 GB, 680 MB: 0.77 to 0.87 ms
//   [16384, 3072, 768]    77 GFLOP, 256 tiles in 2 rounds; 0.73 GB, 130 MB: 110 to 120 us
// and 10 us for the tokens and the sums in all: 1.0 to 1.1 times the plain product, which writes as much as delta is.
//
// Loaders copy by cp.async, row by row out of a list of addresses, whatever their strides: per slice and warp 28 copies, all
// of which have to be issued while the products of a slice multiply. So a copy is a few instructions: the list has byte
// addresses, V's rows are reached by adding one of two distances, places in shared memory differ by constants, and sizes
// are constants too wherever a slice lies inside the arrays; only ragged ends count their bytes. Every loading thread
// arrives at a stage's barrier by its copies (cp.async.mbarrier.arrive), so a slice is shown as soon as it is there and
// nobody waits for it but the products, who put the fence between the copies and themselves. Blocks stay, one an SM, and
// take one tile after the other: the next tile's tokens are read behind this one's last slice, and its first slices arrive
// while this one's sums meet delta. Tiles go by groups of kGroupedTiles row tiles, column by column: those that run at one
// time share their rows of a and V in L2.
//
// A row's sums are in the four lanes of one warp: a lane adds its 48 products with delta by columns, then the lanes, to one
// float a tile in the token's own place: which block does it leaves no trace. The multipliers rest meanwhile, so it has to
// be short: V's rows lie in the panel in such an order that a lane's columns are 16 neighbours of delta's panel, two loads of
// 16 bytes; some 450 instructions a thread and tile, where a tile of 768 inputs multiplies for 18,400 cycles.
#pragma once

#include "cuda/ghost_dot_tensor.cuh"
#include "cuda/wgmma.cuh"

namespace gm::cuda::ghost_dot {

constexpr int kConsumers = 2;                                    // warpgroups
constexpr int kMyGroups = kWgmmaRows / kConsumers / kGroupRows;  // of rows, of a warpgroup
constexpr int kWgmmaThreads = (kConsumers + 1) * kWarpgroup;
constexpr int kWgmmaStages = 4;
constexpr int kLoaderWarps = kWarpgroup / kWarp, kLoaderRows = kWgmmaRows / kLoaderWarps;
constexpr int kGroupedTiles = 16;
// A block is launched with as many registers as kWgmmaThreads threads can have alike; who takes more waits until others have
// given as many, for ever if nobody does.
constexpr int kLoaderRegisters = 40, kConsumerRegisters = 232, kLaunchRegisters = 65536 / kWgmmaThreads / 8 * 8;
static_assert(kLoaderRegisters + kConsumers * kConsumerRegisters <= (kConsumers + 1) * kLaunchRegisters,
              "none is taken that was not given");
static_assert(kWgmmaColumns == kGroupColumns, "a product is as wide as the tile");

struct WgmmaStage {
    Panel<kWgmmaRows> left;      // tokens, of a or of delta
    Panel<kWgmmaColumns> right;  // outputs; of delta: nothing
};
static_assert(sizeof(Panel<kWgmmaRows>) % kSwizzleBytes == 0 && sizeof(WgmmaStage) % kSwizzleBytes == 0,
              "the swizzle begins anew in every panel");
static_assert(sizeof(WgmmaStage::left.elements[0]) == 128, "a row of a panel");
constexpr int kDeltaPanels = kWgmmaColumns / kSlice;  // of delta's tile, a stage each

struct WgmmaShared {
    WgmmaStage stages[kWgmmaStages];
    uint64_t rows[kWgmmaRows];  // addresses of the tile's rows, of a and then of delta
    uint64_t full[kWgmmaStages], empty[kWgmmaStages];
    int rest;  // tokens of the last row of tiles; here since loaders are short of registers
};

// The stages in turn; a stage's phases have parities in turn.
struct Ring {
    int stage = 0;
    unsigned parity = 0;
    __device__ __forceinline__ void next() {
        stage++;
        if (stage < kWgmmaStages) return;
        stage = 0;
        parity ^= 1;
    }
};

// A call's tiles, in 32 bits, as inputs and outputs are here: ghost_dot_plan.h sees to it that they fit.
struct Tiles {
    unsigned rows, columns;
    __device__ __forceinline__ unsigned count() const { return rows * columns; }
    // The row and the column of tile n.
    __device__ __forceinline__ uint2 place(unsigned n) const {
        const unsigned of_group = kGroupedTiles * columns, group = n / of_group, first = group * kGroupedTiles,
                       in_group = n - group * of_group;
        const unsigned tall = rows - first < kGroupedTiles ? rows - first : kGroupedTiles;
        return {first + in_group % tall, in_group / tall};
    }
};

// ---- the warpgroup that loads ------------------------------------------------------------------

// bench/gpu/first_run.sh measures what is left of a call without its copies; the results are of no use then.
#if defined(GM_WITHOUT_COPIES)
constexpr bool kCopies = false;
#else
constexpr bool kCopies = true;
#endif

constexpr int kMyTokens = kLoaderRows / kWarp;  // of a lane
constexpr int kRowBytes = sizeof(WgmmaStage::left.elements[0]);
constexpr int kCopiedRows = kWarp / (kSlice / kEight);  // of a copy of a warp: a lane copies 16 bytes
constexpr int kChunkFlip = kCopiedRows * 16;            // the swizzle of a row so many further differs by this bit

// The tokens whose rows a lane lists, of tile n. Beyond the last token the last one again: its sums are never put.
__device__ __forceinline__ void read_tokens(const WgmmaShared &s, const Parameters &p, const Tiles &tiles, unsigned n,
                                            Token (&tokens)[kMyTokens]) {
    if (n >= tiles.count()) return;
    const unsigned tile = tiles.place(n).x;
    const int last = tile + 1 < tiles.rows ? kWgmmaRows - 1 : s.rest - 1, first = warp() * kLoaderRows + lane();
    const Token *which = p.tokens.which + int64_t{tile} * kWgmmaRows;
#pragma unroll
    for (int m = 0; m < kMyTokens; m++) tokens[m] = which[first + m * kWarp < last ? first + m * kWarp : last];
}

// Where this warp's rows of a tile begin in `array`.
__device__ __forceinline__ void list_rows(WgmmaShared &s, const gm_array &array, const Token (&tokens)[kMyTokens]) {
    __syncwarp();  // nobody reads the old ones any more
#pragma unroll
    for (int m = 0; m < kMyTokens; m++) {
        const int64_t begin = tokens[m].sample * array.stride[0] + tokens[m].token * array.stride[1];
        s.rows[warp() * kLoaderRows + m * kWarp + lane()] = reinterpret_cast<uint64_t>(array.data) + begin * 2;
    }
    __syncwarp();
}

// What a lane's copies of a slice have in common.
struct Place {
    unsigned to;  // in shared memory, from a stage's beginning on: the lane's chunk of its first row
    int chunk;    // of a row
    int row;      // the lane's among a copy's
};
__device__ __forceinline__ Place place_of(int first_row) {
    const int chunk = lane() % 8, row = lane() / 8;
    return {static_cast<unsigned>((first_row + row) * kRowBytes + (chunk ^ row) * 16), chunk, row};
}

// Of eight elements from `at` on, the bytes that there are.
__device__ __forceinline__ int bytes_left(int at, int length) {
    return length - at >= kEight ? 16 : length > at ? 2 * (length - at) : 0;
}

// Four chunks of 16 bytes, or of `bytes` with zeros behind where the slice is not whole: then `from` may be anywhere in it.
constexpr int kTogether = 4;
template <bool kWhole>
__device__ __forceinline__ void copy_chunks(const unsigned (&to)[kTogether], const uint64_t (&from)[kTogether],
                                            const int (&bytes)[kTogether]) {
    if constexpr (!kCopies) return;
    if constexpr (kWhole) copy_four_later(to, from);
    else
        for (int n = 0; n < kTogether; n++) copy_later(to[n], reinterpret_cast<const void *>(from[n]), bytes[n]);
}

// 64 elements of this warp's rows of the tile, from byte `at` of them on. `bytes` are this lane's where they are not whole.
template <bool kWhole>
__device__ __forceinline__ void load_tokens(const WgmmaShared &s, unsigned to, int row, unsigned at, int bytes) {
    constexpr int kCopiesOfWarp = kLoaderRows / kCopiedRows;
    const uint64_t *rows = &s.rows[warp() * kLoaderRows + row];
    uint64_t next[kTogether];
    const auto read = [&](int first) {
#pragma unroll
        for (int n = 0; n < kTogether; n++) next[n] = rows[(first + n) * kCopiedRows];
    };
    read(0);
#pragma unroll
    for (int first = 0; first < kCopiesOfWarp; first += kTogether) {
        unsigned places[kTogether];
        uint64_t from[kTogether];
        int sizes[kTogether];
#pragma unroll
        for (int n = 0; n < kTogether; n++) {
            places[n] = (n % 2 == 0 ? to : to ^ kChunkFlip) + (first + n) * kCopiedRows * kRowBytes;
            from[n] = kWhole || bytes > 0 ? next[n] + at : next[n];
            sizes[n] = bytes;
        }
        if (kWhole && first + kTogether < kCopiesOfWarp) read(first + kTogether);
        copy_chunks<kWhole>(places, from, sizes);
        if (!kWhole && first + kTogether < kCopiesOfWarp) read(first + kTogether);
    }
}

// Row r of V's panel has output r / 64 * 64 + r % 8 / 2 * 16 + r % 64 / 8 * 2 + r % 2: the products give a lane columns
// 8 c + 2 q + e of 64, and so it gets outputs 16 q + 2 c + e. A warp copies every fourth eight of rows, each in two
// copies; in the order 0, 4, 0 and 4 of four rows of two eights its outputs are 8, 24, 8 and 24 from one to the next.
__host__ __device__ constexpr int output_step(int n) { return n % 2 == 0 ? 8 : 24; }
__device__ __forceinline__ int first_output_of_lane(int row) { return row / 2 * 16 + warp() * 2 + row % 2; }

// 64 elements of V's rows, of which there are `outputs`. `from` is the lane's chunk of its first, `step` eight rows.
template <bool kWhole>
__device__ __forceinline__ void load_outputs(const gm_array &v, unsigned to, uint64_t from, int64_t step, int row,
                                             int outputs, int bytes) {
    int output = first_output_of_lane(row);
#pragma unroll
    for (int first = 0; first < kWgmmaColumns / kLoaderWarps / kCopiedRows; first += kTogether) {
        unsigned places[kTogether];
        uint64_t begins[kTogether];
        int sizes[kTogether];
#pragma unroll
        for (int n = 0; n < kTogether; n++) {
            const int eight = first / 2 + n % 2, half = n / 2;
            places[n] =
                (half == 0 ? to : to ^ kChunkFlip) + (eight * kLoaderWarps * 8 + half * kCopiedRows) * kRowBytes;
            const bool there = kWhole || (output < outputs && bytes > 0);
            begins[n] = there ? from : reinterpret_cast<uint64_t>(v.data);
            sizes[n] = there ? bytes : 0;
            from += n % 2 == 0 ? step : 3 * step;
            output += n % 2 == 0 ? 8 : 24;
        }
        copy_chunks<kWhole>(places, begins, sizes);
    }
}

__device__ __forceinline__ void load_tiles(WgmmaShared &s, const Parameters &p, const Tiles &tiles) {
    const int I = static_cast<int>(p.input.shape[2]), O = static_cast<int>(p.delta.shape[2]);
    const Place left = place_of(warp() * kLoaderRows);
    const unsigned stages = shared_address(s.stages);
    const unsigned right = left.to - warp() * (kLoaderRows - 8) * kRowBytes + sizeof(WgmmaStage::left);
    const int64_t eight_outputs = p.direction.stride[0] * 8 * 2;
    Ring ring;
    Token tokens[kMyTokens] = {};
    read_tokens(s, p, tiles, blockIdx.x, tokens);
    const auto begin_stage = [&] {
        wait_for_phase(&s.empty[ring.stage], ring.parity ^ 1);
        return stages + ring.stage * static_cast<unsigned>(sizeof(WgmmaStage));
    };
    const auto end_stage = [&] {
        arrive_with_copies(&s.full[ring.stage]);
        ring.next();
    };
    for (unsigned n = blockIdx.x; n < tiles.count(); n += gridDim.x) {
        const int first_output = static_cast<int>(tiles.place(n).y) * kWgmmaColumns;
        uint64_t outputs = reinterpret_cast<uint64_t>(p.direction.data) + left.chunk * 16 +
                           (first_output + first_output_of_lane(left.row)) * p.direction.stride[0] * 2;
        list_rows(s, p.input, tokens);
        for (int length = I; length > 0; length -= kSlice) {
            const unsigned stage = begin_stage(), at = static_cast<unsigned>(I - length + left.chunk * kEight) * 2;
            if (length >= kSlice && first_output + kWgmmaColumns <= O) {
                load_tokens<true>(s, stage + left.to, left.row, at, 16);
                load_outputs<true>(p.direction, stage + right, outputs, eight_outputs, left.row, kWgmmaColumns, 16);
            } else {
                const int bytes = bytes_left(left.chunk * kEight, length);
                load_tokens<false>(s, stage + left.to, left.row, at, bytes);
                load_outputs<false>(p.direction, stage + right, outputs, eight_outputs, left.row, O - first_output,
                                    bytes);
            }
            outputs += kRowBytes;
            end_stage();
        }
        read_tokens(s, p, tiles, n, tokens);
        list_rows(s, p.delta, tokens);
        read_tokens(s, p, tiles, n + gridDim.x, tokens);
        for (int panel = 0; panel < kDeltaPanels; panel++) {
            const int first = first_output + panel * kSlice;
            const unsigned stage = begin_stage(), from = static_cast<unsigned>(first + left.chunk * kEight) * 2;
            if (first + kSlice <= O) load_tokens<true>(s, stage + left.to, left.row, from, 16);
            else load_tokens<false>(s, stage + left.to, left.row, from, bytes_left(first + left.chunk * kEight, O));
            end_stage();
        }
    }
    commit_copies();
    wait_for_copies<0>();
}

// ---- the warpgroups that multiply --------------------------------------------------------------

// This warp does not read a stage any more.
__device__ __forceinline__ void leave_stage(WgmmaShared &s, int stage) {
    __syncwarp();
    if (lane() == 0) arrive(&s.empty[stage]);
}

using Sums = float[kMyGroups][kGroupSums];

// This warpgroup's rows of the tile times a slice.
template <bool kBf16>
__device__ __forceinline__ void multiply_slice(WgmmaStage &stage, int first_row, bool add, Sums &sums) {
    const uint64_t left = describe_rows(shared_address(&stage.left.elements[first_row])),
                   right = describe_rows(shared_address(&stage.right));
    fence_sums();
#pragma unroll
    for (int k = 0; k < kSlice / kGroupDepth; k++) {
#pragma unroll
        for (int m = 0; m < kMyGroups; m++) {
            multiply_later<kBf16>(sums[m], left + (m * kGroupRows * kSlice * 2 >> 4) + 2 * k, right + 2 * k,
                                  add || k > 0);
        }
    }
    commit_products();
}

// A lane's 16 sums of a row in delta's panel, times delta's. `at` is where the lane's first chunk lies in shared memory: it
// depends on the stage, so that no table of places is kept in registers beside the sums of the products.
template <int kPanel, bool kBf16>
__device__ __forceinline__ void times_panel(const WgmmaShared &s, unsigned at, int h, const float (&sums)[kGroupSums],
                                            Dot &dot) {
#pragma unroll
    for (int chunk = 0; chunk < 2; chunk++) {
        const uint4 eight = *reinterpret_cast<const uint4 *>(reinterpret_cast<const char *>(&s) +
                                                             (at ^ static_cast<unsigned>(chunk) * 16));
        const unsigned words[4] = {eight.x, eight.y, eight.z, eight.w};
#pragma unroll
        for (int n = 0; n < 4; n++) {
            const float *two = &sums[4 * (kPanel * (kSlice / 8) + 4 * chunk + n) + 2 * h];
            dot.add(words[n], kBf16, two[0], two[1]);
        }
    }
}

// Adds delta's panel kPanel of the tile to the dots of a lane's rows, 8 apart, and goes to the next stage.
template <int kPanel, bool kBf16>
__device__ __forceinline__ void meet_panel(WgmmaShared &s, Ring &ring, int row, const Sums &sums,
                                           Dot (&dots)[kMyGroups][2]) {
    wait_for_phase(&s.full[ring.stage], ring.parity);
    const unsigned first = static_cast<unsigned>(ring.stage * static_cast<int>(sizeof(WgmmaStage)) + row * 128 +
                                                 (lane() % 4 * 2 ^ row % 8) * 16);
#pragma unroll
    for (int m = 0; m < kMyGroups; m++) {
#pragma unroll
        for (int h = 0; h < 2; h++)
            times_panel<kPanel, kBf16>(s, first + (m * kGroupRows + 8 * h) * 128, h, sums[m], dots[m][h]);
    }
    leave_stage(s, ring.stage);
    ring.next();
}

template <bool kBf16>
__device__ __forceinline__ void meet_delta(WgmmaShared &s, Ring &ring, int row, const Sums &sums,
                                           Dot (&dots)[kMyGroups][2]) {
    static_assert(kDeltaPanels == 3, "one line for each");
    meet_panel<0, kBf16>(s, ring, row, sums, dots);
    meet_panel<1, kBf16>(s, ring, row, sums, dots);
    meet_panel<2, kBf16>(s, ring, row, sums, dots);
}

template <bool kBf16>
__device__ __forceinline__ void multiply_tiles(WgmmaShared &s, const Parameters &p, const Tiles &tiles, int64_t count) {
    const int first_row = (static_cast<int>(threadIdx.x) / kWarpgroup - 1) * kMyGroups * kGroupRows,
              row = first_row + warp() % 4 * 16 + lane() / 4;
    const int slices = static_cast<int>(divide_up(p.input.shape[2], kSlice));
    Ring ring;
    for (unsigned n = blockIdx.x; n < tiles.count(); n += gridDim.x) {
        // Set by the first products; not kept from tile to tile, which would hold their registers through the dots.
        Sums sums;
        int before = 0;
        for (int slice = 0; slice < slices; slice++) {
            wait_for_phase(&s.full[ring.stage], ring.parity);
            show_to_products();
            multiply_slice<kBf16>(s.stages[ring.stage], first_row, slice > 0, sums);
            wait_for_products<1>();
            if (slice > 0) leave_stage(s, before);
            before = ring.stage;
            ring.next();
        }
        wait_for_products(sums);
        leave_stage(s, before);
        Dot dots[kMyGroups][2];
        if (p.delta.dtype == GM_BF16) meet_delta<true>(s, ring, row, sums, dots);
        else meet_delta<false>(s, ring, row, sums, dots);
        const uint2 place = tiles.place(n);
#pragma unroll
        for (int r = 0; r < 2 * kMyGroups; r++) {
            const float sum = sum_over_lanes<4>(dots[r / 2][r % 2].sum());
            const int64_t token = int64_t{place.x} * kWgmmaRows + row + r / 2 * kGroupRows + r % 2 * 8;
            if (lane() % 4 == 0 && token < count) p.partial[token * p.tiles + place.y] = sum;
        }
    }
}

// Compiled for sm_90a alone; elsewhere an empty kernel that nobody launches.
template <bool kBf16>
__global__ void __launch_bounds__(kWgmmaThreads, 1)
    wgmma_products([[maybe_unused]] const __grid_constant__ Parameters p) {
#if defined(__CUDA_ARCH_FEAT_SM90_ALL) || !defined(__CUDACC__)
    wait_for_grid_before();
    let_next_grid_begin();
    const int64_t count = p.tokens.first[p.tokens.samples];
    const Tiles tiles = {static_cast<unsigned>(divide_up(count, kWgmmaRows)), static_cast<unsigned>(p.tiles)};
    WgmmaShared &s = shared<WgmmaShared, kMostSharedOfHopper>();
    if (shared_address(&s) % kSwizzleBytes != 0) __trap();  // the swizzle would read other rows
    if (threadIdx.x == 0) {
        s.rest = static_cast<int>(count - (int64_t{tiles.rows} - 1) * kWgmmaRows);
        for (int n = 0; n < kWgmmaStages; n++) {
            start_barrier(&s.full[n], kWarpgroup);
            start_barrier(&s.empty[n], kConsumers * (kWarpgroup / kWarp));
        }
    }
    __syncthreads();
    if (threadIdx.x < kWarpgroup) {
        give_registers<kLoaderRegisters>();
        load_tiles(s, p, tiles);
    } else {
        take_registers<kConsumerRegisters>();
        multiply_tiles<kBf16>(s, p, tiles, count);
    }
#endif
}

}  // namespace gm::cuda::ghost_dot
