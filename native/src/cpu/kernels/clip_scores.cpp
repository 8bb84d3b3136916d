// Contrastive losses of B pairs and their derivative, without storing the B x B logits.
//
// Two products of [B,E] with [E,B] are nearly all of the work: z needs x y^T, its derivative
// dx y^T + x dy^T, which is one product of twice the depth when rows lie as [x | dx] and [dy | y]. Both
// are made a tile at a time and folded into sums over the tile's rows and columns at once: running
// maxima and sums relative to them, without the pair's own logit (cross_entropy.h says why), so that
// neither z nor dz is ever whole.
//
// A group of rows is one thread's: its rows' sums are complete when it ends, its share of the columns'
// sums waits to be added to the other groups' in order. Groups depend on B alone.
#include <cstring>

#include "cpu/cross_entropy.h"
#include "cpu/kernels.h"
#include "cpu/parallel.h"
#include "cpu/product.h"
#include "numerics/contrastive.h"

namespace gm::cpu::GM_ISA {
namespace {

bool present(const gm_array &array) { return array.data != nullptr; }

constexpr int64_t kGroups = 64;  // at most; columns' sums are kept for each

// Over logits z other than the pair's own: their maximum, sum e^(z - max), sum e^(z - max) dz. For the
// sigmoid loss, which needs no maximum: sum f, sum df.
struct Sums {
    float *max;
    double *sum, *moved;
    Sums() = default;
    Sums(Arena &arena, int64_t n)
        : max(arena.take<float>(n)), sum(arena.take<double>(n)), moved(arena.take<double>(n)) {}
    Sums from(int64_t at) const {
        Sums rest;
        rest.max = max + at;
        rest.sum = sum + at;
        rest.moved = moved + at;
        return rest;
    }
    void clear(int64_t n) const {
        for (int64_t i = 0; i < n; i++) {
            max[i] = kLowest;
            sum[i] = moved[i] = 0;
        }
    }
    // Adds e^(z - larger)-sums that are relative to another maximum.
    void add(int64_t i, float other_max, double other_sum, double other_moved) const {
        const float larger = other_max > max[i] || other_max != other_max ? other_max : max[i];
        const double mine = __builtin_exp(static_cast<double>(max[i]) - larger),
                     theirs = __builtin_exp(static_cast<double>(other_max) - larger);
        sum[i] = sum[i] * mine + other_sum * theirs;
        moved[i] = moved[i] * mine + other_moved * theirs;
        max[i] = larger;
    }
};

struct Scratch {
    int64_t B, depth, groups, group_rows;
    float *image, *text;     // [B, 2 depth]: [x | dx] and [dy | y]
    float *own, *own_moved;  // [B]: z_ii, dz_ii
    Sums rows, columns;      // [B], [groups, B]
    float *tiles;            // per thread: z and dz of a tile
    Scratch(const gm_clip_scores_args &args, Arena &arena)
        : B(args.image.shape[0]), depth(larger(1, divide_up(args.image.shape[1], kLanes)) * kLanes),
          group_rows(larger(kBlockRows, divide_up(divide_up(B, kGroups), kBlockRows) * kBlockRows)) {
        groups = divide_up(B, group_rows);
        image = arena.take<float>(B * 2 * depth);
        text = arena.take<float>(B * 2 * depth);
        own = arena.take<float>(B);
        own_moved = arena.take<float>(B);
        rows = Sums(arena, B);
        columns = Sums(arena, groups * B);
        tiles = arena.take<float>(scratch_threads() * 2 * kBlockRows * kBlockColumns);
    }
};

// f/|f| and its change along the tangent, padded with zeros.
void normalise(const gm_array &features, const gm_array &tangent, int64_t i, int64_t depth, float *value,
               float *change) {
    const int64_t E = features.shape[1];
    std::memset(value, 0, sizeof(float) * static_cast<size_t>(depth));
    std::memset(change, 0, sizeof(float) * static_cast<size_t>(depth));
    row(features, i).copy(0, E, value);
    const float inverse = static_cast<float>(1 / __builtin_sqrt(norm_squared(value, E)));
    for (int64_t e = 0; e < E; e++) value[e] *= inverse;
    if (!present(tangent)) return;
    row(tangent, i).copy(0, E, change);
    double inner = 0;
    for (int64_t e = 0; e < E; e++) inner += static_cast<double>(value[e]) * change[e];
    const float along = static_cast<float>(inner);
    for (int64_t e = 0; e < E; e++) change[e] = (change[e] - value[e] * along) * inverse;
}

// The products of a block of rows and a panel of columns.
void multiply(const float *a, int rows, const float *b, int columns, int64_t stride, int64_t depth, float *to) {
    product(
        a, stride, rows, b, stride, columns, depth, false, [&](int r, int n, auto &acc) __attribute__((always_inline)) {
            constexpr int R = sizeof(acc) / sizeof(acc[0]), N = sizeof(acc[0]) / sizeof(acc[0][0]);
            for (int i = 0; i < R; i++) {
                for (int j = 0; j < N; j++) to[(r + i) * kBlockColumns + n + j] = reduce_add(acc[i][j]);
            }
        });
}

// log(1 + e) for e in [0, 1], in full precision for small e too.
inline F log_one_plus(F e) {
    const F u = set(1.0f) + e, d = u - set(1.0f);
    return where_equal(d, zero(), e, log_positive(u) * (e / where_equal(d, zero(), set(1.0f), d)));
}

class Tile {
public:
    Tile(const gm_clip_scores_args &args, const Scratch &scratch, int thread, int64_t group)
        : args_(args), scratch_(scratch), z_(scratch.tiles + thread * 2 * kBlockRows * kBlockColumns),
          dz_(z_ + kBlockRows * kBlockColumns), columns_sums_(scratch.columns.from(group * scratch.B)) {}

