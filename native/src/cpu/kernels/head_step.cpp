// gm_head_step: softmax cross-entropy, its gradient, the mimic scores against K references, the
// weights over the batch, and the gradient rows times their weights.
//
// It must read the logits and K rows of u for each of the B C places and write delta or weighted_delta:
// 12 bytes a place for f32 and K = 1, about 25 vector instructions of arithmetic (one exponential) for
// every kLanes of them. Three steps:
//   1. Rows, in parallel: loss, scores, |g| and unweighted delta. A row (or a group of rows) is
//      widened into scratch that stays in L1; all sweeps but the first read it there, so memory sees
//      every array once. Rows are finished kLanes at a time: logarithm, root and division take one
//      vector each instead of kLanes scalar calls.
//        few classes:   kLanes rows are transposed, one row a lane. Sums over classes need no
//                       horizontal step, and C = 10 wastes no lane.
//        many classes:  one row at a time, classes in the lanes.
//   2. Samples, one thread: [B] statistics to weights, in double.
//   3. Columns, in parallel: weighted_delta = w delta and the sums over the batch; skipped where
//      neither is asked for. Delta is read back from where step 1 put it: the output of higher
//      precision, or the workspace if only sums are asked for. With a 16 bit weighted_delta alone,
//      its elements are rounded twice.
// Blocks have fixed sizes and partial sums a fixed order: any number of threads gives the same bits.
#include "cpu/cross_entropy.h"
#include "cpu/kernels.h"
#include "cpu/parallel.h"
#include "cpu/rows.h"
#include "cpu/weights.h"

namespace gm::cpu::GM_ISA {
namespace {

constexpr int64_t kFewClasses = 128;        // up to here rows are transposed (measured, docs/kernels.md)
constexpr int64_t kScratchElements = 8192;  // of a block's rows: 32 KiB, for L1
constexpr int64_t kStrip = 1024;            // columns of a block in step 3: its sums stay in L1
constexpr int64_t kSumRows = 256;           // rows that are added up before they join a longer sum

bool present(const gm_array &array) { return array.data != nullptr; }

struct Shape {
    explicit Shape(const gm_head_step_args &args)
        : B(args.logits.shape[0]), C(args.logits.shape[1]), subtract(present(args.reference_logits)) {
        const gm_array &u = subtract ? args.reference_logits : args.projected;
        K = !present(u) ? 0 : u.rank == 3 ? u.shape[1] : 1;
        few = C <= kFewClasses;
        padded = divide_up(C, kLanes) * kLanes;
        rows = few ? larger(kScratchElements / 2 / C / kLanes, 1) * kLanes : clamp(kScratchElements / C, 1, kLanes);
        scratch = padded * (few ? kLanes : rows);
        strip = smaller(C, kStrip);
        strips = divide_up(C, kStrip);
        slices = clamp(B / kSumRows, 1, divide_up(64, strips));
    }
    int64_t B, C, K;
    bool subtract, few;
    int64_t padded;         // C in whole vectors
    int64_t rows;           // of a block of step 1
    int64_t scratch;        // floats a thread needs for them
    int64_t strip, strips;  // step 3: columns of a block, blocks side by side
    int64_t slices;         // and below each other
};

struct Scratch {
    Scratch(Arena &arena, const gm_head_step_args &args, const Shape &shape) {
        const bool sums = present(args.mean_delta) || present(args.weighted_delta_sum);
        e = arena.take<float>(shape.scratch * scratch_threads());
        loss = arena.take<float>(shape.B);
        statistic = arena.take<float>(shape.B);
        norm = present(args.feature_norm_squared) ? arena.take<float>(shape.B) : nullptr;
        weight = arena.take<double>(shape.B);
        scale = arena.take<float>(shape.B);
        usable = arena.take<uint8_t>(shape.B);
        kept = arena.take<uint8_t>(shape.B);
        if (!sums) return;
        partial = arena.take<float>(2 * shape.slices * shape.C);
        strip = arena.take<float>(2 * shape.strip * scratch_threads());
        if (!present(args.delta) && !present(args.weighted_delta)) delta = arena.take<float>(shape.B * shape.C);
    }
    float *e;
    float *loss, *statistic, *norm;
    double *weight;
    float *scale;
    uint8_t *usable, *kept;
    float *partial = nullptr;  // [slices][2][C]: sums of delta and of w delta
    float *strip = nullptr;    // [threads][2][strip]
    float *delta = nullptr;    // [B][C], where no output holds it
};

// What step 1 finds out about up to kLanes rows.
struct Group {
    float own[kLanes] = {}, max[kLanes] = {}, others[kLanes] = {}, squares[kLanes] = {};
};

class HeadStep {
public:
    HeadStep(const gm_head_step_args &args, Arena &arena)
        : args_(args), shape_(args), scratch_(arena, args, shape_),
          u_(shape_.subtract ? args.reference_logits : args.projected) {
        if (present(args.delta)) outputs_[outputs_used_++] = args.delta;
        const bool finer = args.weighted_delta.dtype == GM_F32 && args.delta.dtype != GM_F32;
        if (present(args.weighted_delta) && (!present(args.delta) || finer))
            outputs_[outputs_used_++] = args.weighted_delta;
        if (scratch_.delta != nullptr) {
            gm_array rows = args.logits;
            rows.data = scratch_.delta;
            rows.dtype = GM_F32;
            rows.stride[0] = shape_.C;
            outputs_[outputs_used_++] = rows;
        }
        for (int j = 0; j < kLanes; j++) beyond_[j] = j < shape_.C - (shape_.padded - kLanes) ? 0 : -__builtin_inff();
    }

