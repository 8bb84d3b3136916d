// The tokens that carry gradient, in the order of their samples: the others are left out of the products whatever
// their input holds. A model that pools one token sends none into the others of its last layers, and finding that
// out reads each delta row up to its first number that is not zero.
//
// How many there are is known on the device only, and a launch cannot wait for it: grids are sized for all tokens,
// and the blocks that find none end at once.
#pragma once

#include <cstdint>

#include "base/arena.h"
#include "gradmimic/gradmimic.h"

namespace gm::cuda {

constexpr int kTokenGroup = 32;  // that are counted together

// Both numbers, since every row that a product reads needs both and a division for it would be dearer than the load.
struct alignas(8) Token {
    uint32_t sample, token;
};

struct Tokens {
    uint8_t *alive;   // [B,T]
    int32_t *counts;  // of each group
    Token *which;     // the tokens, one sample behind the other
    int64_t *first;   // [B + 1]: where each sample's begin
    int64_t samples, per_sample;
};

inline Tokens take_tokens(const gm_array &delta, Arena &arena) {
    const int64_t B = delta.shape[0], T = delta.shape[1];
    return {arena.take<uint8_t>(B * T),
            arena.take<int32_t>(B * T / kTokenGroup + 1),
            arena.take<Token>(B * T),
            arena.take<int64_t>(B + 1),
            B,
            T};
}

// `all`: every token counts as one that carries gradient, and delta is not read. Fails where a number of samples or tokens
// takes more than 32 bits.
void launch_tokens(const gm_queue &queue, const gm_array &delta, const Tokens &tokens, bool all);

}  // namespace gm::cuda
