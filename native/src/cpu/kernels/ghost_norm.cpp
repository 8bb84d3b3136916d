// |g_i|^2 for g_i = sum_t delta_it a_it^T, a [B,T,I] and delta [B,T,O], by the cheapest of three:
//
//   one token   |a|^2 |delta|^2: I + O multiply-adds.
//   Gram        sum_tu (delta_t . delta_u)(a_t . a_u), of which t <= u suffices: T^2/2 (I + O).
//   direct      g_i itself, T I O, in blocks that are squared and forgotten.
//
// T counts the tokens that carry gradient (tokens.h), so a sample that pools one token is always of the
// first kind. Gram is taken where T (I + O) <= 2 kGram I O; kGram is what a multiply-add of the direct
// product costs over one of the Gram form, measured by bench/native/ghost_norm_bench.
//
// The Gram form uses tile.h's dot products with lanes added per tile, since two sums are multiplied.
// The direct product contracts over tokens, which are far apart in memory, so its tiles are outer
// products: lanes run along I, nothing is transposed, and g_i's squares are added lane by lane.
//
// A thread takes a pair of blocks of tokens, or a block of g_i; their sums are doubles of their own,
// added in a fixed order that depends on the sample's own shape only.
#include <cstring>

#include "cpu/kernels.h"
#include "cpu/parallel.h"
#include "cpu/product.h"
#include "cpu/tokens.h"

namespace gm::cpu::GM_ISA {
namespace {

enum class Form { cheapest, gram, direct };

#if defined(__AVX512F__)
constexpr int kOuterRows = 6, kOuterVectors = 4;  // 24 sums, 4 loads, deltas broadcast from memory
#elif defined(__AVX2__)
constexpr int kOuterRows = 6, kOuterVectors = 2;
#else
constexpr int kOuterRows = 4, kOuterVectors = 2;
#endif

constexpr double kGram = 0.6;  // docs/kernels.md has the measurements

constexpr int64_t kGramTokens = kBlockColumns;                     // a block of tokens
constexpr int64_t kGOutputs = 96, kGInputs = 256, kGTokens = 128;  // a block of g_i; tokens packed for it
static_assert(kGOutputs % kOuterRows == 0 && kGInputs % (kOuterVectors * kLanes) == 0, "whole tiles");

struct Scratch {
    int64_t tokens, inputs, outputs, parts;
    int64_t left_size, right_size, sums_size;
    int64_t *which, *count;  // [B,T] and [B]: tokens that carry gradient
    int64_t *first;          // [B + 1]: a sample's first part
    double *partial;         // [B, parts at most]
    float *left, *right;     // per thread: packed blocks of both factors
    double *sums;            // per thread: two Gram blocks, or g_i's as floats
    Scratch(const gm_ghost_norm_args &args, Arena &arena)
        : tokens(args.input.shape[1]), inputs(args.input.shape[2]), outputs(args.delta.shape[2]) {
        const int64_t B = args.input.shape[0], threads = scratch_threads();
        parts = larger(gram_parts(tokens), direct_parts());
        left_size = kGramTokens * kBlockDepth;
        right_size = left_size;
        sums_size = 2 * kGramTokens * kGramTokens;
        which = arena.take<int64_t>(B * tokens);
        count = arena.take<int64_t>(B);
        first = arena.take<int64_t>(B + 1);
        if (tokens < 2) parts = 0;  // no products
        const bool products = parts > 0;
        partial = arena.take<double>(B * parts);
        left = arena.take<float>(products ? threads * left_size : 0);
        right = arena.take<float>(products ? threads * right_size : 0);
        sums = arena.take<double>(products ? threads * sums_size : 0);
    }
    static int64_t gram_parts(int64_t n) {
        const int64_t blocks = divide_up(n, kGramTokens);
        return blocks * (blocks + 1) / 2;
    }
    int64_t direct_parts() const { return divide_up(outputs, kGOutputs) * divide_up(inputs, kGInputs); }
    bool gram(int64_t n, Form form) const {
        if (form != Form::cheapest) return form == Form::gram;
        return static_cast<double>(n) * static_cast<double>(inputs + outputs) <=
               2 * kGram * static_cast<double>(inputs) * static_cast<double>(outputs);
    }
};
static_assert(kGTokens * kGInputs <= kGramTokens * kBlockDepth, "both forms share the packed blocks");
static_assert(kGTokens * kGOutputs <= kGramTokens * kBlockDepth, "both forms share the packed blocks");
static_assert(kGOutputs * kGInputs <= 4 * kGramTokens * kGramTokens, "both forms share the sums");

// The products of one sample on one thread.
class Sample {
public:
    Sample(const gm_ghost_norm_args &args, const Scratch &scratch, int thread, int64_t i)
        : args_(args), sample_(i), tokens_(scratch.which + i * scratch.tokens), count_(scratch.count[i]),
          left_(scratch.left + thread * scratch.left_size), right_(scratch.right + thread * scratch.right_size),
          sums_(scratch.sums + thread * scratch.sums_size) {}