    void run() {
        const int64_t blocks = divide_up(shape_.B, shape_.rows);
        for_blocks(blocks, 2 * shape_.B * shape_.C, [&](int64_t block, int thread) {
            float *e = scratch_.e + thread * shape_.scratch;
            const int64_t begin = block * shape_.rows, end = smaller(begin + shape_.rows, shape_.B);
            for (int64_t i = begin; i < end; i += kLanes) {
                const int n = static_cast<int>(smaller(kLanes, end - i));
                if (shape_.few) transposed_rows(i, n, e);
                else plain_rows(i, n, e);
            }
        });
        weigh_samples();
        weigh_all();
    }

private:
    int64_t label(int64_t i) const {
        return static_cast<const int64_t *>(args_.labels.data)[i * args_.labels.stride[0]];
    }
    const float *bias() const { return static_cast<const float *>(args_.bias.data); }
    int64_t u_row(int64_t i, int64_t k) const {
        return u_.rank == 3 ? i * u_.stride[0] + k * u_.stride[1] : i * u_.stride[0];
    }

    // u_ik of the class c.
    float u_at(int64_t i, int64_t k, int64_t c) const {
        float value = 0;
        with_elements(u_, u_row(i, k) + c, [&](auto *u) { store_n(&value, load_n(u, 1), 1); });
        if (!shape_.subtract) return value;
        float logit = 0;
        with_elements(args_.logits, i * args_.logits.stride[0] + c, [&](auto *z) { store_n(&logit, load_n(z, 1), 1); });
        return value - logit;
    }

    // ---- step 1, few classes: rows i to i + n - 1 in the lanes, e [C][kLanes] ----------------

