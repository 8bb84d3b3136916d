// gm_head_step: softmax cross-entropy, its gradient, the mimic scores against K references, the weights over
// the batch, and the gradient rows times their weights.
//
// It must read the logits and K rows of u for each of the B C places and write delta: 12 bytes a place for
// f32 and K = 1, one exponential and about ten other operations: memory is the limit. Up to three grids:
//   1. rows     loss, scores, |g| and delta, not yet weighted. A team of threads holds its row in registers, so
//               that logits are read once: 8 lanes up to 128 classes (a warp would leave most of its lanes
//               empty), a warp up to 1024, a block up to 6144. Longer rows are read twice with a running
//               maximum, the second time as a rule out of the second-level cache. A sample that takes no
//               part is known from its own numbers alone: its delta is 0 at once.
//   2. tail     statistics to weights (weigh.cuh). In batches of at most kMostTickets blocks the last block of
//               grid 1 does it (ticket.cuh): one launch for loss, score, weight and delta. For more, and for
//               `opt` with a penalty, it is a grid of its own.
//   3. columns  weighted_delta = w delta and the sums over the batch, where they are asked for: delta is read
//               back from the output of higher precision, or from the workspace if only sums are asked for.
//               With a 16 bit weighted_delta alone its elements are rounded twice. The last block of a strip of
//               columns adds up what its slices of rows have left, in a fixed order.
// So a batch takes one launch, or two with the outputs of grid 3; a large one, or `opt` with a penalty, one more.
#pragma once

#include "cuda/cross_entropy.cuh"
#include "cuda/ticket.cuh"
#include "cuda/weigh.cuh"

