#include "base/element.h"
#include "reference/reference.h"

namespace gm::reference {

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

}  // namespace gm::reference