    void transposed_rows(int64_t i, int n, float *e) {
        const int64_t C = shape_.C, stride = args_.logits.stride[0];
        with_elements(args_.logits, i * stride, [&](auto *z) {
            for_vectors(C, [&](int64_t c, int count) {
                F x[kLanes];
                load_transposed(z + c, stride, n, count, x);
#pragma GCC unroll 16
                for (int j = 0; j < kLanes; j++) store(e + (c + j) * kLanes, x[j]);
            });
        });
        // Which class is a row's own is a comparison, not a place to write to: no lane is stored alone
        // and loaded again with its neighbours.
        float labels[kLanes];
        for (int r = 0; r < kLanes; r++) labels[r] = static_cast<float>(label(i + (r < n ? r : n - 1)));
        const F own_class = load(labels);
        F own = zero(), top = set(kLowest);
        for (int64_t c = 0; c < C; c++) {
            F z = load(e + c * kLanes);
            if (bias()) z = z + set(bias()[c]);
            const F here = set(static_cast<float>(c));
            own = where_equal(own_class, here, z, own);
            z = where_equal(own_class, here, set(-__builtin_inff()), z);
            top = max(z, top);
            store(e + c * kLanes, z);
        }
        F others = zero(), squares = zero();
        for (int64_t c = 0; c < C; c++) {
            const F x = exp_nonpositive(load(e + c * kLanes) - top);
            store(e + c * kLanes, x);
            others = others + x;
            squares = fma(x, x, squares);
        }
        const CrossEntropy row = cross_entropy(own, top, others, squares);
        finish(i, n, row, [&](int64_t k) { return transposed_dot(i, k, n, e, own_class, others); });
        if (outputs_used_ == 0) return;
        const F own_delta = zero() - others;
        for_vectors(C, [&](int64_t c, int count) {
            F x[kLanes];
#pragma GCC unroll 16
            for (int j = 0; j < kLanes; j++) {
                x[j] = where_equal(own_class, set(static_cast<float>(c + j)), own_delta, load(e + (c + j) * kLanes)) *
                       row.scale;
            }
            transpose(x);
            for (int o = 0; o < outputs_used_; o++) {
                const int64_t to = outputs_[o].stride[0];
                with_elements(outputs_[o], i * to + c, [&](auto *delta) {
#pragma GCC unroll 16
                    for (int r = 0; r < kLanes; r++) {
                        if (r < n) store_some(delta + r * to, x[r], count);
                    }
                });
            }
        });
    }

    // x[j]: column j of n rows, one row a lane. Lanes beyond repeat the last row, columns beyond are 0.
    template <class T>
    static inline __attribute__((always_inline)) void load_transposed(const T *p, int64_t stride, int n, int count,
                                                                      F (&x)[kLanes]) {
#pragma GCC unroll 16
        for (int r = 0; r < kLanes; r++) x[r] = load_some(p + (r < n ? r : n - 1) * stride, count);
        transpose(x);
    }

    // Sum over the other classes of e_c (u_c - u_y), as sum e_c (u_c - u_0) - others (u_y - u_0): what
    // all u have in common costs no digits.
    F transposed_dot(int64_t i, int64_t k, int n, const float *e, F own_class, F others) const {
        const int64_t u_stride = u_.stride[0], z_stride = args_.logits.stride[0];
        F dot[2] = {zero(), zero()}, own = zero(), pivot = zero();
        with_elements(u_, u_row(i, k), [&](auto *u) {
            for_vectors(shape_.C, [&](int64_t c, int count) {
                F x[kLanes];
                load_transposed(u + c, u_stride, n, count, x);
                if (shape_.subtract) {
                    F z[kLanes];
                    with_elements(args_.logits, i * z_stride + c,
                                  [&](auto *logits) { load_transposed(logits, z_stride, n, count, z); });
                    for (int j = 0; j < kLanes; j++) x[j] = x[j] - z[j];
                }
                if (c == 0) pivot = x[0];
#pragma GCC unroll 16
                for (int j = 0; j < kLanes; j++) {
                    if (j >= count) break;
                    own = where_equal(own_class, set(static_cast<float>(c + j)), x[j], own);
                    dot[j % 2] = fma(load(e + (c + j) * kLanes), x[j] - pivot, dot[j % 2]);
                }
            });
        });
        return dot[0] + dot[1] - others * (own - pivot);
    }

    // ---- step 1, many classes: e [n][padded C], e = 0 in the places beyond C ------------------

    void plain_rows(int64_t i, int n, float *e) {
        const int64_t C = shape_.C, padded = shape_.padded;
        Group group;
        for (int r = 0; r < n; r++) exponentials(i + r, e + r * padded, group, r);
        const CrossEntropy row =
            cross_entropy(load(group.own), load(group.max), load(group.others), load(group.squares));
        finish(i, n, row, [&](int64_t k) {
            float dots[kLanes] = {};
            for (int r = 0; r < n; r++) dots[r] = plain_dot(i + r, k, e + r * padded);
            return load(dots);
        });
        if (outputs_used_ == 0) return;
        float scales[kLanes], own_delta[kLanes];
        store(scales, row.scale);
        store(own_delta, zero() - load(group.others));
        for (int r = 0; r < n; r++) {
            float *e_row = e + r * padded;
            e_row[label(i + r)] = own_delta[r];
            for (int o = 0; o < outputs_used_; o++) {
                with_elements(outputs_[o], (i + r) * outputs_[o].stride[0], [&](auto *delta) {
                    const F scale = set(scales[r]);
                    for_vectors(C,
                                [&](int64_t c, int count) { store_some(delta + c, load(e_row + c) * scale, count); });
                });
            }
        }
    }

