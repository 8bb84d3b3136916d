// The tokens that carry gradient. A model that pools one token (a class token, a caption's end) sends
// none into the others of its last layers, and padding never has any; finding that out reads each
// delta row up to its first number that is not zero, leaving out the token saves I*O multiply-adds.
#pragma once

#include "cpu/parallel.h"
#include "cpu/pieces.h"

namespace gm::cpu::GM_ISA {

// NaN is not zero.
inline bool all_zero(const Row &x, int64_t length) {
    float buffer[kChunk];
    bool zeros = true;
    for (int64_t at = 0; zeros && at < length; at += kChunk) {
        const int64_t n = smaller(length - at, kChunk);
        const float *piece = x.floats(at, n, buffer);
        for (int64_t j = 0; zeros && j < n; j++) zeros = piece[j] == 0.0f;
    }
    return zeros;
}

// For every sample i of delta [B,T,O]: which[i*T ...] the tokens with a delta row that is not all
// zero, in order, and their number in count[i]; then found(i) on the same thread.
template <class Found>
inline void find_tokens(const gm_array &delta, int64_t *which, int64_t *count, Found &&found) {
    const int64_t B = delta.shape[0], T = delta.shape[1], O = delta.shape[2];
    const int64_t group = larger(1, (1 << 15) / larger(1, T * smaller(O, 1 << 15)));
    for_blocks(divide_up(B, group), B * T * O, [&](int64_t block, int) {
        for (int64_t i = block * group; i < smaller(B, (block + 1) * group); i++) {
            int64_t n = 0;
            for (int64_t t = 0; t < T; t++) {
                if (!all_zero(row(delta, i, t), O)) which[i * T + n++] = t;
            }
            count[i] = n;
            found(i);
        }
    });
}

}  // namespace gm::cpu::GM_ISA
