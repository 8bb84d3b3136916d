// Arrays for the tests: random numbers in any dtype with padded strides, and what a dtype's rounding
// may cost.
#pragma once

#include <algorithm>
#include <initializer_list>

#include "base/element.h"
#include "check.h"

namespace check {

// An array that owns its memory: exactly as long as its last element needs, so that a sanitizer sees
// every step beyond it.
class Array {
public:
    // padding: extra elements between rows (and 3 * padding between matrices).
    Array(int32_t dtype, std::initializer_list<int64_t> shape, int64_t padding = 0) {
        array_.dtype = dtype;
        array_.rank = static_cast<int32_t>(shape.size());
        std::copy(shape.begin(), shape.end(), array_.shape);
        int64_t step = 1;
        for (int d = array_.rank - 1; d >= 0; d--) {
            array_.stride[d] = step;
            step = step * std::max<int64_t>(array_.shape[d], 1) + padding * (d == array_.rank - 1 ? 1 : 3);
        }
        int64_t elements = 1;
        for (int d = 0; d < array_.rank; d++) {
            elements = array_.shape[d] == 0 ? 0
                       : elements == 0      ? 0
                                            : elements + (array_.shape[d] - 1) * array_.stride[d];
        }
        const size_t width = dtype == GM_F32 ? 4 : dtype == GM_F64 || dtype == GM_I64 ? 8 : 2;
        memory_.assign(std::max<size_t>(static_cast<size_t>(elements) * width, 1), 0);
        array_.data = memory_.data();
    }
    Array(const Array &other) : array_(other.array_), memory_(other.memory_) { array_.data = memory_.data(); }
    Array &operator=(const Array &) = delete;

    Array &normal(Random &random, double scale = 1) {
        std::normal_distribution<double> draw(0, scale);
        return fill([&] { return draw(random); });
    }
    Array &integers(Random &random, int64_t below) {
        std::uniform_int_distribution<int64_t> draw(0, below - 1);
        return fill([&] { return static_cast<double>(draw(random)); });
    }
    Array &fill(const std::function<double()> &next) {
        for (int64_t i = 0; i < extent(0); i++) {
            for (int64_t j = 0; j < extent(1); j++) {
                for (int64_t k = 0; k < extent(2); k++) gm::set(array_, next(), i, j, k);
            }
        }
        return *this;
    }

    int64_t extent(int d) const { return d < array_.rank ? array_.shape[d] : 1; }
    double at(int64_t i, int64_t j = 0, int64_t k = 0) const { return gm::get(array_, i, j, k); }
    void set(double value, int64_t i, int64_t j = 0, int64_t k = 0) { gm::set(array_, value, i, j, k); }
    const gm_array &get() const { return array_; }
    gm_array &get() { return array_; }

private:
    gm_array array_{};
    std::vector<char> memory_;
};

// Half the distance between neighbouring numbers at 1.
inline double unit_roundoff(int32_t dtype) {
    switch (dtype) {
        case GM_F16: return 0x1p-11;
        case GM_BF16: return 0x1p-8;
        case GM_F64: return 0x1p-53;
        default: return 0x1p-24;
    }
}

inline int64_t any_of(Random &random, std::initializer_list<int64_t> values) {
    return *(values.begin() + std::uniform_int_distribution<size_t>(0, values.size() - 1)(random));
}

inline const gm_queue &reference_queue() {
    static const gm_queue queue = {GM_REFERENCE, 0, nullptr};
    return queue;
}

// Runs an operation the way a caller does: asks for the workspace's size, hands over exactly that.
template <class Args, class Size, class Run>
gm_status call(Size size, Run run, const gm_queue *queue, const Args &args) {
    size_t bytes = 0;
    const gm_status status = size(queue, &args, &bytes);
    if (status != GM_OK) return status;
    std::vector<char> workspace(bytes);
    return run(queue, &args, workspace.data(), bytes);
}

#define GM_CALL(operation, queue, args) check::call(operation##_workspace_size, operation, queue, args)

}  // namespace check