    void run(int64_t first_row, int rows, int64_t first_column, int columns) {
        const int64_t depth = scratch_.depth, stride = 2 * depth;
        const float *image = scratch_.image + first_row * stride, *text = scratch_.text + first_column * stride;
        multiply(image, rows, text + depth, columns, stride, depth, z_);
        if (moving()) multiply(image, rows, text, columns, stride, 2 * depth, dz_);
        logits(rows, columns);
        take_own(first_row, rows, first_column, columns);
        if (args_.loss_kind == GM_CONTRASTIVE_SIGMOID) sigmoid(first_row, rows, first_column, columns);
        else softmax(first_row, rows, first_column, columns);
    }

private:
    bool moving() const { return present(args_.image_tangent) || present(args_.text_tangent); }

    void logits(int rows, int columns) {
        const F scale = set(static_cast<float>(args_.logit_terms[0])),
                bias = set(static_cast<float>(args_.logit_terms[1]));
        const F scale_moved = set(static_cast<float>(args_.logit_terms[2])),
                bias_moved = set(static_cast<float>(args_.logit_terms[3]));
        for (int r = 0; r < rows; r++) {
            for_vectors(columns, [&](int64_t c, int n) {
                float *z = z_ + r * kBlockColumns + c, *dz = dz_ + r * kBlockColumns + c;
                const F cosine = load_some(z, n), change = moving() ? load_some(dz, n) : zero();
                store_some(z, fma(scale, cosine, bias), n);
                store_some(dz, fma(scale, change, fma(scale_moved, cosine, bias_moved)), n);
            });
        }
    }

    // The pairs' own logits are kept apart; -infinity in their places takes part in nothing.
    void take_own(int64_t first_row, int rows, int64_t first_column, int columns) {
        for (int64_t i = larger(first_row, first_column); i < smaller(first_row + rows, first_column + columns); i++) {
            const int64_t at = (i - first_row) * kBlockColumns + i - first_column;
            scratch_.own[i] = z_[at];
            scratch_.own_moved[i] = dz_[at];
            z_[at] = -__builtin_inff();
            dz_[at] = 0;
        }
    }

    void softmax(int64_t first_row, int rows, int64_t first_column, int columns) {
        for (int r = 0; r < rows; r++) {
            const float *z = z_ + r * kBlockColumns, *dz = dz_ + r * kBlockColumns;
            float largest = kLowest;
            for (int c = 0; c < columns; c++) largest = z[c] > largest || z[c] != z[c] ? z[c] : largest;
            F sum = zero(), moved = zero();
            for_vectors(columns, [&](int64_t c, int n) {
                // Lanes beyond the columns are 0 times whatever e^(0 - largest) would be.
                const F e = n == kLanes ? exp_nonpositive(load(z + c) - set(largest)) : rest(z + c, n, largest);
                sum = sum + e;
                moved = fma(e, load_some(dz + c, n), moved);
            });
            scratch_.rows.add(first_row + r, largest, reduce_add(sum), reduce_add(moved));
        }
        for_vectors(columns, [&](int64_t c, int n) {
            F largest = set(kLowest);
            for (int r = 0; r < rows; r++) largest = max(largest, load_some(z_ + r * kBlockColumns + c, n));
            F sum = zero(), moved = zero();
            for (int r = 0; r < rows; r++) {
                const F e = exp_nonpositive(load_some(z_ + r * kBlockColumns + c, n) - largest);
                sum = sum + e;
                moved = fma(e, load_some(dz_ + r * kBlockColumns + c, n), moved);
            }
            fold(first_column + c, n, largest, sum, moved);
        });
    }

    // e^(z - largest) of the n last columns, 0 in the other lanes.
    static F rest(const float *z, int n, float largest) {
        float lanes[kLanes];
        for (int c = 0; c < kLanes; c++) lanes[c] = c < n ? z[c] : -__builtin_inff();
        return exp_nonpositive(load(lanes) - set(largest));
    }

