// gm_head_score: loss, score and gradient norm of features against a head and its reference, without
// logits in memory.
//
// It must read B I features once (4 bytes each in f32) and do 2 C multiply-adds for each, W and V
// together: at C = 10 memory and multipliers are about equally busy, from C = 100 on the multipliers
// are the limit. A thread takes blocks of rows that fit L2 (f16 and bf16 widened on the way, |h|^2
// taken in the same sweep) and, for up to kClasses classes at a time, fills ZT [2 kClasses][rows] with
// the products, tile by tile:
//   - columns are the rows of W and V as they lie, gathered by pointer: a tile may hold both, and 2 C
//     columns are dealt out evenly (20 are 4 tiles of 5). Nothing is packed, and C = 10 wastes nothing;
//   - a tile's columns stay in L1 while all rows of the block pass by; the inner dimension is cut into
//     pieces of kInner so that they fit;
//   - the next piece, or the thread's next block of rows, is prefetched between multiply-adds.
// Then the softmax statistics take ZT with one row a lane, no horizontal sums, merged from one group
// of classes to the next by their running maximum: scratch does not grow with C.
#include "cpu/cross_entropy.h"
#include "cpu/kernels.h"
#include "cpu/parallel.h"
#include "cpu/rows.h"
#include "cpu/tile.h"

namespace gm::cpu::GM_ISA {
namespace {

constexpr int64_t kInner = 1024;   // floats of a column or a row that a tile reads at once
constexpr int64_t kRows = 64;      // of a block: 256 KiB at kInner
constexpr int64_t kClasses = 120;  // that share a pass over the block
constexpr int64_t kRun = 16;       // blocks that a thread takes one after the other

struct Shape {
    explicit Shape(const gm_head_score_args &args)
        : B(args.features.shape[0]), I(args.features.shape[1]), C(args.weight.shape[0]) {
        pieces = larger(divide_up(I, kInner), 1);
        inner = divide_up(divide_up(I, pieces), kLanes) * kLanes;
        classes = divide_up(C, divide_up(C, kClasses));
        const bool aligned =
            reinterpret_cast<uintptr_t>(args.features.data) % 64 == 0 && args.features.stride[0] % 16 == 0;
        copied = args.features.dtype != GM_F32 || (!aligned && I >= kLanes);
    }
    int64_t B, I, C;
    int64_t pieces, inner;
    int64_t classes;  // of a group
    bool copied;      // features of 16 bits, or not in whole lines: a load across two lines counts twice
};

struct Scratch {
    Scratch(Arena &arena, const Shape &shape)
        : products(arena.take<float>(2 * shape.classes * kRows * scratch_threads())),
          wide(shape.copied ? arena.take<float>(kRows * shape.inner * scratch_threads()) : nullptr) {}
    float *products;  // ZT: [2 classes][kRows] for every thread
    float *wide;      // [kRows][inner] for every thread, aligned floats
};

// Sums over the classes seen so far, one row a lane; see cross_entropy.h.
struct Sums {
    float own[kRows], max[kRows], others[kRows], squares[kRows];
    float dot[kRows];    // sum of e_c (u_c - pivot)
    float pivot[kRows];  // u of the first class: an offset that all u share costs no digits
    float own_u[kRows];
};

class HeadScore {
public:
    HeadScore(const gm_head_score_args &args, Arena &arena) : args_(args), shape_(args), scratch_(arena, shape_) {
        const double norm = __builtin_sqrt(*args.direction_norm_squared);
        minus_inverse_norm_ = norm == 0 ? 0 : static_cast<float>(-1 / norm);
    }

    void run() {
        const int64_t blocks = divide_up(shape_.B, kRows);
        // Long runs of blocks, so that most blocks know their successor, but enough of them to share.
        const int64_t run = clamp(blocks / (8 * scratch_threads()), 1, kRun);
        for_blocks(divide_up(blocks, run), 2 * shape_.B * shape_.I * shape_.C / kLanes, [&](int64_t first, int thread) {
            const int64_t end = smaller((first + 1) * run, blocks);
            for (int64_t block = first * run; block < end; block++) score_block(block * kRows, block + 1 < end, thread);
        });
    }

private:
    // What a block of rows is made of while it is worked on.
    struct Block {
        int64_t begin;
        int rows;
        float *products;
        float *wide;
        bool another;  // block after it for this thread
        Prefetch prefetch;
        float norm_squared[kRows];
        Sums sums;
    };

