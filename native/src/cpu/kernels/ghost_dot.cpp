// dot_i = sum_t delta_it . (V a_it) for a [B,T,I], delta [B,T,O], V [O,I].
//
// B T I O multiply-adds over B T (I + O) + O I numbers: a matrix product of which nothing but B numbers
// is wanted. V a never exists: a tile of the product is multiplied by its deltas while it is still in
// registers, as vectors, and added over the columns into one vector per token. Lanes are added once
// per token and block of V, not once per tile. The sum is linear in V's columns, so I is cut
// into blocks as freely as O, and a block of V is packed (and widened) once for kBlockRows tokens.
//
// Tokens of all samples are rows of one product, since T is 1 for most heads; tokens whose delta is
// zero are left out. Every token's sum over a block is a double of its own; a sample's are added in
// the order of its tokens. A thread takes a block of tokens and a slab of V: all of V where
// there are many tokens, some kBlockColumns rows of it where there are few.
#include <cstring>

#include "cpu/kernels.h"
#include "cpu/parallel.h"
#include "cpu/product.h"
#include "cpu/tokens.h"

namespace gm::cpu::GM_ISA {
namespace {

// Enough to keep many threads busy; more only packs the same tokens more often.
constexpr int64_t kPieces = 64;

// Fewer tokens than this do not repay the packing of a V that is f32 already.
constexpr int kRowsToPack = 16;

// Pieces of V's rows are short and far apart: too short for the processor to see where they lead.
constexpr int kRowsAhead = 4;

struct Scratch {
    int64_t tokens, inputs, outputs;
    int64_t a_size, v_size, delta_size, sums_size;
    int64_t *which, *count;       // [B,T] and [B]: tokens that carry gradient
    double *partial;              // [tokens, slabs]
    float *a, *v, *delta, *sums;  // per thread: packed blocks and a vector per token
    Scratch(const gm_ghost_dot_args &args, Arena &arena)
        : tokens(args.input.shape[0] * args.input.shape[1]), inputs(args.input.shape[2]), outputs(args.delta.shape[2]) {
        const int64_t rows = smaller(tokens, kBlockRows), columns = smaller(outputs, kBlockColumns);
        const int64_t depth = smaller(inputs, kBlockDepth), tiles = divide_up(outputs, kBlockColumns);
        const int64_t threads = scratch_threads();
        a_size = rows * depth;
        v_size = columns * depth;
        delta_size = rows * columns;
        sums_size = rows * kLanes;
        which = arena.take<int64_t>(tokens);
        count = arena.take<int64_t>(args.input.shape[0]);
        // slabs(n) n is below both bounds for every number n <= tokens of tokens that carry gradient
        partial = arena.take<double>(smaller(tokens * smaller(tiles, kPieces), tokens + kPieces * kBlockRows));
        a = arena.take<float>(threads * a_size);
        v = arena.take<float>(threads * v_size);
        delta = arena.take<float>(threads * delta_size);
        sums = arena.take<float>(threads * sums_size);
    }
    int64_t slabs(int64_t n) const {
        return smaller(divide_up(outputs, kBlockColumns), divide_up(kPieces, larger(1, divide_up(n, kBlockRows))));
    }
};

// One thread's block of tokens times a slab of V.
class Block {
public:
    Block(const gm_ghost_dot_args &args, const Scratch &scratch, int thread, const int64_t *tokens, int rows)
        : args_(args), tokens_(tokens), rows_(rows), a_(scratch.a + thread * scratch.a_size),
          v_(scratch.v + thread * scratch.v_size), delta_(scratch.delta + thread * scratch.delta_size),
          sums_(scratch.sums + thread * scratch.sums_size) {}

    // sum[r] = sum over o in [from, to) of delta_ro (V a_r)_o
    void multiply(int64_t from, int64_t to, double *sum) {
        const int64_t inputs = args_.input.shape[2];
        for (int r = 0; r < rows_; r++) sum[r] = 0;
        for (int64_t at = 0; at < inputs; at += kBlockDepth) {
            const int64_t depth = smaller(kBlockDepth, inputs - at);
            for (int r = 0; r < rows_; r++) token(args_.input, r).copy(at, depth, a_ + r * depth);
            for (int64_t o = from; o < to; o += kBlockColumns) {
                multiply_block(o, static_cast<int>(smaller(kBlockColumns, to - o)), at, depth, sum);
            }
        }
    }

private:
    Row token(const gm_array &array, int r) const {
        const int64_t T = args_.input.shape[1];
        return row(array, tokens_[r] / T, tokens_[r] % T);
    }

