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
// Loaders copy by cp.async, row by row out of the list of tokens, whatever their strides; two slices are on the way while
// a third is shown to the products. Blocks stay, one an SM, and take one tile after the other, so the next tile's first
// slices arrive while this one's sums meet delta. Tiles go by groups of kGroupedTiles row tiles, column by column: those
// that run at one time share their rows of a and V in L2.
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
constexpr int kLag = 2;  // slices on the way before the next is shown; more than kWgmmaStages - 2 would wait for itself
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
    int64_t rows[kWgmmaRows];  // where the tile's rows begin, of a and then of delta; kNoRow: nowhere
    uint64_t full[kWgmmaStages], empty[kWgmmaStages];
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

// Where this warp's rows of a tile begin in `array`.
__device__ __forceinline__ void list_rows(WgmmaShared &s, const Parameters &p, const gm_array &array, int64_t from,
                                          int64_t count) {
    __syncwarp();  // nobody reads the old ones any more
    for (int n = lane(); n < kLoaderRows; n += kWarp) {
        const int row = warp() * kLoaderRows + n;
        int64_t begin = kNoRow;
        if (from + row < count) {
            const Token token = p.tokens.which[from + row];
            begin = token.sample * array.stride[0] + token.token * array.stride[1];
        }
        s.rows[row] = begin;
    }
    __syncwarp();
}

// How many bytes of the eight elements from `at` on there are.
__device__ __forceinline__ int bytes_left(int at, int length) {
    return length - at >= kEight ? 16 : length > at ? 2 * (length - at) : 0;
}

// Elements [at, at + 64) of this warp's rows of the tile: a lane copies chunk lane % 8 of every fourth. Not unrolled,
// since the registers hold no more; the next row's place is read ahead.
__device__ __forceinline__ void load_tokens(Panel<kWgmmaRows> &panel, const WgmmaShared &s, const gm_array &array,
                                            int at, int length) {
    const int chunk = lane() % 8, first = warp() * kLoaderRows + lane() / 8,
              bytes = bytes_left(at + chunk * kEight, length);
    const uint16_t *elements = static_cast<const uint16_t *>(array.data) + at + chunk * kEight;
    int64_t begin = s.rows[first];
#pragma unroll 1
    for (int row = first; row < first + kLoaderRows; row += 4) {
        const int64_t next = row + 4 < first + kLoaderRows ? s.rows[row + 4] : kNoRow;
        const bool there = begin != kNoRow && bytes > 0;
        copy_later(chunk_of(panel, row, chunk), there ? elements + begin : array.data, there ? bytes : 0);
        begin = next;
    }
}

// Which of a panel's outputs lies in row r: the products give a lane columns 8 c + 2 q + e of 64, and it gets outputs 16 q + 2 c + e.
__device__ __forceinline__ int output_of(int r) { return r / 64 * 64 + r % 8 / 2 * 16 + r % 64 / 8 * 2 + r % 2; }

// The same of V, of which `columns` rows are there.
__device__ __forceinline__ void load_outputs(Panel<kWgmmaColumns> &panel, const gm_array &v, int first_output,
                                             int columns, int at, int length) {
    constexpr int kMyRows = kWgmmaColumns / kLoaderWarps;
    const int chunk = lane() % 8, first = warp() * kMyRows + lane() / 8,
              bytes = bytes_left(at + chunk * kEight, length);
    const uint16_t *elements = static_cast<const uint16_t *>(v.data) + at + chunk * kEight;
#pragma unroll 2
    for (int row = first; row < first + kMyRows; row += 4) {
        const int output = output_of(row);
        const bool there = output < columns && bytes > 0;
        copy_later(chunk_of(panel, row, chunk), there ? elements + (first_output + output) * v.stride[0] : v.data,
                   there ? bytes : 0);
    }
}

// This warp's copies into a stage have arrived: the products may have it.
__device__ __forceinline__ void show_stage(WgmmaShared &s, int stage) {
    show_to_products();
    __syncwarp();
    if (lane() == 0) arrive(&s.full[stage]);
}