    void score_block(int64_t begin, bool another, int thread) const {
        Block block;
        block.begin = begin;
        block.rows = static_cast<int>(smaller(kRows, shape_.B - begin));
        block.products = scratch_.products + thread * 2 * shape_.classes * kRows;
        block.wide = shape_.copied ? scratch_.wide + thread * kRows * shape_.inner : nullptr;
        block.another = another;
        for (int r = 0; r < kRows; r++) {
            block.norm_squared[r] = block.sums.own[r] = block.sums.others[r] = block.sums.squares[r] = 0;
            block.sums.dot[r] = block.sums.pivot[r] = block.sums.own_u[r] = 0;
            block.sums.max[r] = kLowest;
        }
        for (int64_t c = 0; c < shape_.C; c += shape_.classes) {
            const int64_t count = smaller(shape_.classes, shape_.C - c);
            multiply(block, c, count);
            add_classes(block, c, count);
        }
        finish(block);
    }

    // The features that will be needed after those from `at` on of this block: its next piece; its
    // first one again, if there are more classes; or the next block's.
    Prefetch features_after(const Block &block, int64_t at, bool last_classes) const {
        const gm_array &h = args_.features;
        Prefetch prefetch;
        const bool last_piece = at + shape_.inner >= shape_.I;
        if (last_piece && (last_classes ? !block.another : shape_.pieces == 1)) return prefetch;
        const int64_t begin = last_piece && last_classes ? block.begin + kRows : block.begin,
                      column = last_piece ? 0 : at + shape_.inner;
        prefetch.width = smaller(shape_.inner, shape_.I - column) * element_bytes(h);
        prefetch.stride = h.stride[0] * element_bytes(h);
        prefetch.rows = smaller(kRows, shape_.B - begin) - 1;
        prefetch.at = static_cast<const char *>(h.data) + begin * prefetch.stride + column * element_bytes(h);
        prefetch.end = prefetch.at + prefetch.width;
        return prefetch;
    }

    // ---- products ----------------------------------------------------------------------------

    // ZT of `count` classes from c on: z = W h + bias, then u = V h.
    void multiply(Block &block, int64_t c, int64_t count) const {
        const float *columns[2 * kClasses];
        for (int64_t j = 0; j < count; j++) {
            const float bias = args_.bias.data == nullptr ? 0 : static_cast<const float *>(args_.bias.data)[c + j];
            columns[j] = static_cast<const float *>(args_.weight.data) + (c + j) * args_.weight.stride[0];
            columns[count + j] = static_cast<const float *>(args_.direction.data) + (c + j) * args_.direction.stride[0];
            for (int r = 0; r < kRows; r++) {
                block.products[j * kRows + r] = bias;
                block.products[(count + j) * kRows + r] = 0;
            }
        }
        const float *rows[kRows];
        for (int64_t at = 0; at < shape_.I; at += shape_.inner) {
            const int64_t length = smaller(shape_.inner, shape_.I - at);
            load_rows(block, at, length, c == 0, rows);
            block.prefetch = features_after(block, at, c + count == shape_.C);
            const int64_t tiles = divide_up(2 * count, kTileColumns);
            int64_t n = 0;
            for (int64_t tile = 0; tile < tiles; tile++) {
                const int64_t width = 2 * count / tiles + (tile < 2 * count % tiles);
                multiply_columns(block, rows, columns + n, width, length, block.products + n * kRows);
                n += width;
            }
            for (int64_t j = 0; j < 2 * count; j++) columns[j] += length;
        }
    }

    // Pointers to the rows' elements from `at` on, as floats; rows beyond the last repeat it.
    void load_rows(Block &block, int64_t at, int64_t length, bool first_classes, const float **rows) const {
        const gm_array &h = args_.features;
        const bool norms = first_classes && args_.gradient_norm.data != nullptr;
        for (int r = 0; r < block.rows; r++) {
            const int64_t offset = (block.begin + r) * h.stride[0] + at;
            if (shape_.copied) {
                float *wide = block.wide + r * shape_.inner;
                with_elements(h, offset, [&](auto *p) {
                    for_vectors(length,
                                [&](int64_t d, int count) { store_some(wide + d, load_some(p + d, count), count); });
                });
                rows[r] = wide;
            } else {
                rows[r] = static_cast<const float *>(h.data) + offset;
            }
            if (norms) block.norm_squared[r] += norm_squared(rows[r], length);
        }
        for (int r = block.rows; r < kRows; r++) rows[r] = rows[block.rows - 1];
    }

    static float norm_squared(const float *p, int64_t length) {
        F sums[4] = {zero(), zero(), zero(), zero()};
        int64_t d = 0;
        for (; d + 4 * kLanes <= length; d += 4 * kLanes) {
            for (int j = 0; j < 4; j++) {
                const F x = load(p + d + j * kLanes);
                sums[j] = fma(x, x, sums[j]);
            }
        }
        for (; d < length; d += kLanes) {
            const F x = load_some(p + d, static_cast<int>(smaller(kLanes, length - d)));
            sums[0] = fma(x, x, sums[0]);
        }
        return reduce_add((sums[0] + sums[1]) + (sums[2] + sums[3]));
    }

