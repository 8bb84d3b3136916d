// Elements of a dtype that is known at run time only, as floats, eight at a time.
//
// One kernel serves all dtypes: the branch on the dtype is the same for a whole grid and costs two
// instructions for every 32 or 16 bytes, where a kernel for each mixture of dtypes would multiply what is
// compiled. fetch() only loads, so that a thread has several of them on the way before it waits in unpack().
#pragma once

#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <cstdint>

#include "gradmimic/gradmimic.h"

namespace gm::cuda {

constexpr int kEight = 8;

// A contiguous run of elements.
struct Run {
    const char *data;
    int32_t dtype;
};

__host__ __device__ __forceinline__ int64_t element_bytes(int32_t dtype) { return dtype == GM_F32 ? 4 : 2; }

__host__ __device__ __forceinline__ int64_t divide_up(int64_t n, int64_t by) { return (n + by - 1) / by; }
__host__ __device__ __forceinline__ int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
__host__ __device__ __forceinline__ int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

// The run that begins at element `offset` of an array.
__host__ __device__ __forceinline__ Run run_at(const gm_array &array, int64_t offset) {
    return {static_cast<const char *>(array.data) + offset * element_bytes(array.dtype), array.dtype};
}
__host__ __device__ __forceinline__ Run row_of(const gm_array &matrix, int64_t i) {
    return run_at(matrix, i * matrix.stride[0]);
}
__host__ __device__ __forceinline__ Run row_of(const gm_array &tensor, int64_t i, int64_t j) {
    return run_at(tensor, i * tensor.stride[0] + j * tensor.stride[1]);
}

// Whether 16 bytes can be loaded at once at every eighth element.
__host__ __device__ __forceinline__ bool aligned(const Run &run) {
    return reinterpret_cast<uintptr_t>(run.data) % 16 == 0;
}

__device__ __forceinline__ float widen_bf16(unsigned bits) { return __uint_as_float(bits << 16); }
__device__ __forceinline__ float widen_f16(unsigned bits) {
    return __half2float(__ushort_as_half(static_cast<unsigned short>(bits)));
}

// Round to nearest even; NaN stays NaN.
__device__ __forceinline__ unsigned narrow_bf16(float x) {
    const unsigned bits = __float_as_uint(x);
    return x != x ? (bits >> 16) | 0x40u : (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}
__device__ __forceinline__ unsigned narrow_f16(float x) { return __half_as_ushort(__float2half_rn(x)); }

__device__ __forceinline__ float element(const Run &run, int64_t n) {
    if (run.dtype == GM_F32) return reinterpret_cast<const float *>(run.data)[n];
    const unsigned bits = reinterpret_cast<const unsigned short *>(run.data)[n];
    return run.dtype == GM_BF16 ? widen_bf16(bits) : widen_f16(bits);
}

__device__ __forceinline__ void put_element(const Run &run, int64_t n, float x) {
    char *data = const_cast<char *>(run.data);
    if (run.dtype == GM_F32) reinterpret_cast<float *>(data)[n] = x;
    else
        reinterpret_cast<unsigned short *>(data)[n] =
            static_cast<unsigned short>(run.dtype == GM_BF16 ? narrow_bf16(x) : narrow_f16(x));
}

// Eight elements as they lie in memory.
struct Eight {
    unsigned words[8];
};

__device__ __forceinline__ void put_words(Eight &eight, int at, const uint4 &words) {
    eight.words[at] = words.x;
    eight.words[at + 1] = words.y;
    eight.words[at + 2] = words.z;
    eight.words[at + 3] = words.w;
}

// Elements [at, at + 8) of an aligned run, at divisible by 8.
__device__ __forceinline__ void fetch(const Run &run, int64_t at, Eight &eight) {
    const uint4 *from = reinterpret_cast<const uint4 *>(run.data + at * element_bytes(run.dtype));
    put_words(eight, 0, from[0]);
    if (run.dtype == GM_F32) put_words(eight, 4, from[1]);
}

// Elements [at, at + n) for n <= 8 of any run, zeros behind; `vector` says that the run is aligned. All loads are issued
// before any of them is waited for, except in 16 bits where the run is not aligned or ends inside the eight.
__device__ __forceinline__ void fetch(const Run &run, bool vector, int64_t at, int64_t n, Eight &eight) {
    if (vector && n >= kEight) {
        fetch(run, at, eight);
    } else if (run.dtype == GM_F32) {
        for (int j = 0; j < kEight; j++)
            eight.words[j] = j < n ? reinterpret_cast<const unsigned *>(run.data)[at + j] : 0;
    } else {
        const unsigned short *from = reinterpret_cast<const unsigned short *>(run.data) + at;
        for (int j = 0; j < kEight / 2; j++)
            eight.words[j] = (2 * j < n ? from[2 * j] : 0u) | (2 * j + 1 < n ? from[2 * j + 1] : 0u) << 16;
    }
}

__device__ __forceinline__ void unpack(const Run &run, const Eight &eight, float (&x)[kEight]) {
    if (run.dtype == GM_F32) {
        for (int j = 0; j < kEight; j++) x[j] = __uint_as_float(eight.words[j]);
    } else if (run.dtype == GM_BF16) {
        for (int j = 0; j < kEight / 2; j++) {
            x[2 * j] = __uint_as_float(eight.words[j] << 16);
            x[2 * j + 1] = __uint_as_float(eight.words[j] & 0xffff0000u);
        }
    } else {
        for (int j = 0; j < kEight / 2; j++) {
            x[2 * j] = widen_f16(eight.words[j] & 0xffffu);
            x[2 * j + 1] = widen_f16(eight.words[j] >> 16);
        }
    }
}

// Elements [at, at + n) for n <= 8, zeros behind; `vector` says that the run is aligned.
__device__ __forceinline__ void load(const Run &run, bool vector, int64_t at, int64_t n, float (&x)[kEight]) {
    if (vector && n >= kEight) {
        Eight eight;
        fetch(run, at, eight);
        unpack(run, eight, x);
        return;
    }
    for (int j = 0; j < kEight; j++) x[j] = j < n ? element(run, at + j) : 0.0f;
}

__device__ __forceinline__ void store(const Run &run, bool vector, int64_t at, int64_t n, const float (&x)[kEight]) {
    if (!vector || n < kEight) {
        for (int j = 0; j < kEight; j++) {
            if (j < n) put_element(run, at + j, x[j]);
        }
        return;
    }
    uint4 *to = reinterpret_cast<uint4 *>(const_cast<char *>(run.data) + at * element_bytes(run.dtype));
    unsigned words[8];
    if (run.dtype == GM_F32) {
        for (int j = 0; j < kEight; j++) words[j] = __float_as_uint(x[j]);
        to[1] = uint4{words[4], words[5], words[6], words[7]};
    } else if (run.dtype == GM_BF16) {
        for (int j = 0; j < kEight / 2; j++) words[j] = narrow_bf16(x[2 * j]) | narrow_bf16(x[2 * j + 1]) << 16;
    } else {
        for (int j = 0; j < kEight / 2; j++) words[j] = narrow_f16(x[2 * j]) | narrow_f16(x[2 * j + 1]) << 16;
    }
    to[0] = uint4{words[0], words[1], words[2], words[3]};
}

// An element of a vector of floats.
__device__ __forceinline__ void put(const gm_array &vector, int64_t i, double value) {
    static_cast<float *>(vector.data)[i * vector.stride[0]] = static_cast<float>(value);
}
__device__ __forceinline__ float get(const gm_array &vector, int64_t i) {
    return static_cast<const float *>(vector.data)[i * vector.stride[0]];
}

}  // namespace gm::cuda
