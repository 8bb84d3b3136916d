// <G_i, v>, |G_i|^2 and |v|^2 over G [B,P].
//
// Two multiply-adds for the 4 bytes (2 in halves) of an element of G, which is read once; v is as long as
// a row and would double the traffic if every row fetched it. So P is cut into strips of kStrip
// elements, and a thread takes one strip of v, which stays in its cache, through up to kRows rows, a
// chunk of each in turn; the next row's chunk is fetched meanwhile, since one stream alone does not
// fill the memory. Few long rows give many strips, many short rows give many groups of rows. Partial
// sums are kept for every strip and row and added in the strips' order.
#include "cpu/kernels.h"
#include "cpu/parallel.h"
#include "cpu/pieces.h"

namespace gm::cpu::GM_ISA {
namespace {

constexpr int64_t kStrip = 1 << 14, kRows = 32;
constexpr int64_t kFewRows = 4;  // of less than a strip: v is small and stays in some cache anyway

struct Scratch {
    int64_t rows, strips, group;  // group: rows that one strip of v is taken through
    double *dot, *norm;           // [strips, rows]
    double *direction;            // [strips]: |v|^2
    float *v;                     // [threads, kStrip]: v widened
    Scratch(const gm_projected_dot_args &args, Arena &arena) {
        const int64_t P = args.gradient.shape[1];
        rows = args.dot.data != nullptr || args.norm_squared.data != nullptr ? args.gradient.shape[0] : 0;
        strips = divide_up(P, kStrip);
        group = P < kStrip ? larger(kFewRows, (kFewRows * kStrip) / larger(1, P)) : kRows;
        dot = arena.take<double>(rows * strips);
        norm = arena.take<double>(rows * strips);
        direction = arena.take<double>(strips);
        v = args.direction.dtype == GM_F32 ? nullptr : arena.take<float>(scratch_threads() * kStrip);
    }
};

void dot_and_norm(const float *g, const float *v, int64_t n, double &dot_sum, double &norm_sum) {
    F dot0 = zero(), dot1 = zero(), norm0 = zero(), norm1 = zero();
    int64_t at = 0;
    for (; at + 2 * kLanes <= n; at += 2 * kLanes) {
        const F g0 = load(g + at), g1 = load(g + at + kLanes);
        dot0 = fma(g0, load(v + at), dot0);
        dot1 = fma(g1, load(v + at + kLanes), dot1);
        norm0 = fma(g0, g0, norm0);
        norm1 = fma(g1, g1, norm1);
    }
    for_vectors(n - at, [&](int64_t rest, int count) {
        const F last = load_some(g + at + rest, count);
        dot0 = fma(last, load_some(v + at + rest, count), dot0);
        norm0 = fma(last, last, norm0);
    });
    dot_sum += reduce_add(dot0 + dot1);
    norm_sum += reduce_add(norm0 + norm1);
}

double sum_of(const double *partial, int64_t count, int64_t stride) {
    double sum = 0;
    for (int64_t n = 0; n < count; n++) sum += partial[n * stride];
    return sum;
}

}  // namespace

size_t projected_dot_workspace(const gm_projected_dot_args &args) {
    Arena arena;
    Scratch(args, arena);
    return arena.bytes_needed();
}

void projected_dot(const gm_projected_dot_args &args, Arena arena) {
    const Scratch scratch(args, arena);
    const int64_t P = args.gradient.shape[1], strips = scratch.strips;
    const int64_t groups = larger(1, divide_up(scratch.rows, scratch.group));  // |v|^2 even of no rows
    const Row direction = row_of(args.direction, 0);
    for_blocks(strips * groups, (scratch.rows + 1) * P, [&](int64_t block, int thread) {
        const int64_t strip = block / groups, first = block % groups * scratch.group, from = strip * kStrip;
        const int64_t length = smaller(kStrip, P - from);
        const float *v = direction.floats(from, length, scratch.v == nullptr ? nullptr : scratch.v + thread * kStrip);
        if (first == 0) scratch.direction[strip] = norm_squared(v, length);
        const int64_t last = smaller(scratch.rows, first + scratch.group);
        double *dot = scratch.dot + strip * scratch.rows, *norm = scratch.norm + strip * scratch.rows;
        float buffer[kChunk];
        for (int64_t i = first; i < last; i++) dot[i] = norm[i] = 0;
        for (int64_t at = 0; at < length; at += kChunk) {
            const int64_t n = smaller(length - at, kChunk);
            for (int64_t i = first; i < last; i++) {
                if (i + 1 < last) row(args.gradient, i + 1).prefetch(from + at, n);
                dot_and_norm(row(args.gradient, i).floats(from + at, n, buffer), v + at, n, dot[i], norm[i]);
            }
        }
    });
    for (int64_t i = 0; i < scratch.rows; i++) {
        if (args.dot.data != nullptr) put(args.dot, i, sum_of(scratch.dot + i, strips, scratch.rows));
        if (args.norm_squared.data != nullptr)
            put(args.norm_squared, i, sum_of(scratch.norm + i, strips, scratch.rows));
    }
    if (args.direction_norm_squared != nullptr) *args.direction_norm_squared = sum_of(scratch.direction, strips, 1);
}

}  // namespace gm::cpu::GM_ISA
