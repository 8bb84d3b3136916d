// The operations that are sums of products and nothing else.
#include <cmath>
#include <functional>

#include "base/element.h"
#include "reference/reference.h"

namespace gm::reference {
namespace {

void for_each_element(const gm_array &array, const std::function<void(int64_t, int64_t, int64_t)> &body) {
    for (int64_t i = 0; i < array.shape[0]; i++) {
        for (int64_t j = 0; j < (array.rank > 1 ? array.shape[1] : 1); j++) {
            for (int64_t k = 0; k < (array.rank > 2 ? array.shape[2] : 1); k++) body(i, j, k);
        }
    }
}

// Only tokens that carry gradient count: 0 times whatever the input holds there.
bool carries_gradient(const gm_array &delta, int64_t i, int64_t t) {
    for (int64_t o = 0; o < delta.shape[2]; o++) {
        if (get(delta, i, t, o) != 0) return true;
    }
    return false;
}

}  // namespace

void direction(const gm_direction_args &args) {
    double total = 0;
    for (int64_t n = 0; n < args.count; n++) {
        double norm_squared = 0, parameter_norm_squared = 0;
        for_each_element(args.parameter[n], [&](int64_t i, int64_t j, int64_t k) {
            const double theta = get(args.parameter[n], i, j, k);
            const double v = get(args.reference[n], i, j, k) - theta;
            norm_squared += v * v;
            parameter_norm_squared += theta * theta;
            if (args.direction) set(args.direction[n], v, i, j, k);
        });
        if (args.norm_squared) args.norm_squared[n] = norm_squared;
        if (args.parameter_norm_squared) args.parameter_norm_squared[n] = parameter_norm_squared;
        total += norm_squared;
    }
    if (args.total_norm_squared) *args.total_norm_squared = total;
}

void ghost_dot(const gm_ghost_dot_args &args) {
    const gm_array &a = args.input, &delta = args.delta, &v = args.direction;
    for (int64_t i = 0; i < a.shape[0]; i++) {
        double sum = 0;
        for (int64_t t = 0; t < a.shape[1]; t++) {
            if (!carries_gradient(delta, i, t)) continue;
            for (int64_t o = 0; o < v.shape[0]; o++) {
                double row = 0;
                for (int64_t c = 0; c < v.shape[1]; c++) row += get(v, o, c) * get(a, i, t, c);
                sum += get(delta, i, t, o) * row;
            }
        }
        set(args.dot, sum, i);
    }
}

void ghost_norm(const gm_ghost_norm_args &args) {
    const gm_array &a = args.input, &delta = args.delta;
    for (int64_t i = 0; i < a.shape[0]; i++) {
        double sum = 0;
        std::vector<int64_t> tokens;
        for (int64_t t = 0; t < a.shape[1]; t++) {
            if (carries_gradient(delta, i, t)) tokens.push_back(t);
        }
        for (int64_t o = 0; o < delta.shape[2]; o++) {
            for (int64_t c = 0; c < a.shape[2]; c++) {
                double g = 0;
                for (int64_t t : tokens) g += get(delta, i, t, o) * get(a, i, t, c);
                sum += g * g;
            }
        }
        set(args.norm_squared, sum, i);
    }
}

void projected_dot(const gm_projected_dot_args &args) {
    const int64_t B = args.gradient.shape[0], P = args.gradient.shape[1];
    for (int64_t i = 0; i < B; i++) {
        double dot = 0, norm_squared = 0;
        for (int64_t p = 0; p < P; p++) {
            const double g = get(args.gradient, i, p);
            dot += g * get(args.direction, p);
            norm_squared += g * g;
        }
        if (args.dot.data) set(args.dot, dot, i);
        if (args.norm_squared.data) set(args.norm_squared, norm_squared, i);
    }
    if (args.direction_norm_squared) {
        double sum = 0;
        for (int64_t p = 0; p < P; p++) sum += get(args.direction, p) * get(args.direction, p);
        *args.direction_norm_squared = sum;
    }
}

void row_dot(const gm_row_dot_args &args) {
    for (int64_t i = 0; i < args.projected.shape[0]; i++) {
        double sum = 0;
        for (int64_t t = 0; t < args.projected.shape[1]; t++) {
            for (int64_t o = 0; o < args.projected.shape[2]; o++)
                sum += get(args.projected, i, t, o) * get(args.delta, i, t, o);
        }
        set(args.dot, sum, i);
    }
}

}  // namespace gm::reference
