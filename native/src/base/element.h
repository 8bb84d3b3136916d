// One element of any dtype as a number, for code that is slow and plain: the reference and the tests.
#pragma once

#include <cstdint>
#include <cstring>

#include "gradmimic/gradmimic.h"

namespace gm {

inline float bits_to_float(uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

inline uint32_t float_to_bits(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

inline float bf16_to_float(uint16_t half) { return bits_to_float(static_cast<uint32_t>(half) << 16); }

// Round to nearest, ties to even; NaN stays NaN.
inline uint16_t float_to_bf16(float value) {
    const uint32_t bits = float_to_bits(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((bits >> 16) | 0x40u);
    return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

inline float f16_to_float(uint16_t half) {
    const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
    const uint32_t rest = half & 0x7fffu;
    if (rest >= 0x7c00u) return bits_to_float(sign | 0x7f800000u | ((rest & 0x3ffu) << 13));
    if (rest >= 0x0400u) return bits_to_float(sign | ((rest + 0x1c000u) << 13));
    const float magnitude = static_cast<float>(rest) * 5.9604644775390625e-08f;  // 2^-24: subnormal
    return bits_to_float(sign | float_to_bits(magnitude));
}

inline uint16_t float_to_f16(float value) {
    const uint32_t bits = float_to_bits(value);
    const uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000u);
    const uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u);
    if (magnitude >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);  // rounds beyond 65504
    if (magnitude < 0x38800000u) {
        // Subnormal: adding 0.5 puts the 2^-24 grid of f16 at the end of the mantissa, and rounds to even.
        const float shifted = bits_to_float(magnitude) + 0.5f;
        return static_cast<uint16_t>(sign | (float_to_bits(shifted) - 0x3f000000u));
    }
    const uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
    return static_cast<uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
}

inline int64_t offset(const gm_array &array, int64_t i, int64_t j = 0, int64_t k = 0) {
    const int64_t index[GM_MAX_RANK] = {i, j, k};
    int64_t sum = 0;
    for (int d = 0; d < array.rank; d++) sum += index[d] * array.stride[d];
    return sum;
}

inline double get(const gm_array &array, int64_t i, int64_t j = 0, int64_t k = 0) {
    const int64_t at = offset(array, i, j, k);
    switch (array.dtype) {
        case GM_F32: return static_cast<const float *>(array.data)[at];
        case GM_F16: return f16_to_float(static_cast<const uint16_t *>(array.data)[at]);
        case GM_BF16: return bf16_to_float(static_cast<const uint16_t *>(array.data)[at]);
        case GM_F64: return static_cast<const double *>(array.data)[at];
        default: return static_cast<double>(static_cast<const int64_t *>(array.data)[at]);
    }
}

inline void set(const gm_array &array, double value, int64_t i, int64_t j = 0, int64_t k = 0) {
    const int64_t at = offset(array, i, j, k);
    switch (array.dtype) {
        case GM_F32: static_cast<float *>(array.data)[at] = static_cast<float>(value); break;
        case GM_F16: static_cast<uint16_t *>(array.data)[at] = float_to_f16(static_cast<float>(value)); break;
        case GM_BF16: static_cast<uint16_t *>(array.data)[at] = float_to_bf16(static_cast<float>(value)); break;
        case GM_F64: static_cast<double *>(array.data)[at] = value; break;
        default: static_cast<int64_t *>(array.data)[at] = static_cast<int64_t>(value);
    }
}

inline int64_t get_label(const gm_array &labels, int64_t i) {
    return static_cast<const int64_t *>(labels.data)[i * labels.stride[0]];
}

}  // namespace gm