__device__ __forceinline__ void load_tiles(WgmmaShared &s, const Parameters &p, const Tiles &tiles, int64_t count) {
    const int I = static_cast<int>(p.input.shape[2]), O = static_cast<int>(p.delta.shape[2]);
    Ring ring;
    int on_the_way = 0;
    const auto show = [&](int before) { show_stage(s, (ring.stage + kWgmmaStages - before) % kWgmmaStages); };
    // Closes this stage's copies and shows the one of kLag stages before.
    const auto close = [&] {
        commit_copies();
        ring.next();
        if (on_the_way < kLag) {
            on_the_way++;
            return;
        }
        wait_for_copies<kLag>();
        show(kLag + 1);
    };
    for (unsigned n = blockIdx.x; n < tiles.count(); n += gridDim.x) {
        const uint2 place = tiles.place(n);
        const int64_t from = int64_t{place.x} * kWgmmaRows;
        const int first_output = static_cast<int>(place.y) * kWgmmaColumns, columns = O - first_output;
        list_rows(s, p, p.input, from, count);
        for (int at = 0; at < I; at += kSlice) {
            wait_for_phase(&s.empty[ring.stage], ring.parity ^ 1);
            load_tokens(s.stages[ring.stage].left, s, p.input, at, I);
            load_outputs(s.stages[ring.stage].right, p.direction, first_output, columns, at, I);
            close();
        }
        list_rows(s, p, p.delta, from, count);
        for (int panel = 0; panel < kDeltaPanels; panel++) {
            wait_for_phase(&s.empty[ring.stage], ring.parity ^ 1);
            load_tokens(s.stages[ring.stage].left, s, p.delta, first_output + panel * kSlice, O);
            close();
        }
    }
    wait_for_copies<0>();
    for (; on_the_way > 0; on_the_way--) show(on_the_way);
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
__device__ __forceinline__ float times_panel(const WgmmaShared &s, unsigned at, int h,
                                             const float (&sums)[kGroupSums]) {
    float sum = 0;
#pragma unroll
    for (int chunk = 0; chunk < 2; chunk++) {
        const uint4 eight = *reinterpret_cast<const uint4 *>(reinterpret_cast<const char *>(&s) +
                                                             (at ^ static_cast<unsigned>(chunk) * 16));
        const unsigned words[4] = {eight.x, eight.y, eight.z, eight.w};
#pragma unroll
        for (int n = 0; n < 4; n++) {
            const float *two = &sums[4 * (kPanel * (kSlice / 8) + 4 * chunk + n) + 2 * h];
            sum += times_pair(words[n], kBf16, two[0], two[1]);
        }
    }
    return sum;
}

// Adds delta's panel kPanel of the tile to the dots of a lane's rows, 8 apart, and goes to the next stage.
template <int kPanel, bool kBf16>
__device__ __forceinline__ void meet_panel(WgmmaShared &s, Ring &ring, int row, const Sums &sums,
                                           float (&dots)[kMyGroups][2]) {
    wait_for_phase(&s.full[ring.stage], ring.parity);
    const unsigned first = static_cast<unsigned>(ring.stage * static_cast<int>(sizeof(WgmmaStage)) + row * 128 +
                                                 (lane() % 4 * 2 ^ row % 8) * 16);
#pragma unroll
    for (int m = 0; m < kMyGroups; m++) {
#pragma unroll
        for (int h = 0; h < 2; h++)
            dots[m][h] += times_panel<kPanel, kBf16>(s, first + (m * kGroupRows + 8 * h) * 128, h, sums[m]);
    }
    leave_stage(s, ring.stage);
    ring.next();
}

template <bool kBf16>
__device__ __forceinline__ void meet_delta(WgmmaShared &s, Ring &ring, int row, const Sums &sums,
                                           float (&dots)[kMyGroups][2]) {
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
            multiply_slice<kBf16>(s.stages[ring.stage], first_row, slice > 0, sums);
            wait_for_products<1>();
            if (slice > 0) leave_stage(s, before);
            before = ring.stage;
            ring.next();
        }
        wait_for_products(sums);
        leave_stage(s, before);
        float dots[kMyGroups][2] = {};
        if (p.delta.dtype == GM_BF16) meet_delta<true>(s, ring, row, sums, dots);
        else meet_delta<false>(s, ring, row, sums, dots);
        const uint2 place = tiles.place(n);
#pragma unroll
        for (int r = 0; r < 2 * kMyGroups; r++) {
            const float sum = sum_over_lanes<4>(dots[r / 2][r % 2]);
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
    const int64_t count = p.tokens.first[p.tokens.samples];
    const Tiles tiles = {static_cast<unsigned>(divide_up(count, kWgmmaRows)), static_cast<unsigned>(p.tiles)};
    WgmmaShared &s = shared<WgmmaShared>();
    if (shared_address(&s) % kSwizzleBytes != 0) __trap();  // the swizzle would read other rows
    if (threadIdx.x == 0) {
        for (int n = 0; n < kWgmmaStages; n++) {
            start_barrier(&s.full[n], kLoaderWarps);
            start_barrier(&s.empty[n], kConsumers * (kWarpgroup / kWarp));
        }
    }
    __syncthreads();
    if (threadIdx.x < kWarpgroup) {
        give_registers<kLoaderRegisters>();
        load_tiles(s, p, tiles, count);
    } else {
        take_registers<kConsumerRegisters>();
        multiply_tiles<kBf16>(s, p, tiles, count);
    }
#endif
}

}  // namespace gm::cuda::ghost_dot
