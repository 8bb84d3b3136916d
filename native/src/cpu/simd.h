// Vectors of floats for the instruction set this translation unit is compiled for. Every kernel is
// written once against these few functions and compiled once per set, in the namespace GM_ISA;
// nothing here may be shared between sets, or the linker would pick one of them for all.
//
//   F          kLanes floats               load, load_n (the first n, zeros behind), store, store_n
//   T          float, Bf16 or F16 in memory; always float in registers
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#ifndef GM_ISA
#error "compile with -DGM_ISA=<name of the instruction set>"
#endif

namespace gm::cpu::GM_ISA {

struct Bf16 {
    uint16_t bits;
};
struct F16 {
    uint16_t bits;
};

constexpr uint32_t kSqrtHalfBits = 0x3f3504f3u;  // of the float next to sqrt(1/2)

#if defined(__AVX512F__)

constexpr int kLanes = 16;

struct F {
    __m512 v;
};

inline __mmask16 first(int n) { return static_cast<__mmask16>((1u << n) - 1u); }
inline __m512 widen_bf16(__m256i bits) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

inline F set(float x) { return {_mm512_set1_ps(x)}; }
inline F load(const float *p) { return {_mm512_loadu_ps(p)}; }
inline F load(const Bf16 *p) { return {widen_bf16(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(p)))}; }
inline F load(const F16 *p) { return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i *>(p)))}; }
inline F load_n(const float *p, int n) { return {_mm512_maskz_loadu_ps(first(n), p)}; }
inline F load_n(const Bf16 *p, int n) { return {widen_bf16(_mm256_maskz_loadu_epi16(first(n), p))}; }
inline F load_n(const F16 *p, int n) { return {_mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first(n), p))}; }

// Round to nearest even; NaN stays NaN.
inline __m256i narrow_bf16(F x) {
    const __m512i bits = _mm512_castps_si512(x.v);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    const __mmask16 nan = _mm512_cmp_ps_mask(x.v, x.v, _CMP_UNORD_Q);
    const __m512i quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_mask_blend_epi32(nan, rounded, quiet), 16));
}
inline __m256i narrow_f16(F x) { return _mm512_cvtps_ph(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

inline void store(float *p, F x) { _mm512_storeu_ps(p, x.v); }
inline void store(Bf16 *p, F x) { _mm256_storeu_si256(reinterpret_cast<__m256i *>(p), narrow_bf16(x)); }
inline void store(F16 *p, F x) { _mm256_storeu_si256(reinterpret_cast<__m256i *>(p), narrow_f16(x)); }
inline void store_n(float *p, F x, int n) { _mm512_mask_storeu_ps(p, first(n), x.v); }
inline void store_n(Bf16 *p, F x, int n) { _mm256_mask_storeu_epi16(p, first(n), narrow_bf16(x)); }
inline void store_n(F16 *p, F x, int n) { _mm256_mask_storeu_epi16(p, first(n), narrow_f16(x)); }

inline F operator+(F a, F b) { return {_mm512_add_ps(a.v, b.v)}; }
inline F operator-(F a, F b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline F operator*(F a, F b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline F fma(F a, F b, F c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
// The larger one; b where either is NaN.
inline F max(F a, F b) { return {_mm512_max_ps(a.v, b.v)}; }
inline F round(F x) { return {_mm512_roundscale_ps(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }
// p * 2^n for whole n in [-200, 0]
inline F scale_by_power(F p, F n) { return {_mm512_scalef_ps(p.v, n.v)}; }
inline float reduce_max(F x) { return _mm512_reduce_max_ps(x.v); }
inline F operator/(F a, F b) { return {_mm512_div_ps(a.v, b.v)}; }
inline F sqrt(F x) { return {_mm512_sqrt_ps(x.v)}; }
// a > b ? x : y
inline F where_greater(F a, F b, F x, F y) {
    return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ), y.v, x.v)};
}
// a == b ? x : y
inline F where_equal(F a, F b, F x, F y) {
    return {_mm512_mask_blend_ps(_mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ), y.v, x.v)};
}
// x = m * 2^n with m in [sqrt(1/2), sqrt(2)), for normal x > 0
inline F split_power(F x, F *n) {
    const __m512i bits = _mm512_castps_si512(x.v);
    const __m512i power =
        _mm512_srai_epi32(_mm512_sub_epi32(bits, _mm512_set1_epi32(static_cast<int>(kSqrtHalfBits))), 23);
    *n = {_mm512_cvtepi32_ps(power)};
    return {_mm512_castsi512_ps(_mm512_sub_epi32(bits, _mm512_slli_epi32(power, 23)))};
}

inline __m512 unpack_low2(__m512 a, __m512 b) {
    return _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
}
inline __m512 unpack_high2(__m512 a, __m512 b) {
    return _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
}
// Rows become columns.
inline __attribute__((always_inline)) void transpose(F (&x)[16]) {
    __m512 t[16], u[16];
#pragma GCC unroll 8
    for (int i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_ps(x[i].v, x[i + 1].v);
        t[i + 1] = _mm512_unpackhi_ps(x[i].v, x[i + 1].v);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) {  // u[i + j]: column 4 l + j of the rows i to i + 3 in the quarter l
        u[i] = unpack_low2(t[i], t[i + 2]);
        u[i + 1] = unpack_high2(t[i], t[i + 2]);
        u[i + 2] = unpack_low2(t[i + 1], t[i + 3]);
        u[i + 3] = unpack_high2(t[i + 1], t[i + 3]);
    }
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
        const __m512 even = _mm512_shuffle_f32x4(u[j], u[j + 4], 0x88),
                     odd = _mm512_shuffle_f32x4(u[j], u[j + 4], 0xdd);
        const __m512 even2 = _mm512_shuffle_f32x4(u[j + 8], u[j + 12], 0x88),
                     odd2 = _mm512_shuffle_f32x4(u[j + 8], u[j + 12], 0xdd);
        x[j] = {_mm512_shuffle_f32x4(even, even2, 0x88)};
        x[j + 4] = {_mm512_shuffle_f32x4(odd, odd2, 0x88)};
        x[j + 8] = {_mm512_shuffle_f32x4(even, even2, 0xdd)};
        x[j + 12] = {_mm512_shuffle_f32x4(odd, odd2, 0xdd)};
    }
}

// The sums of four vectors, in p[0..3].
inline void reduce_add4(F a, F b, F c, F d, float *p) {
    const __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(a.v, b.v), _mm512_unpackhi_ps(a.v, b.v));
    const __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps(c.v, d.v), _mm512_unpackhi_ps(c.v, d.v));
    const __m512d low = _mm512_unpacklo_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd));
    const __m512d high = _mm512_unpackhi_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd));
    const __m512 four = _mm512_add_ps(_mm512_castpd_ps(low), _mm512_castpd_ps(high));
    const __m256 two = _mm256_add_ps(_mm512_castps512_ps256(four), _mm512_extractf32x8_ps(four, 1));
    _mm_storeu_ps(p, _mm_add_ps(_mm256_castps256_ps128(two), _mm256_extractf128_ps(two, 1)));
}

