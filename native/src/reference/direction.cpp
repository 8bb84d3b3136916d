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

}  // namespace gm::reference
