// Which form gm_ghost_dot takes, and with which tiles: the one place that decides, from shapes, dtypes, strides and the
// kind of device alone, so that the same call gives the same bits.
//
// A form's time is predicted as the larger of two, the rounds of its tiles over the device (a tile's multiply-adds at the
// form's rate, with whole tiles, slices and rounds) and the bytes that memory has to give. The rates below are
// PREDICTIONS from data sheets and from what others measured: no kernel here has been measured. bench/gpu/bench.py
// times every form at the shapes of its `forms` and prints the rates that fit (bench.json, "ghost_dot_rates"); they
// belong here.
//
// One token a sample has no form of its own: tokens of all samples are the rows of one product, so [B,1,I] is the product
// [B,I] x V^T with its dot against delta, neither more nor less. What few rows ask for is another shape of tile (V's bytes
// are the limit then) and parts of the inputs, so that all SMs read V: B = 32, I = O = 4096 makes 32 x 8 = 256 blocks.
#pragma once

#include <cstdint>

#include "cuda/elements.cuh"

namespace gm::cuda::ghost_dot {

constexpr int kSlice = 64;           // inputs in a stage on the tensor cores
constexpr int kTensorColumns = 128;  // outputs of a tile by mma
constexpr int kWgmmaRows = 256, kWgmmaColumns = 192;
constexpr int kMmaStages = 3;
constexpr int kPlainTile = 64, kPlainSlice = 32;  // tile.cuh's

struct Plan {
    int32_t form;
    int64_t rows, columns;  // tokens and outputs of a tile
    int64_t parts, part_inputs;
};

// What the plan asks of a device.
struct Rates {
    double plain, mma, wgmma;     // multiply-adds a second of all SMs; 0: has none
    double product32, product16;  // of the vendor's plain product
    double bytes;                 // a second
    int processors;               // SMs
};
// A100 (also taken for what else begins with 8), H100 and H200, B200: its own instructions (tcgen05) have no form here.
constexpr Rates kAmpere = {6e12, 125e12, 0, 9e12, 140e12, 1.4e12, 108};
constexpr Rates kHopper = {20e12, 260e12, 360e12, 28e12, 350e12, 4.0e12, 132};
constexpr Rates kBlackwell = {22e12, 260e12, 0, 30e12, 750e12, 6.5e12, 148};
constexpr double kLaunch = 2e-6;  // of a kernel more

// Few tokens are cut into parts until this many blocks are there, two for each SM of the largest device; a part has at
// least kLeastSlices, so that the stages fill.
constexpr int64_t kEnoughBlocks = 2 * 132;
constexpr int64_t kLeastSlices = 4;

inline bool is_sixteen_bits(const gm_array &array) { return array.dtype == GM_BF16 || array.dtype == GM_F16; }

// Whether every row, of at least one element, begins on 16 bytes.
inline bool rows_are_aligned(const gm_array &array) {
    bool whole = aligned(run_at(array, 0));
    for (int d = 0; d < array.rank - 1; d++) whole = whole && (array.shape[d] <= 1 || array.stride[d] % kEight == 0);
    return whole;
}

struct Shape {
    int64_t tokens, I, O;
};
inline Shape shape_of(const gm_ghost_dot_args &args) {
    return {args.delta.shape[0] * args.delta.shape[1], args.input.shape[2], args.delta.shape[2]};
}

// Whether the tensor cores can read the arrays.
inline bool fits_tensor_cores(const gm_ghost_dot_args &args) {
    const gm_array &a = args.input, &delta = args.delta, &v = args.direction;
    const Shape s = shape_of(args);
    return is_sixteen_bits(a) && v.dtype == a.dtype && is_sixteen_bits(delta) && s.tokens > 0 && s.I > 0 && s.O > 0 &&
           rows_are_aligned(a) && rows_are_aligned(delta) && rows_are_aligned(v);
}

// Whether wgmma's kernel, which counts tiles, inputs and outputs in 32 bits, can take them.
constexpr int64_t kMostWgmma = 1 << 30;
inline bool fits_wgmma(const gm_ghost_dot_args &args) {
    const Shape s = shape_of(args);
    return fits_tensor_cores(args) && s.I <= kMostWgmma && s.O <= kMostWgmma &&
           divide_up(s.tokens, kWgmmaRows) <= INT32_MAX / divide_up(s.O, kWgmmaColumns);
}

// What the plan has to know of a device.
struct Limits {
    int capability;  // 90 for 9.0
    bool wgmma;      // it runs sm_90a's code and the library has it
    size_t shared;   // bytes of shared memory that a block can ask for
};
constexpr Limits kNoLimits = {0, true, SIZE_MAX};

// Of a block by mma: the stages, and where the rows of a, delta and V begin.
constexpr size_t mma_shared_bytes(int64_t rows) {
    return static_cast<size_t>(kMmaStages * (rows + kTensorColumns) * kSlice * 2 + (2 * rows + kTensorColumns) * 8);
}
constexpr int64_t kFewestMmaRows = 32, kMostMmaRows = 128;

// As few rows as hold all tokens, and no more than shared memory has room for.
inline int64_t mma_rows(int64_t tokens, size_t shared) {
    int64_t rows = kFewestMmaRows;
    while (rows < kMostMmaRows && rows < tokens && mma_shared_bytes(2 * rows) <= shared) rows *= 2;
    return rows;
}

// The tiles of a form, and the parts of the inputs. Fewer rows make no more parts.
inline Plan tiles_of(const gm_ghost_dot_args &args, int32_t form, const Limits &device) {
    const Shape s = shape_of(args);
    Plan plan = {form, kPlainTile, kPlainTile, 1, 0};
    if (form == GM_GHOST_DOT_WGMMA) {
        plan.rows = kWgmmaRows;
        plan.columns = kWgmmaColumns;
    } else if (form == GM_GHOST_DOT_MMA) {
        plan.rows = mma_rows(s.tokens, device.shared);
        plan.columns = kTensorColumns;
    }
    const int64_t slice = form == GM_GHOST_DOT_FLOAT ? kPlainSlice : kSlice, slices = larger(1, divide_up(s.I, slice));
    int64_t wanted = 1;
    if (form != GM_GHOST_DOT_WGMMA) {
        const int64_t blocks = larger(1, divide_up(s.tokens, plan.rows)) * larger(1, divide_up(s.O, plan.columns));
        wanted = larger(1, smaller(divide_up(kEnoughBlocks, blocks), slices / kLeastSlices));
    }
    const int64_t part_slices = divide_up(slices, wanted);
    plan.part_inputs = part_slices * slice;
    plan.parts = divide_up(slices, part_slices);
    return plan;
}

inline const Rates &rates_of(int capability) {
    return capability >= 100 ? kBlackwell : capability >= 90 ? kHopper : kAmpere;
}

// Of all tiles, in rounds over the device.
inline double seconds(const gm_ghost_dot_args &args, const Plan &plan, const Rates &rates) {
    const Shape s = shape_of(args);
    const double rate = plan.form == GM_GHOST_DOT_FLOAT ? rates.plain
                        : plan.form == GM_GHOST_DOT_MMA ? rates.mma
                                                        : rates.wgmma;
    const int64_t blocks = divide_up(s.tokens, plan.rows) * divide_up(s.O, plan.columns) * plan.parts;
    const double rounds = static_cast<double>(divide_up(blocks, rates.processors));
    const double tile = static_cast<double>(plan.rows * plan.columns) *
                        static_cast<double>(smaller(divide_up(s.I, kSlice) * kSlice, plan.part_inputs));
    const double numbers = static_cast<double>(s.tokens) * static_cast<double>(s.I + s.O) +
                           static_cast<double>(s.I) * static_cast<double>(s.O);
    const double multiplying = rounds * tile * rates.processors / rate;
    const double reading = numbers * static_cast<double>(element_bytes(args.direction.dtype)) / rates.bytes;
    return (multiplying > reading ? multiplying : reading) + 2 * kLaunch;
}

// The caller's own product, V a written and read again with delta by gm_row_dot.
inline double seconds_of_product(const gm_ghost_dot_args &args, const Rates &rates) {
    const Shape s = shape_of(args);
    const bool narrow = is_sixteen_bits(args.input);
    const double bytes = narrow ? 2 : 4, tokens = static_cast<double>(s.tokens), I = static_cast<double>(s.I),
                 O = static_cast<double>(s.O);
    const double multiplying = tokens * I * O / (narrow ? rates.product16 : rates.product32);
    const double reading = (tokens * (I + O) + I * O) * bytes / rates.bytes;
    return (multiplying > reading ? multiplying : reading) + 2 * tokens * O * bytes / rates.bytes + 2 * kLaunch;
}

inline bool has_mma(const Limits &device) { return mma_shared_bytes(kFewestMmaRows) <= device.shared; }

inline Plan plan_of(const gm_ghost_dot_args &args, const Limits &device) {
    const Rates &rates = rates_of(device.capability);
    Plan best = tiles_of(args, GM_GHOST_DOT_FLOAT, device);
    if (args.form != GM_GHOST_DOT_AUTO) return tiles_of(args, args.form, device);
    if (!fits_tensor_cores(args)) return best;
    for (const int32_t form : {GM_GHOST_DOT_MMA, GM_GHOST_DOT_WGMMA}) {
        if (form == GM_GHOST_DOT_MMA && !has_mma(device)) continue;
        if (form == GM_GHOST_DOT_WGMMA && !(device.wgmma && fits_wgmma(args))) continue;
        const Plan plan = tiles_of(args, form, device);
        if (seconds(args, plan, rates) <= seconds(args, best, rates)) best = plan;
    }
    return best;
}

// What a caller who has a product of his own had better do: GM_GHOST_DOT_PRODUCT, or what gm_ghost_dot would take. A product
// takes one dtype, so there is none of mixtures.
inline int32_t advice(const gm_ghost_dot_args &args, const Limits &device) {
    const Plan plan = plan_of(args, device);
    const Rates &rates = rates_of(device.capability);
    const bool product = args.form == GM_GHOST_DOT_AUTO && args.input.dtype == args.direction.dtype;
    return product && seconds_of_product(args, rates) < seconds(args, plan, rates) ? GM_GHOST_DOT_PRODUCT : plan.form;
}

}  // namespace gm::cuda::ghost_dot
