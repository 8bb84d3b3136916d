// Times one call of an operation, and the inputs for it.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <initializer_list>

#include "arrays.h"
#include "machine.h"

namespace bench {

inline void require(gm_status status) {
    if (status == GM_OK) return;
    std::fprintf(stderr, "%s\n", gm_last_error());
    std::exit(1);
}

// Seconds a call: the median of at least `least` calls and half a second of them, after one to warm up.
template <class Call>
double time_calls(Call &&call, size_t least = 9) {
    call();
    std::vector<double> times;
    double total = 0;
    while (times.size() < least || (total < 0.5 && times.size() < 10000)) {
        times.push_back(seconds(call));
        total += times.back();
    }
    return median(times);
}

// The operation on GM_CPU, its workspace allocated once.
template <class Args, class Size, class Run>
double time_operation(Size size, Run run, const Args &args) {
    size_t bytes = 0;
    require(size(nullptr, &args, &bytes));
    Vector<char> workspace(bytes);
    return time_calls([&] { require(run(nullptr, &args, workspace.data(), bytes)); });
}

#define GM_TIME(operation, args) bench::time_operation(operation##_workspace_size, operation, args)

// A dense array of any rank that owns its memory: normal numbers, or random halves in +-[0.5, 1).
class Array {
public:
    Array(int32_t dtype, std::initializer_list<int64_t> shape) {
        array_.dtype = dtype;
        array_.rank = static_cast<int32_t>(shape.size());
        std::copy(shape.begin(), shape.end(), array_.shape);
        int64_t step = 1;
        for (int d = array_.rank - 1; d >= 0; d--) {
            array_.stride[d] = step;
            step *= array_.shape[d];
        }
        if (dtype == GM_F32) {
            floats_ = normal(step, 1);
            array_.data = floats_.data();
            return;
        }
        const uint32_t exponent = dtype == GM_BF16 ? 0x3f00u : 0x3800u, mantissa = dtype == GM_BF16 ? 0x7fu : 0x3ffu;
        std::minstd_rand random(1);
        halves_.resize(static_cast<size_t>(step));
        for (uint16_t &x : halves_) {
            const uint32_t bits = static_cast<uint32_t>(random());
            x = static_cast<uint16_t>(exponent | (bits >> 8 & mantissa) | (bits & 0x8000u));
        }
        array_.data = halves_.data();
    }
    Array(const Array &) = delete;
    Array &operator=(const Array &) = delete;
    const gm_array &get() const { return array_; }
    double bytes() const { return static_cast<double>(4 * floats_.size() + 2 * halves_.size()); }

private:
    gm_array array_{};
    Vector<float> floats_;
    Vector<uint16_t> halves_;
};

// Who computes, and what the machine can do at most just now.
inline void print_machine() {
    const Vector<float> data = normal(int64_t{1} << 26, 1);
    std::vector<double> peaks, rates;
    for (int n = 0; n < 5; n++) {
        peaks.push_back(multiply_add_rate());
        rates.push_back(read_rate(data.data(), static_cast<int64_t>(data.size())));
    }
    std::printf("gradmimic %s, %s, %d threads; this machine: %.0f GFLOP/s, %.1f GB/s\n", gm_version(), gm_cpu_isa(),
                gm_cpu_threads(), median(peaks), median(rates));
}

}  // namespace bench