    void multiply_columns(Block &block, const float *const *rows, const float *const *columns, int64_t width,
                          int64_t length, float *products) const {
        switch (width) {
            case 1: return multiply_tiles<1>(block, rows, columns, length, products);
            case 2: return multiply_tiles<2>(block, rows, columns, length, products);
#if defined(__AVX512F__)
            case 3: return multiply_tiles<3>(block, rows, columns, length, products);
            case 4: return multiply_tiles<4>(block, rows, columns, length, products);
            case 5: return multiply_tiles<5>(block, rows, columns, length, products);
            default: return multiply_tiles<6>(block, rows, columns, length, products);
#endif
        }
    }

    template <int N>
    static __attribute__((noinline)) void multiply_tiles(Block &block, const float *const *rows,
                                                         const float *const *columns, int64_t length, float *products) {
        for (int r = 0; r < block.rows; r += kTileRows) {
            tile<kTileRows, N>(rows + r, columns, length, block.prefetch, [&](const F(&acc)[kTileRows][N]) {
                for (int n = 0; n < N; n++) {
                    float sums[4];
                    reduce_add4(acc[0][n], acc[1][n], acc[2][n], acc[3][n], sums);
                    float *to = products + n * kRows + r;
                    for (int j = 0; j < 4; j++) to[j] += sums[j];
                }
            });
        }
    }

    // ---- statistics, one row a lane ----------------------------------------------------------

    void add_classes(Block &block, int64_t c, int64_t count) const {
        float *z = block.products, *u = z + count * kRows;
        Sums &sums = block.sums;
        for (int r = 0; r < block.rows; r++) {
            const int64_t own =
                static_cast<const int64_t *>(args_.labels.data)[(block.begin + r) * args_.labels.stride[0]] - c;
            if (own < 0 || own >= count) continue;
            sums.own[r] = z[own * kRows + r];
            sums.own_u[r] = u[own * kRows + r];
            z[own * kRows + r] = -__builtin_inff();
        }
        for (int r = 0; r < block.rows; r += kLanes) {
            if (c == 0) store(sums.pivot + r, load(u + r));
            const F pivot = load(sums.pivot + r), before = load(sums.max + r);
            F top = before;
            for (int64_t j = 0; j < count; j++) top = max(load(z + j * kRows + r), top);
            const F shrink = exp_nonpositive(before - top);
            F others = load(sums.others + r) * shrink, squares = load(sums.squares + r) * shrink * shrink;
            F dot = load(sums.dot + r) * shrink;
            for (int64_t j = 0; j < count; j++) {
                const F e = exp_nonpositive(load(z + j * kRows + r) - top);
                others = others + e;
                squares = fma(e, e, squares);
                dot = fma(e, load(u + j * kRows + r) - pivot, dot);
            }
            store(sums.max + r, top);
            store(sums.others + r, others);
            store(sums.squares + r, squares);
            store(sums.dot + r, dot);
        }
    }

    void finish(Block &block) const {
        const Sums &sums = block.sums;
        for (int r = 0; r < block.rows; r += kLanes) {
            const int n = static_cast<int>(smaller(kLanes, block.rows - r));
            const F others = load(sums.others + r);
            const CrossEntropy row =
                cross_entropy(load(sums.own + r), load(sums.max + r), others, load(sums.squares + r));
            const F dot = load(sums.dot + r) - others * (load(sums.own_u + r) - load(sums.pivot + r));
            F score = row.scale * dot * set(minus_inverse_norm_);
            score = score + score * zero();  // NaN where not finite
            const F norm = row.norm * sqrt(load(block.norm_squared + r));
            write(args_.loss, block.begin + r, row.loss, n);
            write(args_.score, block.begin + r, score, n);
            write(args_.gradient_norm, block.begin + r, norm, n);
            if (args_.non_finite != nullptr) count_non_finite(score + row.loss * zero(), n);
        }
    }

    static void write(const gm_array &to, int64_t i, F x, int n) {
        if (to.data != nullptr) store_n(static_cast<float *>(to.data) + i, x, n);
    }

    void count_non_finite(F x, int n) const {
        float lanes[kLanes];
        store(lanes, x);
        int64_t count = 0;
        for (int r = 0; r < n; r++) count += lanes[r] != lanes[r];
        if (count > 0) __atomic_fetch_add(args_.non_finite, count, __ATOMIC_RELAXED);
    }

    const gm_head_score_args &args_;
    const Shape shape_;
    const Scratch scratch_;
    float minus_inverse_norm_;
};

}  // namespace

size_t head_score_workspace(const gm_head_score_args &args) {
    Arena arena;
    Scratch(arena, Shape(args));
    return arena.bytes_needed();
}

void head_score(const gm_head_score_args &args, Arena arena) {
    if (args.non_finite != nullptr) *args.non_finite = 0;
    HeadScore(args, arena).run();
}

}  // namespace gm::cpu::GM_ISA
