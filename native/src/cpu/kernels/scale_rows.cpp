// gm_scale_rows: output_i = scale * weight_i * input_i, rows of weight 0 set to 0.
//
// One multiplication for every element read and written (8 bytes in f32, 4 in 16 bits): memory is the
// limit. Rows of weight 0 are not read at all. Blocks are pieces of rows, so that one long row is
// shared between threads and many short ones make one block.
#include "cpu/kernels.h"
#include "cpu/parallel.h"
#include "cpu/rows.h"

namespace gm::cpu::GM_ISA {
namespace {

constexpr int64_t kBlock = 1 << 15;  // elements

}  // namespace

size_t scale_rows_workspace(const gm_scale_rows_args &) { return 0; }

void scale_rows(const gm_scale_rows_args &args, Arena) {
    const int64_t R = args.input.shape[0], D = args.input.shape[1];
    if (D == 0) return;
    const int64_t pieces = divide_up(D, kBlock), rows = larger(kBlock / D, 1);
    const float *weight = static_cast<const float *>(args.weight.data);
    for_blocks(divide_up(R, rows) * pieces, R * D, [&](int64_t block, int) {
        const int64_t begin = block / pieces * rows, end = smaller(begin + rows, R);
        const int64_t column = block % pieces * kBlock, width = smaller(kBlock, D - column);
        with_elements(args.input, column, [&](auto *input) {
            auto *output = static_cast<decltype(input)>(args.output.data) + column;
            for (int64_t i = begin; i < end; i++) {
                const auto *from = input + i * args.input.stride[0];
                auto *to = output + i * args.output.stride[0];
                if (weight[i] == 0) {
                    for_vectors(width, [&](int64_t c, int count) { store_some(to + c, zero(), count); });
                    continue;
                }
                const F factor = set(static_cast<float>(args.scale * weight[i]));
                for_vectors(width, [&](int64_t c, int count) {
                    store_some(to + c, load_some(from + c, count) * factor, count);
                });
            }
        });
    });
}

}  // namespace gm::cpu::GM_ISA
