// dot_i = sum_t U_it . delta_it over [B,T,O].
//
// One multiply-add for 8 bytes read (4 in halves): memory is the limit. A sample is cut into blocks of
// kBlock elements, or short samples are taken several at a time, so that one huge sample and a
// million small ones both spread over the threads. The blocks of a sample and their order depend on
// its own size alone: its result has the same bits in every batch.
#include "cpu/kernels.h"
#include "cpu/parallel.h"
#include "cpu/pieces.h"

namespace gm::cpu::GM_ISA {
namespace {

constexpr int64_t kBlock = 1 << 15;

struct Scratch {
    int64_t length, blocks;  // elements and blocks of a sample
    double *partial;         // [B, blocks]
    Scratch(const gm_row_dot_args &args, Arena &arena)
        : length(args.projected.shape[1] * args.projected.shape[2]), blocks(divide_up(length, kBlock)),
          partial(arena.take<double>(args.projected.shape[0] * blocks)) {}
};

// Tokens that lie end to end in both arrays are one long row.
int64_t row_length(const gm_row_dot_args &args) {
    const int64_t T = args.projected.shape[1], O = args.projected.shape[2];
    return T == 1 || (args.projected.stride[1] == O && args.delta.stride[1] == O) ? T * O : O;
}

double block_sum(const gm_row_dot_args &args, int64_t length, int64_t i, int64_t from, int64_t to) {
    float projected[kChunk], delta[kChunk];
    double sum = 0;
    for_pieces(from, to, length, [&](int64_t t, int64_t column, int n) {
        sum += dot(row(args.projected, i, t).floats(column, n, projected),
                   row(args.delta, i, t).floats(column, n, delta), n);
    });
    return sum;
}

}  // namespace

size_t row_dot_workspace(const gm_row_dot_args &args) {
    Arena arena;
    Scratch(args, arena);
    return arena.bytes_needed();
}

void row_dot(const gm_row_dot_args &args, Arena arena) {
    const Scratch scratch(args, arena);
    const int64_t B = args.projected.shape[0], length = row_length(args), parts = B * scratch.blocks;
    const int64_t group = larger(1, kBlock / larger(1, scratch.length));
    for_blocks(divide_up(parts, group), B * scratch.length, [&](int64_t block, int) {
        for (int64_t part = block * group; part < smaller(parts, (block + 1) * group); part++) {
            const int64_t i = part / scratch.blocks, from = part % scratch.blocks * kBlock;
            scratch.partial[part] = block_sum(args, length, i, from, smaller(scratch.length, from + kBlock));
        }
    });
    for (int64_t i = 0; i < B; i++) {
        double sum = 0;
        for (int64_t block = 0; block < scratch.blocks; block++) sum += scratch.partial[i * scratch.blocks + block];
        put(args.dot, i, sum);
    }
}

}  // namespace gm::cpu::GM_ISA
