// The twins of src/cuda/mma.cuh. A copy is made at once or when its thread waits for it, as the seed has it, and a block
// that ends with copies under way has failed: a wait that is missing shows, and so does a place that is still read.
#pragma once

#include "cuda_fp16.h"
#include "cuda_runtime.h"

namespace gm::cuda {

inline unsigned shared_address(const void *memory) { return emulator::shared_address(memory); }

inline void copy_later(void *to, const void *from, int bytes) { emulator::copy_later(to, from, bytes); }
inline void copy_later(unsigned to, const void *from, int bytes) {
    emulator::copy_later(emulator::shared_pointer(to), from, bytes);
}
inline void copy_four_later(const unsigned (&to)[4], const uint64_t (&from)[4]) {
    for (int n = 0; n < 4; n++) copy_later(to[n], reinterpret_cast<const void *>(from[n]), 16);
}
inline void commit_copies() { emulator::commit_copies(); }
template <int kPending>
void wait_for_copies() {
    emulator::wait_for_copies(kPending);
}

inline void load_matrices(const void *row, unsigned (&words)[4], GM_EMULATED_SITE) {
    const uint64_t *rows = emulator::exchange(kAllLanes, reinterpret_cast<uintptr_t>(row), "ldmatrix", file, line);
    const unsigned lane = emulator::lane();
    for (unsigned m = 0; m < 4; m++) {
        std::memcpy(&words[m], reinterpret_cast<const char *>(rows[8 * m + lane / 4]) + lane % 4 * 4, sizeof words[m]);
    }
}

namespace emulated {

template <bool kBf16>
float element(uint64_t words, unsigned n) {
    const uint16_t bits = static_cast<uint16_t>(words >> 16 * n);
    return kBf16 ? bf16_to_float(bits) : f16_to_float(bits);
}

}  // namespace emulated

template <bool kBf16>
void multiply_fragments(const unsigned (&left)[4], unsigned right0, unsigned right1, float (&sums)[4],
                        GM_EMULATED_SITE) {
    const unsigned lane = emulator::lane(), g = lane / 4, q = lane % 4;
    float products[2][2] = {};
    const auto pair = [](unsigned low, unsigned high) { return uint64_t{high} << 32 | low; };
    uint64_t row[2][4], column[2][4];  // words of k 2n and 2n + 8 for n = 0..3
    for (unsigned half = 0; half < 2; half++) {
        const uint64_t *all = emulator::exchange(kAllLanes, pair(left[half], left[half + 2]), "mma", file, line);
        for (unsigned n = 0; n < 4; n++) row[half][n] = all[4 * g + n];
    }
    const uint64_t *all = emulator::exchange(kAllLanes, pair(right0, right1), "mma", file, line);
    for (unsigned c = 0; c < 2; c++) {
        for (unsigned n = 0; n < 4; n++) column[c][n] = all[4 * (2 * q + c) + n];
    }
    for (unsigned r = 0; r < 2; r++) {
        for (unsigned c = 0; c < 2; c++) {
            for (unsigned n = 0; n < 4; n++) {
                for (unsigned k = 0; k < 4; k++)
                    products[r][c] +=
                        emulated::element<kBf16>(row[r][n], k) * emulated::element<kBf16>(column[c][n], k);
            }
            sums[2 * r + c] += products[r][c];
        }
    }
    emulator::count_multiplication();
}

}  // namespace gm::cuda