    void exponentials(int64_t i, float *e, Group &group, int r) const {
        const int64_t C = shape_.C, padded = shape_.padded, y = label(i);
        F top = set(kLowest);
        with_elements(args_.logits, i * args_.logits.stride[0], [&](auto *logits) {
            for_vectors(C, [&](int64_t c, int count) {
                F z = load_some(logits + c, count);
                if (bias()) z = z + load_some(bias() + c, count);
                if (count < kLanes) z = z + load(beyond_);
                store(e + c, z);
                top = max(z, top);
            });
        });
        group.own[r] = e[y];
        e[y] = -__builtin_inff();
        float greatest = reduce_max(top);
        if (!(group.own[r] < greatest)) {  // the label's own is the greatest: the others' is another
            top = set(kLowest);
            for (int64_t c = 0; c < padded; c += kLanes) top = max(load(e + c), top);
            greatest = reduce_max(top);
        }
        group.max[r] = greatest;
        const F maximum = set(greatest);
        F others = zero(), squares = zero();
        for (int64_t c = 0; c < padded; c += kLanes) {
            const F x = exp_nonpositive(load(e + c) - maximum);
            store(e + c, x);
            others = others + x;
            squares = fma(x, x, squares);
        }
        float sums[4];
        reduce_add4(others, squares, others, squares, sums);
        group.others[r] = sums[0];
        group.squares[r] = sums[1];
    }

    // Sum over the classes of e_c (u_c - u_y).
    float plain_dot(int64_t i, int64_t k, const float *e) const {
        const F own = set(u_at(i, k, label(i)));
        float dot = 0;
        with_elements(u_, u_row(i, k), [&](auto *u) {
            if (!shape_.subtract) {
                dot = weighted_sum(e, [&](int64_t c, int count) { return load_some(u + c, count) - own; });
            } else {
                with_elements(args_.logits, i * args_.logits.stride[0], [&](auto *z) {
                    dot = weighted_sum(e, [&](int64_t c, int count) {
                        return load_some(u + c, count) - load_some(z + c, count) - own;
                    });
                });
            }
        });
        return dot;
    }

    // Sum of e_c f(c), in four chains: one would wait for itself.
    template <class Value>
    float weighted_sum(const float *e, Value &&value) const {
        F sums[4] = {zero(), zero(), zero(), zero()};
        int64_t c = 0;
        for (; c + 4 * kLanes <= shape_.C; c += 4 * kLanes) {
            for (int j = 0; j < 4; j++) sums[j] = fma(load(e + c + j * kLanes), value(c + j * kLanes, kLanes), sums[j]);
        }
        for (; c < shape_.C; c += kLanes) {
            const int count = static_cast<int>(smaller(kLanes, shape_.C - c));
            sums[0] = fma(load(e + c), value(c, count), sums[0]);
        }
        return reduce_add((sums[0] + sums[1]) + (sums[2] + sums[3]));
    }

    // ---- the end of step 1: one row a lane ---------------------------------------------------

