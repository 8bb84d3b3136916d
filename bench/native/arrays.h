// Inputs of the benchmarks.
#pragma once

#include <cstdint>
#include <new>
#include <random>
#include <vector>

#include "gradmimic/gradmimic.h"

namespace bench {

// A [rows] or [rows, columns] array; columns = 0 for the former.
inline gm_array array(void *data, int32_t dtype, int64_t rows, int64_t columns) {
    gm_array a = {};
    a.data = data;
    a.dtype = dtype;
    a.rank = columns == 0 ? 1 : 2;
    a.shape[0] = rows;
    a.shape[1] = columns;
    a.stride[0] = columns == 0 ? 1 : columns;
    a.stride[1] = 1;
    return a;
}

// Memory as LibTorch aligns it.
template <class T>
struct Aligned {
    using value_type = T;
    template <class U>
    struct rebind {
        using other = Aligned<U>;
    };
    T *allocate(size_t n) { return static_cast<T *>(::operator new(n * sizeof(T), std::align_val_t(64))); }
    void deallocate(T *p, size_t) { ::operator delete(p, std::align_val_t(64)); }
    bool operator==(const Aligned &) const { return true; }
    bool operator!=(const Aligned &) const { return false; }
};
template <class T>
using Vector = std::vector<T, Aligned<T>>;

// Normal numbers, a few thousand of them over and over.
inline Vector<float> normal(int64_t count, float scale) {
    std::mt19937 random(1);
    std::normal_distribution<float> draw(0, scale);
    Vector<float> values(static_cast<size_t>(count));
    std::vector<float> pool(4099);
    for (float &x : pool) x = draw(random);
    for (size_t i = 0; i < values.size(); i++) values[i] = pool[i % pool.size()];
    return values;
}

}  // namespace bench