    double one_token() const {
        const Row a = token(args_.input, 0), delta = token(args_.delta, 0);
        return norm_squared(a, args_.input.shape[2]) * norm_squared(delta, args_.delta.shape[2]);
    }

    // Tokens of block `t` with those of block `u` >= t, both ways.
    double gram(int64_t t, int64_t u) {
        const int rows = block_size(t), columns = block_size(u);
        double *inputs = sums_, *deltas = sums_ + kGramTokens * kGramTokens;
        multiply(args_.input, t, u, inputs);
        multiply(args_.delta, t, u, deltas);
        double diagonal = 0, beside = 0;
        for (int n = 0; n < columns; n++) {
            const double *a = inputs + n * kGramTokens, *d = deltas + n * kGramTokens;
            const int last = t == u ? n : rows;
            for (int r = 0; r < last; r++) beside += a[r] * d[r];
            if (t == u) diagonal += a[n] * d[n];
        }
        return diagonal + 2 * beside;
    }

    // The square of g_i's block at (o, in).
    double direct(int64_t o, int64_t in) {
        const int outputs = static_cast<int>(smaller(kGOutputs, args_.delta.shape[2] - o));
        const int inputs = static_cast<int>(smaller(kGInputs, args_.input.shape[2] - in));
        const int height = static_cast<int>(divide_up(outputs, kOuterRows)) * kOuterRows;
        const int width = static_cast<int>(divide_up(inputs, kOuterVectors * kLanes)) * kOuterVectors * kLanes;
        float *g = reinterpret_cast<float *>(sums_);
        std::memset(g, 0, sizeof(float) * static_cast<size_t>(height * width));
        for (int64_t first = 0; first < count_; first += kGTokens) {
            const int n = static_cast<int>(smaller(kGTokens, count_ - first));
            pack(args_.delta, first, n, o, outputs, height, left_);
            pack(args_.input, first, n, in, inputs, width, right_);
            for (int column = 0; column < width; column += kOuterVectors * kLanes) {
                for (int line = 0; line < height; line += kOuterRows) {
                    outer(left_ + line, height, right_ + column, width, n, g + line * width + column);
                }
            }
        }
        double sum = 0;  // without the padding, which is 0 times something that may be infinite
        for (int line = 0; line < outputs; line++) sum += dot(g + line * width, g + line * width, inputs);
        return sum;
    }

private:
    static double norm_squared(const Row &x, int64_t length) {
        float buffer[kChunk];
        double sum = 0;
        for (int64_t at = 0; at < length; at += kChunk) {
            const int64_t n = smaller(length - at, kChunk);
            const float *piece = x.floats(at, n, buffer);
            sum += dot(piece, piece, n);
        }
        return sum;
    }

    Row token(const gm_array &array, int64_t n) const { return row(array, sample_, tokens_[n]); }

    int block_size(int64_t block) const { return static_cast<int>(smaller(kGramTokens, count_ - block * kGramTokens)); }

    // gram[n * kGramTokens + r] = x_r . x_n for r in block t and n in block u; where t = u for r <= n.
    void multiply(const gm_array &x, int64_t t, int64_t u, double *gram) {
        const int64_t length = x.shape[2];
        const int rows = block_size(t), columns = block_size(u);
        std::memset(gram, 0, sizeof(double) * static_cast<size_t>(columns * kGramTokens));
        for (int64_t at = 0; at < length; at += kBlockDepth) {
            const int64_t depth = smaller(kBlockDepth, length - at);
            for (int r = 0; r < rows; r++) token(x, t * kGramTokens + r).copy(at, depth, left_ + r * depth);
            const float *right = left_;
            if (t != u) {
                for (int n = 0; n < columns; n++) token(x, u * kGramTokens + n).copy(at, depth, right_ + n * depth);
                right = right_;
            }
            product(
                left_, depth, rows, right, depth, columns, depth,
                t == u, [&](int r, int n, auto &acc) __attribute__((always_inline)) {
                    add(acc, gram + n * kGramTokens + r);
                });
        }
    }

