// Random problems for gm_direction, and how far a fast path may be from the reference on them.
#pragma once

#include "products.h"

using check::Array;

namespace {

// Tensors of one call, as the arrays of structs that the ABI takes.
struct Tensors {
    std::vector<Array> reference, parameter, direction;
    std::vector<gm_array> r, p, v;
    std::vector<double> norm, parameter_norm;
    double total = NAN;

    void add(int32_t dr, int32_t dp, int32_t dv, std::initializer_list<int64_t> shape, int64_t padding) {
        reference.emplace_back(dr, shape, padding);
        parameter.emplace_back(dp, shape, 2 * padding);
        direction.emplace_back(dv, shape, 0);
    }
    Tensors &normal(check::Random &random) {
        for (Array &x : reference) x.normal(random);
        for (Array &x : parameter) x.normal(random);
        return *this;
    }
    gm_direction_args args(bool store) {
        r.clear(), p.clear(), v.clear();
        for (size_t k = 0; k < parameter.size(); k++) {
            r.push_back(reference[k].get());
            p.push_back(parameter[k].get());
            v.push_back(direction[k].get());
        }
        norm.assign(parameter.size(), NAN);
        parameter_norm.assign(parameter.size(), NAN);
        return {static_cast<int64_t>(p.size()), r.data(), p.data(), store ? v.data() : nullptr, norm.data(), &total,
                parameter_norm.data()};
    }
};

// Results of the same tensors.
void compare(const Tensors &fast, const Tensors &slow, bool store) {
    double sum = 0;
    for (size_t k = 0; k < fast.parameter.size(); k++) {
        const Array &p = fast.parameter[k];
        const int64_t n = p.extent(0) * p.extent(1) * p.extent(2);
        // two more roundings: of the difference, squared
        CHECK_CLOSE(fast.norm[k], slow.norm[k], (check::sum_bound(n) + 2 * check::unit_roundoff(GM_F32)) * slow.norm[k],
                    "|V|^2");
        CHECK_CLOSE(fast.parameter_norm[k], slow.parameter_norm[k], check::sum_bound(n) * slow.parameter_norm[k],
                    "|theta|^2");
        sum += fast.norm[k];
        for (int64_t i = 0; store && i < p.extent(0); i++) {
            for (int64_t j = 0; j < p.extent(1); j++) {
                for (int64_t l = 0; l < p.extent(2); l++) {
                    // both are the float next to the same difference, rounded again to V's dtype
                    check::that(fast.direction[k].at(i, j, l) == slow.direction[k].at(i, j, l), __FILE__, __LINE__,
                                "V");
                }
            }
        }
    }
    CHECK_CLOSE(fast.total, sum, 1e-15 * sum, "the total is the sum of the parts");
}

}  // namespace