#elif defined(__AVX2__)

constexpr int kLanes = 8;

struct F {
    __m256 v;
};

inline __m256i first(int n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline __m256 widen_bf16(__m128i bits) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}
template <class T>
inline __m128i load_halves(const T *p, int n) {
    uint16_t bits[8] = {};
    std::memcpy(bits, p, static_cast<size_t>(n) * 2);
    return _mm_loadu_si128(reinterpret_cast<const __m128i *>(bits));
}

inline F set(float x) { return {_mm256_set1_ps(x)}; }
inline F load(const float *p) { return {_mm256_loadu_ps(p)}; }
inline F load(const Bf16 *p) { return {widen_bf16(_mm_loadu_si128(reinterpret_cast<const __m128i *>(p)))}; }
inline F load(const F16 *p) { return {_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i *>(p)))}; }
inline F load_n(const float *p, int n) { return {_mm256_maskload_ps(p, first(n))}; }
inline F load_n(const Bf16 *p, int n) { return {widen_bf16(load_halves(p, n))}; }
inline F load_n(const F16 *p, int n) { return {_mm256_cvtph_ps(load_halves(p, n))}; }

// Round to nearest even; NaN stays NaN.
inline __m128i narrow_bf16(F x) {
    const __m256i bits = _mm256_castps_si256(x.v);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(x.v, x.v, _CMP_UNORD_Q));
    const __m256i high = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, nan), 16);
    return _mm_packus_epi32(_mm256_castsi256_si128(high), _mm256_extracti128_si256(high, 1));
}
inline __m128i narrow_f16(F x) { return _mm256_cvtps_ph(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

inline void store(float *p, F x) { _mm256_storeu_ps(p, x.v); }
inline void store(Bf16 *p, F x) { _mm_storeu_si128(reinterpret_cast<__m128i *>(p), narrow_bf16(x)); }
inline void store(F16 *p, F x) { _mm_storeu_si128(reinterpret_cast<__m128i *>(p), narrow_f16(x)); }
inline void store_n(float *p, F x, int n) { _mm256_maskstore_ps(p, first(n), x.v); }
template <class T>
inline void store_n(T *p, F x, int n) {
    T halves[8];
    store(halves, x);
    std::memcpy(p, halves, static_cast<size_t>(n) * 2);
}

inline F operator+(F a, F b) { return {_mm256_add_ps(a.v, b.v)}; }
inline F operator-(F a, F b) { return {_mm256_sub_ps(a.v, b.v)}; }
inline F operator*(F a, F b) { return {_mm256_mul_ps(a.v, b.v)}; }
inline F fma(F a, F b, F c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
// The larger one; b where either is NaN.
inline F max(F a, F b) { return {_mm256_max_ps(a.v, b.v)}; }
inline F round(F x) { return {_mm256_round_ps(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }
// p * 2^n for whole n in [-200, 0], in two steps since 2^-200 is no float.
inline F scale_by_power(F p, F n) {
    const __m256i whole = _mm256_cvtps_epi32(n.v);
    const __m256i half = _mm256_srai_epi32(whole, 1), bias = _mm256_set1_epi32(127);
    const __m256 x = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(half, bias), 23));
    const __m256 y = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_sub_epi32(whole, half), bias), 23));
    return {_mm256_mul_ps(_mm256_mul_ps(p.v, x), y)};
}
inline float reduce_max(F x) {
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(x.v), _mm256_extractf128_ps(x.v, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}
inline F operator/(F a, F b) { return {_mm256_div_ps(a.v, b.v)}; }
inline F sqrt(F x) { return {_mm256_sqrt_ps(x.v)}; }
// a > b ? x : y
inline F where_greater(F a, F b, F x, F y) { return {_mm256_blendv_ps(y.v, x.v, _mm256_cmp_ps(a.v, b.v, _CMP_GT_OQ))}; }
// a == b ? x : y
inline F where_equal(F a, F b, F x, F y) { return {_mm256_blendv_ps(y.v, x.v, _mm256_cmp_ps(a.v, b.v, _CMP_EQ_OQ))}; }
// x = m * 2^n with m in [sqrt(1/2), sqrt(2)), for normal x > 0
inline F split_power(F x, F *n) {
    const __m256i bits = _mm256_castps_si256(x.v);
    const __m256i power =
        _mm256_srai_epi32(_mm256_sub_epi32(bits, _mm256_set1_epi32(static_cast<int>(kSqrtHalfBits))), 23);
    *n = {_mm256_cvtepi32_ps(power)};
    return {_mm256_castsi256_ps(_mm256_sub_epi32(bits, _mm256_slli_epi32(power, 23)))};
}

inline __m256 unpack_low2(__m256 a, __m256 b) {
    return _mm256_castpd_ps(_mm256_unpacklo_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)));
}
inline __m256 unpack_high2(__m256 a, __m256 b) {
    return _mm256_castpd_ps(_mm256_unpackhi_pd(_mm256_castps_pd(a), _mm256_castps_pd(b)));
}
// Rows become columns.
inline __attribute__((always_inline)) void transpose(F (&x)[8]) {
    __m256 u[8];
#pragma GCC unroll 2
    for (int i = 0; i < 8; i += 4) {  // u[i + j]: column 4 l + j of the rows i to i + 3 in the half l
        const __m256 low = _mm256_unpacklo_ps(x[i].v, x[i + 1].v), high = _mm256_unpackhi_ps(x[i].v, x[i + 1].v);
        const __m256 low2 = _mm256_unpacklo_ps(x[i + 2].v, x[i + 3].v),
                     high2 = _mm256_unpackhi_ps(x[i + 2].v, x[i + 3].v);
        u[i] = unpack_low2(low, low2);
        u[i + 1] = unpack_high2(low, low2);
        u[i + 2] = unpack_low2(high, high2);
        u[i + 3] = unpack_high2(high, high2);
    }
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
        x[j] = {_mm256_permute2f128_ps(u[j], u[j + 4], 0x20)};
        x[j + 4] = {_mm256_permute2f128_ps(u[j], u[j + 4], 0x31)};
    }
}