    template <int R, int N>
    static inline __attribute__((always_inline)) void add(F (&acc)[R][N], double *gram) {
#pragma GCC unroll 8
        for (int n = 0; n < N; n++) {
            if constexpr (R == 4) {
                float four[4];
                reduce_add4(acc[0][n], acc[1][n], acc[2][n], acc[3][n], four);
                for (int r = 0; r < 4; r++) gram[n * kGramTokens + r] += four[r];
            } else {
                gram[n * kGramTokens] += reduce_add(acc[0][n]);
            }
        }
    }

    // [n, width] of floats: columns [from, from + length) of tokens `first` and on, zeros behind.
    void pack(const gm_array &x, int64_t first, int n, int64_t from, int length, int width, float *to) const {
        for (int t = 0; t < n; t++, to += width) {
            token(x, first + t).copy(from, length, to);
            std::memset(to + length, 0, sizeof(float) * static_cast<size_t>(width - length));
        }
    }

    // g[r][lanes] += sum_t delta[t][r] a[t][lanes] for a tile of g.
    static void outer(const float *delta, int delta_stride, const float *a, int stride, int tokens, float *g) {
        F acc[kOuterRows][kOuterVectors];
#pragma GCC unroll 8
        for (int r = 0; r < kOuterRows; r++) {
#pragma GCC unroll 8
            for (int n = 0; n < kOuterVectors; n++) acc[r][n] = load(g + r * stride + n * kLanes);
        }
        for (int t = 0; t < tokens; t++, delta += delta_stride, a += stride) {
            F columns[kOuterVectors];
#pragma GCC unroll 8
            for (int n = 0; n < kOuterVectors; n++) columns[n] = load(a + n * kLanes);
#pragma GCC unroll 8
            for (int r = 0; r < kOuterRows; r++) {
                const F d = set(delta[r]);
#pragma GCC unroll 8
                for (int n = 0; n < kOuterVectors; n++) acc[r][n] = fma(d, columns[n], acc[r][n]);
            }
        }
#pragma GCC unroll 8
        for (int r = 0; r < kOuterRows; r++) {
#pragma GCC unroll 8
            for (int n = 0; n < kOuterVectors; n++) store(g + r * stride + n * kLanes, acc[r][n]);
        }
    }

    const gm_ghost_norm_args &args_;
    int64_t sample_;
    const int64_t *tokens_;
    int64_t count_;
    float *left_, *right_;
    double *sums_;
};

void ghost_norm_by(Form form, const gm_ghost_norm_args &args, Arena arena) {
    const Scratch scratch(args, arena);
    const int64_t B = args.input.shape[0];
    find_tokens(args.delta, scratch.which, scratch.count, [&](int64_t i) {
        if (scratch.count[i] < 2)
            put(args.norm_squared, i, scratch.count[i] == 0 ? 0 : Sample(args, scratch, 0, i).one_token());
    });
    int64_t parts = 0, work = 0;
    for (int64_t i = 0; i < B; i++) {
        const int64_t n = scratch.count[i];
        scratch.first[i] = parts;
        if (n < 2) continue;
        const bool gram = scratch.gram(n, form);
        parts += gram ? Scratch::gram_parts(n) : scratch.direct_parts();
        work += n * (scratch.inputs + scratch.outputs);
    }
    scratch.first[B] = parts;
    for_blocks(parts, work, [&](int64_t part, int thread) {
        int64_t i = 0, end = B;  // the last sample that starts at or before the part
        while (end - i > 1) {
            const int64_t middle = i + (end - i) / 2;
            if (scratch.first[middle] <= part) i = middle;
            else end = middle;
        }
        Sample sample(args, scratch, thread, i);
        int64_t at = part - scratch.first[i];
        if (scratch.gram(scratch.count[i], form)) {
            int64_t u = 0;
            for (; at > u; u++) at -= u + 1;
            scratch.partial[part] = sample.gram(at, u);
        } else {
            const int64_t across = divide_up(scratch.inputs, kGInputs);
            scratch.partial[part] = sample.direct(at / across * kGOutputs, at % across * kGInputs);
        }
    });
    for (int64_t i = 0; i < B; i++) {
        if (scratch.count[i] < 2) continue;
        double sum = 0;
        for (int64_t part = scratch.first[i]; part < scratch.first[i + 1]; part++) sum += scratch.partial[part];
        put(args.norm_squared, i, sum < 0 ? 0 : sum);  // the Gram form may round a zero to below zero
    }
}

}  // namespace

size_t ghost_norm_workspace(const gm_ghost_norm_args &args) {
    Arena arena;
    Scratch(args, arena);
    return arena.bytes_needed();
}

void ghost_norm(const gm_ghost_norm_args &args, Arena arena) { ghost_norm_by(Form::cheapest, args, arena); }

}  // namespace gm::cpu::GM_ISA