    void multiply_block(int64_t o, int columns, int64_t at, int64_t depth, double *sum) {
        for (int r = 0; r < rows_; r++) token(args_.delta, r).copy(o, columns, delta_ + r * columns);
        const gm_array &direction = args_.direction;
        const float *v = v_;
        int64_t v_stride = depth;
        if (direction.dtype == GM_F32 && rows_ < kRowsToPack) {
            v = row(direction, o).floats(at, depth, nullptr);
            v_stride = direction.stride[0];
        } else {
            for (int n = 0; n < columns; n++) {
                if (n + kRowsAhead < columns) row(direction, o + n + kRowsAhead).prefetch(at, depth);
                row(direction, o + n).copy(at, depth, v_ + n * depth);
            }
        }
        std::memset(sums_, 0, sizeof(float) * kLanes * static_cast<size_t>(rows_));
        product(
            a_, depth, rows_, v, v_stride, columns, depth,
            false, [&](int r, int n, auto &acc) __attribute__((always_inline)) {
                add(r, delta_ + r * columns + n, columns, acc);
            });
        float four[4];
        int r = 0;
        for (; r + 4 <= rows_; r += 4) {
            const float *s = sums_ + r * kLanes;
            reduce_add4(load(s), load(s + kLanes), load(s + 2 * kLanes), load(s + 3 * kLanes), four);
            for (int n = 0; n < 4; n++) sum[r + n] += four[n];
        }
        for (; r < rows_; r++) sum[r] += reduce_add(load(sums_ + r * kLanes));
    }

    // The epilogue: sums_r += sum_n delta_rn acc_rn, lane by lane.
    template <int R, int N>
    inline __attribute__((always_inline)) void add(int first, const float *delta, int stride, F (&acc)[R][N]) {
#pragma GCC unroll 8
        for (int r = 0; r < R; r++) {
            float *at = sums_ + (first + r) * kLanes;
            F s = load(at);
#pragma GCC unroll 8
            for (int n = 0; n < N; n++) s = fma(acc[r][n], set(delta[r * stride + n]), s);
            store(at, s);
        }
    }

    const gm_ghost_dot_args &args_;
    const int64_t *tokens_;
    int rows_;
    float *a_, *v_, *delta_, *sums_;
};

}  // namespace

size_t ghost_dot_workspace(const gm_ghost_dot_args &args) {
    Arena arena;
    Scratch(args, arena);
    return arena.bytes_needed();
}

void ghost_dot(const gm_ghost_dot_args &args, Arena arena) {
    const Scratch scratch(args, arena);
    const int64_t B = args.input.shape[0], T = args.input.shape[1];
    find_tokens(args.delta, scratch.which, scratch.count, [](int64_t) {});
    int64_t tokens = 0;  // those found, from now on in one list of i * T + t
    for (int64_t i = 0; i < B; i++) {
        for (int64_t n = 0; n < scratch.count[i]; n++) scratch.which[tokens++] = i * T + scratch.which[i * T + n];
    }
    const int64_t slabs = scratch.slabs(tokens), blocks = divide_up(tokens, kBlockRows);
    const int64_t tiles = divide_up(scratch.outputs, kBlockColumns);
    for_blocks(blocks * slabs, tokens * scratch.inputs * scratch.outputs, [&](int64_t piece, int thread) {
        const int64_t first = piece / slabs * kBlockRows, slab = piece % slabs;
        const int rows = static_cast<int>(smaller(kBlockRows, tokens - first));
        const int64_t from = slab * tiles / slabs * kBlockColumns, to = (slab + 1) * tiles / slabs * kBlockColumns;
        double *sum = scratch.partial + first * slabs + slab * rows;  // [block][slab][row]
        Block(args, scratch, thread, scratch.which + first, rows).multiply(from, smaller(to, scratch.outputs), sum);
    });
    int64_t token = 0;
    for (int64_t i = 0; i < B; i++) {
        double dot = 0;
        for (int64_t n = 0; n < scratch.count[i]; n++, token++) {
            const int64_t first = token / kBlockRows * kBlockRows, rows = smaller(kBlockRows, tokens - first);
            const double *sum = scratch.partial + first * slabs + (token - first);
            for (int64_t slab = 0; slab < slabs; slab++) dot += sum[slab * rows];
        }
        put(args.dot, i, dot);
    }
}

}  // namespace gm::cpu::GM_ISA