namespace gm::cuda::head_step {

constexpr int kThreads = 256;
constexpr int kFewThreads = 128;  // of a block of several rows
constexpr int kTailThreads = 512;
constexpr int kTogether = 4;  // references that a long row is read for at a time

constexpr int64_t kStrip = kWarp * kEight;  // columns of a block of grid 3
constexpr int64_t kSliceRows = 64;          // rows of it at least
constexpr int64_t kMostBlocks = 1024;

struct Parameters {
    gm_head_step_args args;
    gm_array u;              // projected or reference_logits
    gm_array outputs[2];     // where grid 1 puts delta; grid 3 reads the last
    int32_t outputs_used;
    bool subtract;           // u is reference_logits
    int64_t B, C, K;
    int64_t slices, strips;  // of grid 3
    int32_t slot;            // of the blocks of grid 1; -1: the tail is a grid of its own
    float *loss, *statistic, *norm, *scale;
    uint8_t *usable;
    float *partial;          // [slices][2][C]: sums of delta and of w delta; NULL if not asked for
    unsigned *strip_counts;  // [strips]: blocks of grid 3 that are done; whoever weighs clears them
};

struct Shared {
    float floats[kTailThreads / kWarp];
    WeighShared weigh;
    bool last;
};

// ---- teams: the threads that share a row ---------------------------------------------------------

template <int kTeam>
struct Team {
    static_assert(kTeam <= kWarp || kTeam % kWarp == 0, "lanes of one warp, or a whole block");
    __device__ __forceinline__ static int rank() { return static_cast<int>(threadIdx.x) % kTeam; }
    __device__ __forceinline__ static float sum(float x) {
        if constexpr (kTeam <= kWarp) return sum_over_lanes<kTeam>(x);
        else return sum_over_block<kTeam>(x, shared<Shared>().floats);
    }
    __device__ __forceinline__ static float max(float x) {
        if constexpr (kTeam <= kWarp) return max_over_lanes<kTeam>(x);
        else return max_over_block<kTeam>(x, shared<Shared>().floats);
    }
};

// ---- one row ----------------------------------------------------------------------------------------

__device__ __forceinline__ Run u_row(const Parameters &p, int64_t i, int64_t k) {
    return p.u.rank == 3 ? row_of(p.u, i, k) : row_of(p.u, i);
}

// u_ik of the class c.
__device__ __forceinline__ float u_at(const Parameters &p, int64_t i, int64_t k, int64_t c) {
    const float value = element(u_row(p, i, k), c);
    return p.subtract ? value - element(row_of(p.args.logits, i), c) : value;
}

// u_ik of eight classes from `at` on.
__device__ __forceinline__ void load_u(const Parameters &p, int64_t i, int64_t k, int64_t at, float (&x)[kEight]) {
    const Run u = u_row(p, i, k);
    load(u, aligned(u), at, p.C - at, x);
    if (!p.subtract) return;
    const Run logits = row_of(p.args.logits, i);
    float z[kEight];
    load(logits, aligned(logits), at, p.C - at, z);
    for (int j = 0; j < kEight; j++) x[j] -= z[j];
}

// Bias and what is beyond C; the label's own goes to `own` and becomes -infinity. Returns the largest.
__device__ __forceinline__ float prepare(const Parameters &p, int64_t at, int64_t label, float (&z)[kEight], float &own) {
    float top = kLowest;
    for (int j = 0; j < kEight; j++) {
        const int64_t c = at + j;
        if (c < p.C && p.args.bias.data != nullptr) z[j] += get(p.args.bias, c);
        if (c == label) own = z[j];
        if (c >= p.C || c == label) z[j] = -INFINITY;
        top = z[j] > top ? z[j] : top;
    }
    return top;
}

// What the scores of a sample add up to.
struct Scores {
    float combined = 0;
    bool finite = true;
};

__device__ __forceinline__ void add_score(const Parameters &p, int64_t i, int64_t k, float product, bool write, Scores &scores) {
    const float score = projection(product, p.args.direction_norm_squared[k]);
    const bool finite = is_finite(score);
    const int32_t rule = p.args.combine;
    scores.finite = scores.finite && finite;
    if (rule == k || (rule < 0 && k == 0)) scores.combined = score;
    else if (rule == GM_COMBINE_MEAN) scores.combined += score;
    else if (rule == GM_COMBINE_MIN && score < scores.combined) scores.combined = score;
    if (!write || p.args.score.data == nullptr) return;
    float *to = static_cast<float *>(p.args.score.data) + i * p.args.score.stride[0];
    to[p.args.score.rank == 2 ? k * p.args.score.stride[1] : 0] = finite ? score : nanf("");
}

// Writes what is known of a sample on one thread; returns whether it takes part.
__device__ __forceinline__ bool finish_row(const Parameters &p, int64_t i, bool write, const CrossEntropy &row, Scores scores) {
    if (p.args.combine == GM_COMBINE_MEAN && p.K > 0) scores.combined /= static_cast<float>(p.K);
    float norm = 0;
    if (p.args.weighting.kind == GM_RHO) scores.combined = row.loss - get(p.args.reference_loss, i);
    if (p.norm != nullptr) norm = row.norm * sqrtf(get(p.args.feature_norm_squared, i));
    const bool usable = scores.finite && is_finite(row.loss);
    if (write) {
        p.loss[i] = row.loss;
        p.statistic[i] = scores.combined;
        p.usable[i] = usable;
        if (p.norm != nullptr) p.norm[i] = norm;
        if (p.args.loss.data != nullptr) put(p.args.loss, i, row.loss);
        if (p.args.gradient_norm.data != nullptr) put(p.args.gradient_norm, i, norm);
    }
    return usable && is_finite(statistic(p.args.weighting, scores.combined, norm));
}

__device__ __forceinline__ void store_delta(const Parameters &p, int64_t i, int64_t at, int64_t label, float scale, float own_delta, float (&e)[kEight]) {
    for (int j = 0; j < kEight; j++) e[j] = at + j == label ? own_delta : scale * e[j];
    for (int o = 0; o < p.outputs_used; o++) {
        const Run to = row_of(p.outputs[o], i);
        store(to, aligned(to), at, p.C - at, e);
    }
}

// A row of at most kTeam * kEights * 8 classes, all of it in registers. `write`: false for a team that has
// none of its own and repeats another's.
template <int kTeam, int kEights>
__device__ __forceinline__ void short_row(const Parameters &p, int64_t i, bool write) {
    using Together = Team<kTeam>;
    const int64_t label = label_of(p.args.labels, i, p.C), first = int64_t{Together::rank()} * kEight, step = kTeam * kEight;
    const Run logits = row_of(p.args.logits, i);
    const bool vector = aligned(logits);
    float e[kEights][kEight], own = 0, top = kLowest;
    Eight eights[kEights];
#pragma unroll
    for (int n = 0; n < kEights; n++) {
        if (vector && first + n * step + kEight <= p.C) fetch(logits, first + n * step, eights[n]);
    }
#pragma unroll
    for (int n = 0; n < kEights; n++) {
        const int64_t at = first + n * step;
        if (vector && at + kEight <= p.C) unpack(logits, eights[n], e[n]);
        else load(logits, false, at, p.C - at, e[n]);
        const float z = prepare(p, at, label, e[n], own);
        top = z > top ? z : top;
    }
    top = Together::max(top);
    own = Together::sum(own);
    if (label < 0) own = nanf("");
    float others = 0, squares = 0;
#pragma unroll
    for (int n = 0; n < kEights; n++) {
        for (int j = 0; j < kEight; j++) {
            e[n][j] = expf(e[n][j] - top);
            others += e[n][j];
            squares += e[n][j] * e[n][j];
        }
    }
    others = Together::sum(others);
    squares = Together::sum(squares);
    const CrossEntropy row = cross_entropy(own, top, others, squares);
    Scores scores;
    for (int64_t k = 0; k < p.K; k++) {
        const float own_u = label < 0 ? 0 : u_at(p, i, k, label);
        float dot = 0;
#pragma unroll
        for (int n = 0; n < kEights; n++) {
            const int64_t at = first + n * step;
            if (at >= p.C) continue;
            float u[kEight];
            load_u(p, i, k, at, u);
            for (int j = 0; j < kEight; j++) dot += at + j < p.C ? e[n][j] * (u[j] - own_u) : 0;
        }
        add_score(p, i, k, row.scale * Together::sum(dot), write && Together::rank() == 0, scores);
    }
    const bool kept = finish_row(p, i, write && Together::rank() == 0, row, scores);
    if (!write) return;
#pragma unroll
    for (int n = 0; n < kEights; n++) {
        const int64_t at = first + n * step;
        if (at >= p.C) continue;
        for (int j = 0; j < kEight && !kept; j++) e[n][j] = 0;
        store_delta(p, i, at, label, kept ? row.scale : 0, kept ? -row.scale * others : 0, e[n]);
    }
}

// ---- grid 2 -----------------------------------------------------------------------------------------

template <int kBlock, bool kSearch>
__device__ __forceinline__ void weigh_samples(const Parameters &p, Shared &s) {
    Statistics statistics = {p.B, p.statistic, 1, p.norm, 1, p.K > 0 ? p.args.direction_norm_squared + larger(p.args.combine, 0) : nullptr, p.usable};
    double mean_loss = 0;
    for (int64_t strip = threadIdx.x; strip < p.strips && p.partial != nullptr; strip += kBlock) p.strip_counts[strip] = 0;
    const int64_t non_finite = weigh<kBlock, kSearch>(p.args.weighting, statistics, s.weigh, [&](int64_t i, double w) {
        if (p.args.weight.data != nullptr) put(p.args.weight, i, w);
        p.scale[i] = static_cast<float>(w);
        if (w != 0) mean_loss += w * static_cast<double>(p.loss[i]);
    });
    if (threadIdx.x == 0 && p.args.non_finite != nullptr) *p.args.non_finite = non_finite;
    if (p.args.weighting.kind != GM_RHO || !p.args.weighting.rho_attached) return;
    mean_loss = sum_over_block<kBlock>(mean_loss, s.weigh.doubles);
    for (int64_t i = threadIdx.x; i < p.B; i += kBlock) {  // the thread that wrote scale_i
        if (p.scale[i] != 0) p.scale[i] = static_cast<float>(p.scale[i] * (1 + p.loss[i] - mean_loss));
    }
}

__global__ void __launch_bounds__(kTailThreads, 1) tail(const __grid_constant__ Parameters p) { weigh_samples<kTailThreads, true>(p, shared<Shared>()); }

// ---- grid 1 -----------------------------------------------------------------------------------------

// Blocks of several rows are small: three of them, in different phases, fit an SM's registers.
template <int kTeam, int kEights>
__global__ void __launch_bounds__(kTeam <= kWarp ? kFewThreads : kTeam, kTeam <= kWarp ? 3 : 2) short_rows(const __grid_constant__ Parameters p) {
    constexpr int kBlock = kTeam <= kWarp ? kFewThreads : kTeam;
    const int64_t i = int64_t{blockIdx.x} * (kBlock / kTeam) + static_cast<int64_t>(threadIdx.x) / kTeam;
    short_row<kTeam, kEights>(p, smaller(i, p.B - 1), i < p.B);
    if (p.slot < 0) return;
    Shared &s = shared<Shared>();
    if (is_last_block(ticket_counters + p.slot, gridDim.x, s.last)) weigh_samples<kBlock, false>(p, s);
}

// A block a row of any length.
__global__ void __launch_bounds__(kTailThreads) long_rows(const __grid_constant__ Parameters p) {
    using Together = Team<kTailThreads>;
    const int64_t i = blockIdx.x, label = label_of(p.args.labels, i, p.C), first = int64_t{threadIdx.x} * kEight, step = kTailThreads * kEight;
    const Run logits = row_of(p.args.logits, i);
    const bool vector = aligned(logits);
    float own = 0, top = kLowest, others = 0, squares = 0, z[kEight];
    for (int64_t at = first; at < p.C; at += step) {
        load(logits, vector, at, p.C - at, z);
        const float here = prepare(p, at, label, z, own), before = top;
        top = here > top ? here : top;
        const float shrink = expf(before - top);
        others *= shrink;
        squares *= shrink * shrink;
        for (int j = 0; j < kEight; j++) {
            const float e = expf(z[j] - top);
            others += e;
            squares += e * e;
        }
    }
    const float mine = top;
    top = Together::max(top);
    const float shrink = expf(mine - top);
    others = Together::sum(others * shrink);
    squares = Together::sum(squares * shrink * shrink);
    own = Together::sum(own);
    if (label < 0) own = nanf("");
    const CrossEntropy row = cross_entropy(own, top, others, squares);
    Scores scores;
    int64_t from = 0;
    do {  // without references for delta alone
        float own_u[kTogether], dots[kTogether] = {};
        for (int k = 0; k < kTogether; k++) own_u[k] = label < 0 || from + k >= p.K ? 0 : u_at(p, i, from + k, label);
        __syncthreads();  // before delta replaces a logit that another thread has just read
        for (int64_t at = first; at < p.C; at += step) {
            float ignored = 0, u[kEight];
            load(logits, vector, at, p.C - at, z);
            prepare(p, at, label, z, ignored);
            for (int j = 0; j < kEight; j++) z[j] = expf(z[j] - top);
#pragma unroll
            for (int k = 0; k < kTogether; k++) {
                if (from + k >= p.K) continue;
                load_u(p, i, from + k, at, u);
                for (int j = 0; j < kEight; j++) dots[k] += at + j < p.C ? z[j] * (u[j] - own_u[k]) : 0;
            }
            if (from + kTogether >= p.K) store_delta(p, i, at, label, row.scale, -row.scale * others, z);
        }
#pragma unroll
        for (int k = 0; k < kTogether; k++) {
            if (from + k < p.K) add_score(p, i, from + k, row.scale * Together::sum(dots[k]), threadIdx.x == 0, scores);
        }
        from += kTogether;
    } while (from < p.K);
    if (finish_row(p, i, threadIdx.x == 0, row, scores)) return;
    for (int64_t at = first; at < p.C; at += step) {
        for (int j = 0; j < kEight; j++) z[j] = 0;
        store_delta(p, i, at, label, 0, 0, z);
    }
}

// ---- grid 3 -----------------------------------------------------------------------------------------

struct ColumnShared {
    float sums[kThreads / kWarp][2][kStrip];
    bool last;
};

// Eight columns of a lane from every warp, added up in the order of the warps: column threadIdx of the strip.
__device__ __forceinline__ void put_columns(ColumnShared &s, const float (&sum)[kEight], const float (&weighted_sum)[kEight]) {
    for (int j = 0; j < kEight; j++) {
        s.sums[warp()][0][lane() * kEight + j] = sum[j];
        s.sums[warp()][1][lane() * kEight + j] = weighted_sum[j];
    }
    __syncthreads();
}
__device__ __forceinline__ double add_warps(const ColumnShared &s, int half) {
    double sum = 0;
    for (int n = 0; n < kThreads / kWarp; n++) sum += s.sums[n][half][threadIdx.x];
    return sum;
}

// What a strip's slices have left, a slice a warp at a time.
__device__ __forceinline__ void add_slices(const Parameters &p, int64_t at, ColumnShared &s) {
    float sums[2][kEight] = {};
    for (int64_t slice = warp(); slice < p.slices; slice += kThreads / kWarp) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const Run run = {reinterpret_cast<const char *>(p.partial + (slice * 2 + half) * p.C), GM_F32};
            float x[kEight];
            load(run, aligned(run), at, p.C - at, x);
            for (int j = 0; j < kEight; j++) sums[half][j] += x[j];
        }
    }
    put_columns(s, sums[0], sums[1]);
}

