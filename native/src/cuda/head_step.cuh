// gm_head_step: softmax cross-entropy, its gradient, the mimic scores against K references, the weights over
// the batch, and the gradient rows times their weights.
//
// It must read the logits and K rows of u for each of the B C places and write delta: 12 bytes a place for
// f32 and K = 1, one exponential and about ten other operations: memory is the limit. Up to two grids:
//   1. rows     loss, scores, |g| and delta, not yet weighted. A team of threads holds its row in registers, so
//               that logits are read once: 8 lanes up to 128 classes (a warp would leave most of its lanes
//               empty), a warp up to 1024, a block up to 6144. Longer rows are read twice with a running
//               maximum, the second time as a rule out of the second-level cache. A sample that takes no
//               part is known from its own numbers alone: its delta is 0 at once. A block leaves the summary of
//               its rows' statistics (summary.cuh).
//   2. columns  weighted_delta = w delta and the sums over the batch, where they are asked for: delta is read
//               back from the output of higher precision, or from the workspace if only sums are asked for.
//               With a 16 bit weighted_delta alone its elements are rounded twice. The last block of a strip of
//               columns adds up what its slices of rows have left, in a fixed order.
// Weights come of the merged summaries, whoever merges them: in batches of at most kMostTickets blocks the last block of
// grid 1 (ticket.cuh), which is one launch for loss, score, weight and delta; beyond, where that block would be
// alone for too long, a small grid between the two: every one of its blocks merges all summaries, which those of grid 2, ten
// times as many, would do no better. `opt` with a penalty is searched for by one block in that grid's place.
#pragma once

#include "cuda/cross_entropy.cuh"
#include "cuda/ticket.cuh"
#include "cuda/weigh.cuh"

