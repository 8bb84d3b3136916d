// The conversions of CUDA's half precision that the kernels use.
#pragma once

#include "base/element.h"

struct __half {
    uint16_t bits;
};

inline __half __ushort_as_half(unsigned short bits) { return {bits}; }
inline unsigned short __half_as_ushort(__half x) { return x.bits; }
inline float __half2float(__half x) { return gm::f16_to_float(x.bits); }
inline __half __float2half_rn(float x) { return {gm::float_to_f16(x)}; }
