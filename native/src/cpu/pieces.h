// Rows of arrays of any dtype as floats, a piece at a time, and the sums over one piece. f32 is read
// where it lies. f16 and bf16 are widened into a buffer of a few KiB that stays in the first-level
// cache, which costs less than fetching them from memory and leaves every kernel one loop to write
// instead of one for each mixture of dtypes.
#pragma once

#include "cpu/rows.h"

namespace gm::cpu::GM_ISA {

// Elements that are summed in float before the sum goes over to double.
constexpr int kChunk = 2048;

template <class T>
inline void widen(const T *from, int64_t n, float *to) {
    for_vectors(n, [&](int64_t at, int count) { store_some(to + at, load_some(from + at, count), count); });
}

template <class T>
inline void narrow(const float *from, int64_t n, T *to) {
    for_vectors(n, [&](int64_t at, int count) { store_some(to + at, load_some(from + at, count), count); });
}

// The last dimension of an array at some index of the others.
struct Row {
    char *data;
    int32_t dtype;

    char *at(int64_t column) const { return data + column * (dtype == GM_F32 ? 4 : 2); }

    // Asks for [column, column + n), which will be read soon.
    void prefetch(int64_t column, int64_t n) const {
        const char *end = at(column + n);
        for (const char *line = at(column); line < end; line += 64) __builtin_prefetch(line, 0, 2);
    }

    // Elements [column, column + n) as floats in `to`.
    void copy(int64_t column, int64_t n, float *to) const {
        if (dtype == GM_F32) widen(reinterpret_cast<const float *>(at(column)), n, to);
        else if (dtype == GM_BF16) widen(reinterpret_cast<const Bf16 *>(at(column)), n, to);
        else widen(reinterpret_cast<const F16 *>(at(column)), n, to);
    }

    // As copy, but where they lie if they are floats there; `buffer` holds n.
    const float *floats(int64_t column, int64_t n, float *buffer) const {
        if (dtype == GM_F32) return reinterpret_cast<const float *>(at(column));
        copy(column, n, buffer);
        return buffer;
    }

    // Rounds n floats into [column, column + n).
    void put(int64_t column, int64_t n, const float *from) const {
        if (dtype == GM_F32) narrow(from, n, reinterpret_cast<float *>(at(column)));
        else if (dtype == GM_BF16) narrow(from, n, reinterpret_cast<Bf16 *>(at(column)));
        else narrow(from, n, reinterpret_cast<F16 *>(at(column)));
    }
};

inline Row row_of(const gm_array &array, int64_t offset) {
    const Row start = {static_cast<char *>(array.data), array.dtype};
    return {start.at(offset), array.dtype};
}

// Row i of a matrix, row (i, j) of a tensor.
inline Row row(const gm_array &matrix, int64_t i) { return row_of(matrix, i * matrix.stride[0]); }
inline Row row(const gm_array &tensor, int64_t i, int64_t j) {
    return row_of(tensor, i * tensor.stride[0] + j * tensor.stride[1]);
}

// Element i of an output vector.
inline void put(const gm_array &vector, int64_t i, double value) {
    static_cast<float *>(vector.data)[i * vector.stride[0]] = static_cast<float>(value);
}

// [from, to) of rows of `length` elements laid end to end, in pieces of at most kChunk that do not
// cross a row's end: body(row, column, n).
template <class Body>
inline void for_pieces(int64_t from, int64_t to, int64_t length, Body &&body) {
    while (from < to) {
        const int64_t column = from % length;
        const int64_t n = smaller(smaller(to - from, length - column), kChunk);
        body(from / length, column, static_cast<int>(n));
        from += n;
    }
}

// sum x y over at most kChunk elements, in four vectors so that the additions' latency is hidden.
inline float dot(const float *x, const float *y, int64_t n) {
    F a = zero(), b = zero(), c = zero(), d = zero();
    int64_t at = 0;
    for (; at + 4 * kLanes <= n; at += 4 * kLanes) {
        a = fma(load(x + at), load(y + at), a);
        b = fma(load(x + at + kLanes), load(y + at + kLanes), b);
        c = fma(load(x + at + 2 * kLanes), load(y + at + 2 * kLanes), c);
        d = fma(load(x + at + 3 * kLanes), load(y + at + 3 * kLanes), d);
    }
    for_vectors(n - at, [&](int64_t rest, int count) {
        a = fma(load_some(x + at + rest, count), load_some(y + at + rest, count), a);
    });
    return reduce_add((a + b) + (c + d));
}

// |x|^2 of `length` elements.
inline double norm_squared(const float *x, int64_t length) {
    double sum = 0;
    for (int64_t at = 0; at < length; at += kChunk) {
        const int64_t n = smaller(length - at, kChunk);
        sum += dot(x + at, x + at, n);
    }
    return sum;
}

}  // namespace gm::cpu::GM_ISA