// A strip of columns of a slice of rows, a row a warp at a time.
__global__ void __launch_bounds__(kThreads) columns(const __grid_constant__ Parameters p) {
    const int64_t strip = blockIdx.x % p.strips, slice = blockIdx.x / p.strips, rows = divide_up(p.B, p.slices);
    const int64_t at = strip * kStrip + lane() * kEight, end = smaller(p.B, (slice + 1) * rows);
    const gm_array &source = p.outputs[p.outputs_used - 1];
    float sum[kEight] = {}, weighted_sum[kEight] = {}, x[kEight], weighted[kEight];
    for (int64_t i = slice * rows + warp(); i < end; i += kThreads / kWarp) {
        const Run from = row_of(source, i);
        load(from, aligned(from), at, p.C - at, x);
        const float scale = p.scale[i];
        for (int j = 0; j < kEight; j++) {
            weighted[j] = scale * x[j];
            sum[j] += x[j];
            weighted_sum[j] += weighted[j];
        }
        if (p.args.weighted_delta.data == nullptr) continue;
        const Run to = row_of(p.args.weighted_delta, i);
        store(to, aligned(to), at, p.C - at, weighted);
    }
    if (p.partial == nullptr) return;
    ColumnShared &s = shared<ColumnShared>();
    put_columns(s, sum, weighted_sum);
    static_assert(kThreads == kStrip, "a thread a column");
    const int64_t c = strip * kStrip + threadIdx.x;
    for (int half = 0; half < 2; half++) {
        const float total = static_cast<float>(add_warps(s, half));
        if (c < p.C) p.partial[(slice * 2 + half) * p.C + c] = total;
    }
    if (!is_last_block(p.strip_counts + strip, static_cast<unsigned>(p.slices), s.last)) return;
    add_slices(p, at, s);
    if (c >= p.C) return;
    if (p.args.mean_delta.data != nullptr) put(p.args.mean_delta, c, p.B == 0 ? 0 : add_warps(s, 0) / static_cast<double>(p.B));
    if (p.args.weighted_delta_sum.data != nullptr) put(p.args.weighted_delta_sum, c, add_warps(s, 1));
}

}  // namespace gm::cuda::head_step