// The sums of four vectors, in p[0..3].
inline void reduce_add4(F a, F b, F c, F d, float *p) {
    const __m256 four = _mm256_hadd_ps(_mm256_hadd_ps(a.v, b.v), _mm256_hadd_ps(c.v, d.v));
    _mm_storeu_ps(p, _mm_add_ps(_mm256_castps256_ps128(four), _mm256_extractf128_ps(four, 1)));
}

#else

constexpr int kLanes = 4;

// GCC's and Clang's own vectors: SSE2, NEON or whatever the baseline has.
typedef float Four __attribute__((vector_size(16)));
struct F {
    Four v;
};

inline float widen(float x) { return x; }
inline float widen(Bf16 x) {
    const uint32_t bits = static_cast<uint32_t>(x.bits) << 16;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}
inline float widen(F16 x) {
    const uint32_t sign = static_cast<uint32_t>(x.bits & 0x8000u) << 16, rest = x.bits & 0x7fffu;
    uint32_t bits;
    if (rest >= 0x7c00u) bits = 0x7f800000u | ((rest & 0x3ffu) << 13);
    else if (rest >= 0x0400u) bits = (rest + 0x1c000u) << 13;
    else {
        const float subnormal = static_cast<float>(rest) * 5.9604644775390625e-08f;  // 2^-24
        std::memcpy(&bits, &subnormal, sizeof bits);
    }
    bits |= sign;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}