    // dot(k): the sums over classes of e_c (u_kc - u_ky).
    template <class Dot>
    void finish(int64_t i, int n, const CrossEntropy &row, Dot &&dot) {
        F poison = row.loss * zero(), combined = zero();  // 0, or NaN where the loss or a score is not finite
        for (int64_t k = 0; k < shape_.K; k++) {
            const double norm = __builtin_sqrt(args_.direction_norm_squared[k]);
            const F product = row.scale * dot(k);
            const F score = norm == 0 ? product * zero() : product * set(static_cast<float>(-1 / norm));
            poison = fma(score, zero(), poison);
            if (args_.combine == k || (args_.combine < 0 && k == 0)) combined = score;
            else if (args_.combine == GM_COMBINE_MEAN) combined = combined + score;
            else if (args_.combine == GM_COMBINE_MIN) combined = where_greater(combined, score, score, combined);
            if (present(args_.score)) write_score(i, n, k, score + score * zero());
        }
        if (args_.combine == GM_COMBINE_MEAN && shape_.K > 0) combined = combined / set(static_cast<float>(shape_.K));
        store_n(scratch_.loss + i, row.loss, n);
        if (args_.weighting.kind == GM_RHO)
            combined = row.loss - load_n(static_cast<const float *>(args_.reference_loss.data) + i, n);
        store_n(scratch_.statistic + i, combined, n);
        if (scratch_.norm != nullptr) {
            store_n(scratch_.norm + i,
                    row.norm * sqrt(load_n(static_cast<const float *>(args_.feature_norm_squared.data) + i, n)), n);
        }
        float poisons[kLanes];
        store(poisons, poison);
        for (int r = 0; r < n; r++) scratch_.usable[i + r] = poisons[r] == 0;
    }

    // A score that is not finite is NaN.
    void write_score(int64_t i, int n, int64_t k, F score) const {
        const int64_t column = args_.score.rank == 2 ? k : 0;
        float lanes[kLanes];
        store(lanes, score);
        float *to = static_cast<float *>(args_.score.data) + column;
        for (int r = 0; r < n; r++) to[(i + r) * args_.score.stride[0]] = lanes[r];
    }

    // ---- step 2 ------------------------------------------------------------------------------

    void weigh_samples() {
        const int64_t B = shape_.B;
        copy(args_.loss, scratch_.loss);
        copy(args_.gradient_norm, scratch_.norm);
        Statistics statistics;
        statistics.count = B;
        statistics.score = scratch_.statistic;
        statistics.gradient_norm = scratch_.norm;
        if (shape_.K > 0)
            statistics.direction_norm = __builtin_sqrt(args_.direction_norm_squared[larger(args_.combine, 0)]);
        statistics.usable = scratch_.usable;
        const int64_t non_finite = weigh(args_.weighting, statistics, scratch_.weight, scratch_.kept);
        if (args_.non_finite != nullptr) *args_.non_finite = non_finite;
        const bool attached = args_.weighting.kind == GM_RHO && args_.weighting.rho_attached;
        double mean_loss = 0;
        for (int64_t i = 0; attached && i < B; i++)
            mean_loss += scratch_.kept[i] ? scratch_.weight[i] * scratch_.loss[i] : 0;
        float *weight = static_cast<float *>(args_.weight.data);
        for (int64_t i = 0; i < B; i++) {
            const double w = scratch_.weight[i];
            if (weight != nullptr) weight[i] = static_cast<float>(w);
            scratch_.scale[i] = static_cast<float>(w == 0 || !attached ? w : w * (1 + scratch_.loss[i] - mean_loss));
        }
        for (int64_t i = 0; non_finite > 0 && i < B; i++) {
            for (int o = 0; !scratch_.kept[i] && o < outputs_used_; o++) {
                with_elements(outputs_[o], i * outputs_[o].stride[0], [&](auto *row) {
                    for_vectors(shape_.C, [&](int64_t c, int count) { store_some(row + c, zero(), count); });
                });
            }
        }
    }

    void copy(const gm_array &to, const float *from) const {
        for (int64_t i = 0; present(to) && i < shape_.B; i++) static_cast<float *>(to.data)[i] = from[i];
    }

    // ---- step 3 ------------------------------------------------------------------------------

