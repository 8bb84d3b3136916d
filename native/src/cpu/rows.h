// Rows of arrays whose dtype is known at run time only.
#pragma once

#include "cpu/simd.h"
#include "gradmimic/gradmimic.h"

namespace gm::cpu::GM_ISA {

// body(pointer) with the element `offset` of the array as float *, Bf16 * or F16 *.
template <class Body>
inline __attribute__((always_inline)) void with_elements(const gm_array &array, int64_t offset, Body &&body) {
    switch (array.dtype) {
        case GM_F16: body(static_cast<F16 *>(array.data) + offset); break;
        case GM_BF16: body(static_cast<Bf16 *>(array.data) + offset); break;
        default: body(static_cast<float *>(array.data) + offset);
    }
}

inline int64_t element_bytes(const gm_array &array) { return array.dtype == GM_F32 ? 4 : 2; }

inline int64_t divide_up(int64_t n, int64_t by) { return (n + by - 1) / by; }

inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

// x in [low, high]
inline int64_t clamp(int64_t x, int64_t low, int64_t high) { return x < low ? low : x > high ? high : x; }

}  // namespace gm::cpu::GM_ISA