inline void narrow(float x, float *p) { *p = x; }
inline void narrow(float x, Bf16 *p) {
    uint32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    p->bits = static_cast<uint16_t>(x != x ? (bits >> 16) | 0x40u : (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}
inline void narrow(float x, F16 *p) {
    uint32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    const uint32_t sign = (bits >> 16) & 0x8000u, magnitude = bits & 0x7fffffffu;
    uint32_t half;
    if (magnitude > 0x7f800000u) half = 0x7e00u;
    else if (magnitude >= 0x477ff000u) half = 0x7c00u;  // rounds beyond 65504
    else if (magnitude < 0x38800000u) {
        // Adding 0.5 aligns the mantissa to the 2^-24 grid of f16's subnormals and rounds to even.
        const float shifted = std::fabs(x) + 0.5f;
        std::memcpy(&half, &shifted, sizeof half);
        half -= 0x3f000000u;
    } else half = (magnitude + 0xfffu + ((magnitude >> 13) & 1u) - 0x38000000u) >> 13;
    p->bits = static_cast<uint16_t>(sign | half);
}

inline F set(float x) {
    F all;
    for (int i = 0; i < kLanes; i++) all.v[i] = x;
    return all;
}
template <class T>
inline F load_n(const T *p, int n) {
    F x = set(0);
    for (int i = 0; i < n; i++) x.v[i] = widen(p[i]);
    return x;
}
inline F load(const float *p) {
    F x;
    std::memcpy(&x, p, sizeof x);
    return x;
}
template <class T>
inline F load(const T *p) {
    return load_n(p, kLanes);
}
template <class T>
inline void store_n(T *p, F x, int n) {
    for (int i = 0; i < n; i++) narrow(x.v[i], p + i);
}
template <class T>
inline void store(T *p, F x) {
    store_n(p, x, kLanes);
}

inline F operator+(F a, F b) { return {a.v + b.v}; }
inline F operator-(F a, F b) { return {a.v - b.v}; }
inline F operator*(F a, F b) { return {a.v * b.v}; }
inline F fma(F a, F b, F c) { return {a.v * b.v + c.v}; }
// The larger one; b where either is NaN.
inline F max(F a, F b) {
    F x;
    for (int i = 0; i < kLanes; i++) x.v[i] = a.v[i] > b.v[i] ? a.v[i] : b.v[i];
    return x;
}
inline F round(F x) {
    for (int i = 0; i < kLanes; i++) x.v[i] = std::nearbyint(x.v[i]);
    return x;
}
// p * 2^n for whole n in [-200, 0]
inline F scale_by_power(F p, F n) {
    for (int i = 0; i < kLanes; i++) {
        // Larger ones come of NaN, of infinite numbers and of lanes whose result is not used.
        p.v[i] = n.v[i] < 1000.0f ? std::ldexp(p.v[i], static_cast<int>(n.v[i])) : p.v[i] * n.v[i];
    }
    return p;
}
inline float reduce_max(F x) {
    const float a = x.v[0] > x.v[1] ? x.v[0] : x.v[1], b = x.v[2] > x.v[3] ? x.v[2] : x.v[3];
    return a > b ? a : b;
}
inline F operator/(F a, F b) { return {a.v / b.v}; }
inline F sqrt(F x) {
    for (int i = 0; i < kLanes; i++) x.v[i] = __builtin_sqrtf(x.v[i]);
    return x;
}
// a > b ? x : y
inline F where_greater(F a, F b, F x, F y) {
    for (int i = 0; i < kLanes; i++) y.v[i] = a.v[i] > b.v[i] ? x.v[i] : y.v[i];
    return y;
}
// a == b ? x : y
inline F where_equal(F a, F b, F x, F y) {
    for (int i = 0; i < kLanes; i++) y.v[i] = a.v[i] == b.v[i] ? x.v[i] : y.v[i];
    return y;
}
// x = m * 2^n with m in [sqrt(1/2), sqrt(2)), for normal x > 0
inline F split_power(F x, F *n) {
    for (int i = 0; i < kLanes; i++) {
        uint32_t bits;
        const float value = x.v[i];
        std::memcpy(&bits, &value, sizeof bits);
        const uint32_t power = (bits - kSqrtHalfBits) & 0xff800000u;
        const uint32_t mantissa = bits - power;
        float m;
        std::memcpy(&m, &mantissa, sizeof m);
        x.v[i] = m;
        n->v[i] = static_cast<float>(static_cast<int32_t>(power) / 0x800000);
    }
    return x;
}
// Rows become columns.
inline void transpose(F (&x)[4]) {
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < i; j++) {
            const float value = x[i].v[j];
            x[i].v[j] = x[j].v[i];
            x[j].v[i] = value;
        }
    }
}
// The sums of four vectors, in p[0..3].
inline void reduce_add4(F a, F b, F c, F d, float *p) {
    const F *rows[4] = {&a, &b, &c, &d};
    for (int i = 0; i < 4; i++) p[i] = (rows[i]->v[0] + rows[i]->v[2]) + (rows[i]->v[1] + rows[i]->v[3]);
}