    void weigh_all() {
        const bool mean = present(args_.mean_delta), weighted_sum = present(args_.weighted_delta_sum);
        const bool sums = mean || weighted_sum;
        if (!present(args_.weighted_delta) && !sums) return;
        const int64_t slice = divide_up(shape_.B, shape_.slices), C = shape_.C;
        for_blocks(shape_.strips * shape_.slices, shape_.B * C, [&](int64_t block, int thread) {
            const int64_t column = block % shape_.strips * shape_.strip, width = smaller(shape_.strip, C - column);
            const int64_t begin = smaller(block / shape_.strips * slice, shape_.B),
                          end = smaller(begin + slice, shape_.B);
            float *total = sums ? scratch_.partial + block / shape_.strips * 2 * C + column : nullptr;
            float *part = sums ? scratch_.strip + thread * 2 * shape_.strip : nullptr;
            if (sums) clear(total, C, width);
            for (int64_t i = begin; i < end; i += kSumRows) {
                if (sums) clear(part, shape_.strip, width);
                const int64_t last = smaller(i + kSumRows, end);
                int64_t row = i;
                for (; row + 4 <= last; row += 4) weigh_rows<4>(row, column, width, part);
                for (; row < last; row++) weigh_rows<1>(row, column, width, part);
                if (sums) add(part, shape_.strip, width, total, C);
            }
        });
        if (mean) reduce(args_.mean_delta, 0, shape_.B == 0 ? 0 : 1 / static_cast<float>(shape_.B));
        if (weighted_sum) reduce(args_.weighted_delta_sum, C, 1);
    }

    static void clear(float *p, int64_t stride, int64_t width) {
        for (int64_t c = 0; c < width; c++) p[c] = p[stride + c] = 0;
    }

    static void add(const float *from, int64_t from_stride, int64_t width, float *to, int64_t to_stride) {
        for (int half = 0; half < 2; half++) {
            for (int64_t c = 0; c < width; c++) to[half * to_stride + c] += from[half * from_stride + c];
        }
    }

    // weighted_delta of some columns of R rows; their sums, unweighted and weighted, grow in part
    // [2][strip]. Four rows at once, since with few columns a row would wait for the sum of the last.
    template <int R>
    void weigh_rows(int64_t i, int64_t column, int64_t width, float *part) const {
        const gm_array &source = outputs_[outputs_used_ - 1], &target = args_.weighted_delta;
        const int64_t from = source.stride[0], to = target.stride[0];
        with_elements(source, i * from + column, [&](auto *delta) {
            const auto row = [&](int64_t c, int count, int r) { return load_some(delta + r * from + c, count); };
            if (!present(target)) {
                for_vectors(width, [&](int64_t c, int count) {
                    F x[R];
                    for (int r = 0; r < R; r++) x[r] = row(c, count, r);
                    add_rows<R>(x, i, c, count, part);
                });
                return;
            }
            with_elements(target, i * to + column, [&](auto *weighted) {
                for_vectors(width, [&](int64_t c, int count) {
                    F x[R];
                    for (int r = 0; r < R; r++) {
                        x[r] = row(c, count, r);
                        store_some(weighted + r * to + c, x[r] * set(scratch_.scale[i + r]), count);
                    }
                    if (part != nullptr) add_rows<R>(x, i, c, count, part);
                });
            });
        });
    }

    template <int R>
    void add_rows(const F (&x)[R], int64_t i, int64_t c, int count, float *part) const {
        F sum = x[0], weighted_sum = x[0] * set(scratch_.scale[i]);
        for (int r = 1; r < R; r++) {
            sum = sum + x[r];
            weighted_sum = fma(x[r], set(scratch_.scale[i + r]), weighted_sum);
        }
        float *weighted = part + shape_.strip + c;
        store_some(part + c, load_some(part + c, count) + sum, count);
        store_some(weighted, load_some(weighted, count) + weighted_sum, count);
    }

    void reduce(const gm_array &to, int64_t offset, float factor) const {
        float *sum = static_cast<float *>(to.data);
        for (int64_t c = 0; c < shape_.C; c++) {
            float value = 0;
            for (int64_t s = 0; s < shape_.slices; s++) value += scratch_.partial[s * 2 * shape_.C + offset + c];
            sum[c] = value * factor;
        }
    }

    const gm_head_step_args &args_;
    const Shape shape_;
    const Scratch scratch_;
    const gm_array u_;
    gm_array outputs_[2] = {};  // where step 1 puts delta; step 3 reads the last
    int outputs_used_ = 0;
    float beyond_[kLanes];  // added to a row's last vector of logits: the places beyond C are e^-inf = 0
};

}  // namespace

size_t head_step_workspace(const gm_head_step_args &args) {
    Arena arena;
    Scratch(arena, args, Shape(args));
    return arena.bytes_needed();
}

void head_step(const gm_head_step_args &args, Arena arena) { HeadStep(args, arena).run(); }

}  // namespace gm::cpu::GM_ISA
