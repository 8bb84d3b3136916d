// The one inner loop under all matrix products here: R rows of a times N rows of b, both contiguous
// along k, as R*N dot products that stay in registers. Every lane works for any number of columns
// (ten classes are ten rows of W), nothing is packed, and row-major W, V and features are read as
// they lie. With R*N accumulators a step of k loads R + N vectors for R*N multiply-adds: 24 for 10
// with AVX-512 (32 registers), 6 for 5 with AVX2 (16), so the multipliers are the limit.
#pragma once

#include "cpu/simd.h"

namespace gm::cpu::GM_ISA {

#if defined(__AVX512F__)
constexpr int kTileRows = 4, kTileColumns = 6;
#elif defined(__AVX2__)
constexpr int kTileRows = 4, kTileColumns = 2;
#else
constexpr int kTileRows = 4, kTileColumns = 2;
#endif

// Rows of memory that will be read soon: next() fetches one line of them into L2. Called between
// multiply-adds, it overlaps reading with arithmetic.
struct Prefetch {
    const char *at = nullptr;       // in the present row
    const char *end = nullptr;      // of it
    int64_t rows = 0;               // behind it
    int64_t width = 0, stride = 0;  // of a row, in bytes

    inline void next() {
        if (at < end) {
            __builtin_prefetch(at, 0, 2);
            at += 64;
        } else if (rows > 0) {
            rows--;
            at = end - width + stride;
            end = at + width;
        }
    }
};

// done(acc): the R x N sums, each still spread over the lanes of a vector.
template <int R, int N, class Done>
inline __attribute__((always_inline)) void tile(const float *const *a, const float *const *b, int64_t k,
                                                Prefetch &prefetch, Done &&done) {
    F acc[R][N];
#pragma GCC unroll 8
    for (int r = 0; r < R; r++) {
#pragma GCC unroll 8
        for (int n = 0; n < N; n++) acc[r][n] = zero();
    }
    int64_t at = 0;
    for (; at + kLanes <= k; at += kLanes) {
        prefetch.next();
        F row[R];
#pragma GCC unroll 8
        for (int r = 0; r < R; r++) row[r] = load(a[r] + at);
#pragma GCC unroll 8
        for (int n = 0; n < N; n++) {
            const F column = load(b[n] + at);
#pragma GCC unroll 8
            for (int r = 0; r < R; r++) acc[r][n] = fma(row[r], column, acc[r][n]);
        }
    }
    if (at < k) {
        const int rest = static_cast<int>(k - at);
#pragma GCC unroll 8
        for (int n = 0; n < N; n++) {
            const F column = load_n(b[n] + at, rest);
#pragma GCC unroll 8
            for (int r = 0; r < R; r++) acc[r][n] = fma(load_n(a[r] + at, rest), column, acc[r][n]);
        }
    }
    done(acc);
}

}  // namespace gm::cpu::GM_ISA