namespace gm::cuda::head_step {

constexpr int kThreads = 256;
constexpr int kFewThreads = 128;        // of a block of several rows
constexpr int kLongThreads = 256;       // of a row of any length
constexpr int kTailThreads = 512;       // of the search for weights
constexpr int64_t kMostWeighers = 128;  // blocks of the grid for weights: each merges all summaries again
constexpr int kTogether = 4;            // references that a long row is read for at a time

constexpr int64_t kStrip = kWarp * kEight;  // columns of a block of grid 2
constexpr int64_t kSliceRows = 64;          // rows of it at least
constexpr int64_t kMostBlocks = 1024;

// Who weighs a batch.
enum class Weigher { last_block, grid, search };

struct Parameters {
    gm_head_step_args args;
    gm_array u;           // projected or reference_logits
    int64_t u_step;       // from one reference to the next; 0 where there is one and no dimension for it
    gm_array outputs[2];  // where grid 1 puts delta; grid 2 reads the last
    int32_t outputs_used;
    bool subtract;  // u is reference_logits
    int64_t B, C, K;
    int64_t slices, strips;  // of grid 2
    Weigher weigher;
    int32_t slot;         // where the blocks of grid 1 count themselves, for the last of them
    Summaries summaries;  // a block of grid 1 each; not for Weigher::search
    float *loss, *statistic, *norm, *scale;
    uint8_t *usable;
    float *partial;          // [slices][2][C]: sums of delta and of w delta; NULL if not asked for
    unsigned *strip_counts;  // [strips]: blocks of grid 2 that are done; the launch before clears them
};

// What is known of a sample once its row is finished.
struct Standing {
    double statistic;  // NaN: it takes no part
    float loss;
};

struct Shared {
    float floats[kTailThreads / kWarp];
    WeighShared weigh;
    Standing rows[kFewThreads / 8];
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

// By one sum: of two addresses to choose from the compiler would not know that they are global.
__device__ __forceinline__ Run u_row(const Parameters &p, int64_t i, int64_t k) {
    return run_at(p.u, i * p.u.stride[0] + k * p.u_step);
}

// u_ik of the class c.
__device__ __forceinline__ float u_at(const Parameters &p, int64_t i, int64_t k, int64_t c) {
    const float value = element(u_row(p, i, k), c);
    return p.subtract ? value - element(row_of(p.args.logits, i), c) : value;
}

// u_ik of eight classes from `at` on out of what was fetched of the run u.
__device__ __forceinline__ void take_u(const Parameters &p, int64_t i, const Run &u, const Eight &eight, int64_t at,
                                       float (&x)[kEight]) {
    unpack(u, eight, x);
    if (!p.subtract) return;
    const Run logits = row_of(p.args.logits, i);
    float z[kEight];
    load(logits, aligned(logits), at, p.C - at, z);
    for (int j = 0; j < kEight; j++) x[j] -= z[j];
}

// Bias and what is beyond C; the label's own goes to `own` and becomes -infinity. Returns the largest.
__device__ __forceinline__ float prepare(const Parameters &p, int64_t at, int64_t label, float (&z)[kEight],
                                         float &own) {
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

__device__ __forceinline__ void add_score(const Parameters &p, int64_t i, int64_t k, float product, bool write,
                                          Scores &scores) {
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

// Writes what is known of a sample on one thread.
__device__ __forceinline__ Standing finish_row(const Parameters &p, int64_t i, bool write, const CrossEntropy &row,
                                               Scores scores) {
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
    const double x = statistic(p.args.weighting, scores.combined, norm);
    return {usable && is_finite(x) ? x : nan(""), row.loss};
}

__device__ __forceinline__ void store_delta(const Parameters &p, int64_t i, int64_t at, int64_t label, float scale,
                                            float own_delta, float (&e)[kEight]) {
    for (int j = 0; j < kEight; j++) e[j] = at + j == label ? own_delta : scale * e[j];
    for (int o = 0; o < p.outputs_used; o++) {
        const Run to = row_of(p.outputs[o], i);
        store(to, aligned(to), at, p.C - at, e);
    }
}

// A team's eights of a run, all on the way at once.
template <int kTeam, int kEights>
struct Eights {
    Eight eights[kEights];

    __device__ __forceinline__ static int place(int n) { return (Team<kTeam>::rank() + n * kTeam) * kEight; }
    __device__ __forceinline__ void read(const Run &run, int64_t count) {
        const bool vector = aligned(run);
#pragma unroll
        for (int n = 0; n < kEights; n++) fetch(run, vector, place(n), count - place(n), eights[n]);
    }
};

// A row of at most kTeam * kEights * 8 classes, all of it in registers. `write`: false for a team that has
// none of its own and repeats another's. The first reference's u comes while the softmax is made.
template <int kTeam, int kEights>
__device__ __forceinline__ Standing short_row(const Parameters &p, int64_t i, bool write) {
    using Together = Team<kTeam>;
    using Mine = Eights<kTeam, kEights>;
    const int label = static_cast<int>(label_of(p.args.labels, i, p.C));
    const Run logits = row_of(p.args.logits, i);
    float e[kEights][kEight], own = 0, top = kLowest;
    {
        Mine read;
        read.read(logits, p.C);
#pragma unroll
        for (int n = 0; n < kEights; n++) unpack(logits, read.eights[n], e[n]);
    }
    // Rows of a block have no registers for it beside the softmax: theirs is read behind it, all at once too.
    constexpr bool kEarly = kTeam <= kWarp;
    Mine u;
    float own_u = 0;
    const auto read_u = [&](int64_t k) {
        u.read(u_row(p, i, k), p.C);
        own_u = label < 0 ? 0 : u_at(p, i, k, label);
    };
    if (kEarly && p.K > 0) read_u(0);
#pragma unroll
    for (int n = 0; n < kEights; n++) {
        const float z = prepare(p, Mine::place(n), label, e[n], own);
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
        if (!kEarly || k > 0) read_u(k);
        float dot = 0;
#pragma unroll
        for (int n = 0; n < kEights; n++) {
            const int at = Mine::place(n);
            if (at >= p.C) continue;
            float x[kEight];
            take_u(p, i, u_row(p, i, k), u.eights[n], at, x);
            for (int j = 0; j < kEight; j++) dot += e[n][j] * (x[j] - own_u);  // e is 0 beyond the row
        }
        add_score(p, i, k, row.scale * Together::sum(dot), write && Together::rank() == 0, scores);
    }
    const Standing standing = finish_row(p, i, write && Together::rank() == 0, row, scores);
    if (!write) return {nan(""), 0};
    const bool kept = is_finite(standing.statistic);
#pragma unroll
    for (int n = 0; n < kEights; n++) {
        const int at = Mine::place(n);
        if (at >= p.C) continue;
        for (int j = 0; j < kEight && !kept; j++) e[n][j] = 0;
        store_delta(p, i, at, label, kept ? row.scale : 0, kept ? -row.scale * others : 0, e[n]);
    }
    return standing;
}

// ---- weights ----------------------------------------------------------------------------------------

__device__ __forceinline__ bool knows_mean_loss(const Parameters &p) {
    return p.args.weighting.kind == GM_RHO && p.args.weighting.rho_attached;
}

__device__ __forceinline__ Statistics statistics_of(const Parameters &p) {
    return {p.B,      p.statistic,
            1,        p.norm,
            1,        p.K > 0 ? p.args.direction_norm_squared + larger(p.args.combine, 0) : nullptr,
            p.usable, knows_mean_loss(p) ? p.loss : nullptr};
}

__device__ __forceinline__ void clear_strip_counts(const Parameters &p) {
    for (int64_t strip = threadIdx.x; strip < p.strips && p.partial != nullptr; strip += blockDim.x)
        p.strip_counts[strip] = 0;
}

__device__ __forceinline__ void put_non_finite(const Parameters &p, int64_t non_finite) {
    if (threadIdx.x == 0 && p.args.non_finite != nullptr) *p.args.non_finite = non_finite;
}

__device__ __forceinline__ void put_weight(const Parameters &p, int64_t i, double w) {
    if (p.args.weight.data != nullptr) put(p.args.weight, i, w);
}

// What delta's row is multiplied by.
__device__ __forceinline__ float row_scale(const Parameters &p, const Sample &sample, double w, double mean_loss) {
    return static_cast<float>(knows_mean_loss(p) && w != 0 ? w * (1 + sample.loss - mean_loss) : w);
}

// Weights of the samples in [first, end), by a block.
template <int kBlock>
__device__ __forceinline__ void put_weights(const Parameters &p, const Summary &all, int64_t first, int64_t end) {
    const Statistics statistics = statistics_of(p);
    const Weights weights(p.args.weighting, statistics, all);
    for_each_sample<kBlock>(p.args.weighting, statistics, first, end, [&](const Sample &sample) {
        const double w = weights.of(sample);
        put_weight(p, sample.i, w);
        p.scale[sample.i] = row_scale(p, sample, w, weights.mean_loss());
    });
}

__global__ void __launch_bounds__(kThreads) weigh_batch(const __grid_constant__ Parameters p) {
    wait_for_grid_before();
    let_next_grid_begin();
    const Summary all = merge<kThreads>(p.summaries, shared<Shared>().weigh);
    const int64_t samples = divide_up(p.B, int64_t{gridDim.x}), first = blockIdx.x * samples;
    put_weights<kThreads>(p, all, first, smaller(p.B, first + samples));
    if (blockIdx.x != 0) return;
    put_non_finite(p, p.B - all.finite);
    clear_strip_counts(p);
}

__global__ void __launch_bounds__(kTailThreads, 1) search_weights(const __grid_constant__ Parameters p) {
    wait_for_grid_before();
    let_next_grid_begin();
    put_non_finite(
        p, weigh<kTailThreads>(p.args.weighting, statistics_of(p), shared<Shared>().weigh, [&](int64_t i, double w) {
            put_weight(p, i, w);
            p.scale[i] = static_cast<float>(w);
        }));
    clear_strip_counts(p);
}

// The summary of a block's rows, by its first warp. Every thread knows how its own team's row stands.
template <int kBlock, int kTeam>
__device__ __forceinline__ void leave_summary(const Parameters &p, const Standing &standing, Shared &s) {
    constexpr int kRows = kBlock / kTeam;
    static_assert(kRows <= kWarp && kRows <= kMostCounted, "a lane a row");
    if (threadIdx.x % kTeam == 0) s.rows[threadIdx.x / kTeam] = standing;
    __syncthreads();
    if (warp() != 0) return;
    const Standing mine = lane() < kRows ? s.rows[lane()] : Standing{nan(""), 0};
    const bool there = is_finite(mine.statistic);
    Summary all;
    all.max = max_over_lanes(there ? mine.statistic : kNoMaximum);
    const double exponential = there ? exp_nonpositive(mine.statistic - all.max) : 0;
    all.sum = sum_over_lanes(exponential);
    all.loss = sum_over_lanes(there ? exponential * mine.loss : 0);
    all.finite = sum_over_lanes(there ? 1 : 0);
    all.positive = sum_over_lanes(there && mine.statistic > 0 ? 1 : 0);
    if (lane() == 0) put(p.summaries, blockIdx.x, all);
}

// ---- grid 1 -----------------------------------------------------------------------------------------

// What a block of grid 1 does once its rows are finished.
template <int kBlock, int kTeam>
__device__ __forceinline__ void end_rows(const Parameters &p, const Standing &standing) {
    if (p.weigher == Weigher::search) return;
    Shared &s = shared<Shared>();
    leave_summary<kBlock, kTeam>(p, standing, s);
    if (p.weigher != Weigher::last_block || !is_last_block(ticket_counters + p.slot, gridDim.x, s.last)) return;
    const Summary all = merge<kBlock>(p.summaries, s.weigh);
    put_weights<kBlock>(p, all, 0, p.B);
    put_non_finite(p, p.B - all.finite);
    clear_strip_counts(p);
}

// Blocks of several rows are small: three of them, in different phases, fit an SM's registers; two where ptxas needs more
// than a third of them.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 900
constexpr int kSmallBlocks = 2;
#else
constexpr int kSmallBlocks = 3;
#endif
template <int kTeam, int kEights>
__global__ void __launch_bounds__(kTeam <= kWarp ? kFewThreads : kTeam, kTeam <= kWarp ? kSmallBlocks : 2)
    short_rows(const __grid_constant__ Parameters p) {
    let_next_grid_begin();
    constexpr int kBlock = kTeam <= kWarp ? kFewThreads : kTeam;
    const int64_t i = int64_t{blockIdx.x} * (kBlock / kTeam) + static_cast<int64_t>(threadIdx.x) / kTeam;
    if constexpr (kTeam > kWarp) end_rows<kBlock, kTeam>(p, short_row<kTeam, kEights>(p, i, true));
    else end_rows<kBlock, kTeam>(p, short_row<kTeam, kEights>(p, smaller(i, p.B - 1), i < p.B));
}

// A block a row of any length: a thread has two eights of it on the way at a time, and as many of a reference's u.
__global__ void __launch_bounds__(kLongThreads, 2) long_rows(const __grid_constant__ Parameters p) {
    let_next_grid_begin();
    using Together = Team<kLongThreads>;
    constexpr int kAhead = 2;
    const int64_t i = blockIdx.x, label = label_of(p.args.labels, i, p.C), first = int64_t{threadIdx.x} * kEight,
                  step = kLongThreads * kEight;
    const Run logits = row_of(p.args.logits, i);
    float own = 0, top = kLowest, others = 0, squares = 0;
    // Eights from `from` on, each a step behind the other; those beyond the row are -infinity once prepared.
    const auto read = [&](const Run &run, int64_t from, Eight(&eights)[kAhead]) {
        const bool vector = aligned(run);
#pragma unroll
        for (int n = 0; n < kAhead; n++) fetch(run, vector, from + n * step, p.C - from - n * step, eights[n]);
    };
    for (int64_t from = first; from < p.C; from += kAhead * step) {
        Eight eights[kAhead];
        read(logits, from, eights);
#pragma unroll
        for (int n = 0; n < kAhead; n++) {
            const int64_t at = from + n * step;
            if (at >= p.C) continue;
            float z[kEight];
            unpack(logits, eights[n], z);
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
    int64_t group = 0;
    do {  // without references for delta alone
        float own_u[kTogether], dots[kTogether] = {};
        for (int k = 0; k < kTogether; k++) own_u[k] = label < 0 || group + k >= p.K ? 0 : u_at(p, i, group + k, label);
        __syncthreads();  // before delta replaces a logit that another thread has just read
        for (int64_t from = first; from < p.C; from += kAhead * step) {
            Eight eights[kAhead];
            float z[kAhead][kEight], ignored = 0;
            read(logits, from, eights);
#pragma unroll
            for (int n = 0; n < kAhead; n++) {
                const int64_t at = from + n * step;
                if (at >= p.C) continue;
                unpack(logits, eights[n], z[n]);
                prepare(p, at, label, z[n], ignored);
                for (int j = 0; j < kEight; j++) z[n][j] = expf(z[n][j] - top);
            }
#pragma unroll
            for (int k = 0; k < kTogether; k++) {
                if (group + k >= p.K) continue;
                const Run u = u_row(p, i, group + k);
                read(u, from, eights);
#pragma unroll
                for (int n = 0; n < kAhead; n++) {
                    const int64_t at = from + n * step;
                    if (at >= p.C) continue;
                    float x[kEight];
                    take_u(p, i, u, eights[n], at, x);
                    for (int j = 0; j < kEight; j++) dots[k] += at + j < p.C ? z[n][j] * (x[j] - own_u[k]) : 0;
                }
            }
#pragma unroll
            for (int n = 0; n < kAhead; n++) {
                const int64_t at = from + n * step;
                if (at < p.C && group + kTogether >= p.K)
                    store_delta(p, i, at, label, row.scale, -row.scale * others, z[n]);
            }
        }
#pragma unroll
        for (int k = 0; k < kTogether; k++) {
            if (group + k < p.K)
                add_score(p, i, group + k, row.scale * Together::sum(dots[k]), threadIdx.x == 0, scores);
        }
        group += kTogether;
    } while (group < p.K);
    const Standing standing = finish_row(p, i, threadIdx.x == 0, row, scores);
    for (int64_t at = first; at < p.C && !is_finite(standing.statistic); at += step) {
        float none[kEight] = {};
        store_delta(p, i, at, label, 0, 0, none);
    }
    end_rows<kLongThreads, kLongThreads>(p, standing);
}

}  // namespace gm::cuda::head_step
