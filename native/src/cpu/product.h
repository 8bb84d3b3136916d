// A block of rows times a block of columns, both packed, in tiles of tile.h with whatever is left at
// the edges. A panel of kTileColumns columns stays in the first-level cache while the rows pass by
// out of the second: (R + N)/(R N) loads a multiply-add, R/(R N) of them from further away.
#pragma once

#include "cpu/pieces.h"
#include "cpu/tile.h"

namespace gm::cpu::GM_ISA {

// depth: elements along k at once, 2 KiB a row; rows: a block of 128 is 256 KiB; columns: divisible by
// every kTileColumns. Blocks and all go into the second-level cache (1 MiB on today's servers).
constexpr int kBlockDepth = 512, kBlockRows = 128, kBlockColumns = 96;

template <int N, class Done>
inline void tile_rows(const float *a, int64_t a_stride, int rows, const float *b, int64_t b_stride, int column,
                      int64_t depth, Done &&done) {
    Prefetch none;
    const float *columns[N];
    for (int n = 0; n < N; n++) columns[n] = b + (column + n) * b_stride;
    int row = 0;
    for (; row + kTileRows <= rows; row += kTileRows) {
        const float *four[kTileRows];
        for (int r = 0; r < kTileRows; r++) four[r] = a + (row + r) * a_stride;
        tile<kTileRows, N>(
            four, columns, depth, none, [&](auto &acc) __attribute__((always_inline)) { done(row, column, acc); });
    }
    for (; row < rows; row++) {
        const float *one[1] = {a + row * a_stride};
        tile<1, N>(
            one, columns, depth, none, [&](auto &acc) __attribute__((always_inline)) { done(row, column, acc); });
    }
}

template <int N, class Done>
inline void tile_columns(const float *a, int64_t a_stride, int rows, const float *b, int64_t b_stride, int column,
                         int columns, int64_t depth, Done &&done) {
    if constexpr (N > 1) {
        if (columns < N) {
            tile_columns<N - 1>(a, a_stride, rows, b, b_stride, column, columns, depth, done);
            return;
        }
    }
    tile_rows<N>(a, a_stride, rows, b, b_stride, column, depth, done);
}

// done(row, column, acc) with acc an F[R][N] whose lanes add up to a_row . b_column for each of R rows
// and N columns. `upper`: only tiles that hold some column >= row.
template <class Done>
inline void product(const float *a, int64_t a_stride, int rows, const float *b, int64_t b_stride, int columns,
                    int64_t depth, bool upper, Done &&done) {
    for (int column = 0; column < columns; column += kTileColumns) {
        const int n = static_cast<int>(smaller(kTileColumns, columns - column));
        const int last = upper ? static_cast<int>(smaller(rows, column + n)) : rows;
        tile_columns<kTileColumns>(a, a_stride, last, b, b_stride, column, n, depth, done);
    }
}

}  // namespace gm::cpu::GM_ISA
