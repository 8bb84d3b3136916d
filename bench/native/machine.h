// What the machine can do at most, measured: multiply-adds and reads from memory, on all threads.
#pragma once

#include <omp.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "cpu/simd.h"

namespace bench {

using namespace gm::cpu::GM_ISA;

template <class Body>
double seconds(Body &&body) {
    const auto start = std::chrono::steady_clock::now();
    body();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const size_t n = values.size();
    return n == 0 ? 0 : 0.5 * (values[(n - 1) / 2] + values[n / 2]);
}

// GFLOP/s of independent multiply-adds that never leave their registers.
inline double multiply_add_rate() {
    constexpr int kChains = kLanes == 16 ? 24 : 12;
    constexpr int64_t kSteps = 4000000;
    float sink = 0;
    const double time = seconds([&] {
#pragma omp parallel reduction(+ : sink)
        {
            F acc[kChains];
            F x = set(1.0f + 1e-7f * static_cast<float>(omp_get_thread_num())), y = set(1e-9f);
            for (F &a : acc) a = zero();
            for (int64_t step = 0; step < kSteps; step++) {
#pragma GCC unroll 24
                for (int c = 0; c < kChains; c++) acc[c] = fma(acc[c], x, y);
            }
            F sum = zero();
            for (F &a : acc) sum = sum + a;
            sink += reduce_add(sum);
        }
    });
    volatile float keep = sink;
    (void)keep;
    return 2e-9 * kSteps * kChains * kLanes * omp_get_max_threads() / time;
}

// GB/s of a sum over `data`, which should be many times larger than the caches.
inline double read_rate(const float *data, int64_t size) {
    const int64_t block = 1 << 16, blocks = size / block;
    float sink = 0;
    const double time = seconds([&] {
#pragma omp parallel for reduction(+ : sink) schedule(static)
        for (int64_t b = 0; b < blocks; b++) {
            const float *p = data + b * block;
            F sums[8];
            for (F &s : sums) s = zero();
            for (int64_t at = 0; at < block; at += 8 * kLanes) {
                for (int j = 0; j < 8; j++) sums[j] = sums[j] + load(p + at + j * kLanes);
            }
            for (F &s : sums) sink += reduce_add(s);
        }
    });
    volatile float keep = sink;
    (void)keep;
    return 4e-9 * static_cast<double>(blocks * block) / time;
}

}  // namespace bench