    void sigmoid(int64_t first_row, int rows, int64_t first_column, int columns) {
        for_vectors(columns, [&](int64_t c, int n) {
            F sums = zero(), moves = zero();
            for (int r = 0; r < rows; r++) {
                const F z = load_some(z_ + r * kBlockColumns + c, n), dz = load_some(dz_ + r * kBlockColumns + c, n);
                const F above = max(zero(), z);
                // log(1 + e^z) = max(z, 0) + log(1 + e^-|z|); its derivative 1/(1 + e^-z).
                const F e = exp_nonpositive(z - above - above);
                const F one = set(1.0f);
                const F f = above + log_one_plus(e), h = where_greater(z, zero(), one, e) / (one + e) * dz;
                store_some(z_ + r * kBlockColumns + c, f, n);
                store_some(dz_ + r * kBlockColumns + c, h, n);
                sums = sums + f;
                moves = moves + h;
            }
            fold(first_column + c, n, set(kLowest), sums, moves);
        });
        for (int r = 0; r < rows; r++) {
            F sum = zero(), moved = zero();
            for_vectors(columns, [&](int64_t c, int n) {
                sum = sum + load_some(z_ + r * kBlockColumns + c, n);
                moved = moved + load_some(dz_ + r * kBlockColumns + c, n);
            });
            scratch_.rows.add(first_row + r, kLowest, reduce_add(sum), reduce_add(moved));
        }
    }

    void fold(int64_t column, int n, F largest, F sum, F moved) {
        float lanes[3][kLanes];
        store(lanes[0], largest);
        store(lanes[1], sum);
        store(lanes[2], moved);
        for (int c = 0; c < n; c++) columns_sums_.add(column + c, lanes[0][c], lanes[1][c], lanes[2][c]);
    }

    const gm_clip_scores_args &args_;
    const Scratch &scratch_;
    float *z_, *dz_;
    Sums columns_sums_;
};

}  // namespace

size_t clip_scores_workspace(const gm_clip_scores_args &args) {
    Arena arena;
    Scratch(args, arena);
    return arena.bytes_needed();
}

void clip_scores(const gm_clip_scores_args &args, Arena arena) {
    const Scratch scratch(args, arena);
    const int64_t B = scratch.B, depth = scratch.depth;
    for_blocks(divide_up(B, 16), B * depth, [&](int64_t block, int) {
        for (int64_t i = block * 16; i < smaller(B, (block + 1) * 16); i++) {
            float *image = scratch.image + i * 2 * depth, *text = scratch.text + i * 2 * depth;
            normalise(args.image, args.image_tangent, i, depth, image, image + depth);
            normalise(args.text, args.text_tangent, i, depth, text + depth, text);
        }
    });
    scratch.rows.clear(B);
    scratch.columns.clear(scratch.groups * B);
    for_blocks(scratch.groups, B * B * depth, [&](int64_t group, int thread) {
        Tile tile(args, scratch, thread, group);
        const int64_t end = smaller(B, (group + 1) * scratch.group_rows);
        for (int64_t r = group * scratch.group_rows; r < end; r += kBlockRows) {
            for (int64_t c = 0; c < B; c += kBlockColumns) {
                tile.run(r, static_cast<int>(smaller(kBlockRows, end - r)), c,
                         static_cast<int>(smaller(kBlockColumns, B - c)));
            }
        }
    });
    const double norm = args.direction_norm_squared ? __builtin_sqrt(*args.direction_norm_squared) : 1;
    int64_t non_finite = 0;
    for (int64_t i = 0; i < B; i++) {
        const Sums columns = scratch.columns;
        for (int64_t group = 1; group < scratch.groups; group++) {
            const int64_t at = group * B + i;
            columns.add(i, columns.max[at], columns.sum[at], columns.moved[at]);
        }
        const double own = scratch.own[i], own_moved = scratch.own_moved[i];
        const ContrastiveHalf row = contrastive_half(args.loss_kind, own, own_moved, scratch.rows.max[i],
                                                     scratch.rows.sum[i], scratch.rows.moved[i]);
        const ContrastiveHalf column =
            contrastive_half(args.loss_kind, own, own_moved, columns.max[i], columns.sum[i], columns.moved[i]);
        const double loss = (row.loss + column.loss) / 2, moved = (row.moved + column.moved) / 2;
        const bool finite = loss - loss == 0 && moved - moved == 0;
        if (!finite) non_finite++;
        if (present(args.loss)) put(args.loss, i, loss);
        if (present(args.score)) put(args.score, i, !finite ? __builtin_nan("") : norm == 0 ? 0 : -moved / norm);
    }
    if (args.non_finite) *args.non_finite = non_finite;
}

}  // namespace gm::cpu::GM_ISA
