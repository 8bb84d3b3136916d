// Timings of the native core alone: the median of repeated calls after one that is thrown away.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "gradmimic/gradmimic.h"

namespace bench {

inline double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Seconds a call, the median of at least `least` calls and half a second of them.
template <class Call>
double median(Call &&call, int least = 9) {
    call();
    std::vector<double> seconds;
    const double end = now() + 0.5;
    while (static_cast<int>(seconds.size()) < least || (now() < end && seconds.size() < 10000)) {
        const double start = now();
        call();
        seconds.push_back(now() - start);
    }
    std::nth_element(seconds.begin(), seconds.begin() + static_cast<long>(seconds.size() / 2), seconds.end());
    return seconds[seconds.size() / 2];
}

inline void require(gm_status status) {
    if (status == GM_OK) return;
    std::fprintf(stderr, "%s\n", gm_last_error());
    std::exit(1);
}

// A dense array of numbers in [-1, 1] of any dtype; halves are random bits of moderate numbers.
class Array {
public:
    Array(int32_t dtype, std::initializer_list<int64_t> shape, uint32_t seed = 1) {
        array_.dtype = dtype;
        array_.rank = static_cast<int32_t>(shape.size());
        std::copy(shape.begin(), shape.end(), array_.shape);
        int64_t step = 1;
        for (int d = array_.rank - 1; d >= 0; d--) {
            array_.stride[d] = step;
            step *= array_.shape[d];
        }
        elements_ = step;
        memory_.resize(static_cast<size_t>(step) * (dtype == GM_F32 ? 4 : 2));
        array_.data = memory_.data();
        std::minstd_rand random(seed);
        if (dtype == GM_F32) {
            float *x = static_cast<float *>(array_.data);
            for (int64_t i = 0; i < step; i++) x[i] = static_cast<float>(random()) / 1.0737418e9f - 1.0f;
        } else {
            uint16_t *x = static_cast<uint16_t *>(array_.data);  // signs and mantissas of numbers in [0.5, 1)
            const uint32_t exponent = dtype == GM_BF16 ? 0x3f00u : 0x3800u, mantissa = dtype == GM_BF16 ? 0x7fu : 0x3ffu;
            for (int64_t i = 0; i < step; i++) {
                const uint32_t bits = static_cast<uint32_t>(random());
                x[i] = static_cast<uint16_t>(exponent | (bits >> 8 & mantissa) | (bits & 0x8000u));
            }
        }
    }
    Array(const Array &) = delete;
    Array &operator=(const Array &) = delete;
    const gm_array &get() const { return array_; }
    int64_t elements() const { return elements_; }
    double bytes() const { return static_cast<double>(memory_.size()); }

private:
    gm_array array_{};
    int64_t elements_ = 0;
    std::vector<char> memory_;
};

// The operation on GM_CPU, its workspace allocated once.
template <class Args, class Size, class Run>
double time_call(Size size, Run run, const Args &args) {
    size_t bytes = 0;
    require(size(nullptr, &args, &bytes));
    std::vector<char> workspace(bytes);
    return median([&] { require(run(nullptr, &args, workspace.data(), bytes)); });
}

#define GM_TIME(operation, args) bench::time_call(operation##_workspace_size, operation, args)

inline void header() {
    std::printf("gradmimic %s, %s, %d threads\n", gm_version(), gm_cpu_isa(), gm_cpu_threads());
}

}  // namespace bench