#endif

inline F zero() { return set(0.0f); }

inline float reduce_add(F x) {
    float sums[4];
    reduce_add4(x, x, x, x, sums);
    return sums[0];
}

// e^x for x <= 0, within 2 ulp; 0 below -110 and for -infinity; NaN for NaN. Cody and Waite's
// reduction x = n ln 2 + r, Cephes' polynomial on |r| <= ln(2)/2.
inline F exp_nonpositive(F x) {
    x = max(set(-110.0f), x);
    const F n = round(x * set(1.44269504088896341f));
    const F r = fma(n, set(2.12194440e-4f), fma(n, set(-0.693359375f), x));
    F p = set(1.9875691500e-4f);
    p = fma(p, r, set(1.3981999507e-3f));
    p = fma(p, r, set(8.3334519073e-3f));
    p = fma(p, r, set(4.1665795894e-2f));
    p = fma(p, r, set(1.6666665459e-1f));
    p = fma(p, r, set(5.0000001201e-1f));
    p = fma(p * r, r, r + set(1.0f));
    return scale_by_power(p, n);
}

// ln x for normal x > 0, within 2 ulp; NaN for NaN. Cephes' polynomial on [sqrt(1/2), sqrt(2)).
inline F log_positive(F x) {
    F n;
    const F m = split_power(x, &n) - set(1.0f), square = m * m;
    F p = set(7.0376836292e-2f);
    p = fma(p, m, set(-1.1514610310e-1f));
    p = fma(p, m, set(1.1676998740e-1f));
    p = fma(p, m, set(-1.2420140846e-1f));
    p = fma(p, m, set(1.4249322787e-1f));
    p = fma(p, m, set(-1.6668057665e-1f));
    p = fma(p, m, set(2.0000714765e-1f));
    p = fma(p, m, set(-2.4999993993e-1f));
    p = fma(p, m, set(3.3333331174e-1f));
    p = fma(p * m, square, fma(n, set(-2.12194440e-4f), set(-0.5f) * square));
    return fma(n, set(0.693359375f), m + p) + (x - x);
}

// body(offset, count): whole vectors with count = kLanes, then the rest with count < kLanes.
template <class Body>
inline void for_vectors(int64_t n, Body &&body) {
    int64_t at = 0;
    for (; at + kLanes <= n; at += kLanes) body(at, kLanes);
    if (at < n) body(at, static_cast<int>(n - at));
}

template <class T>
inline F load_some(const T *p, int n) {
    return n == kLanes ? load(p) : load_n(p, n);
}
template <class T>
inline void store_some(T *p, F x, int n) {
    if (n == kLanes) store(p, x);
    else store_n(p, x, n);
}

}  // namespace gm::cpu::GM_ISA
