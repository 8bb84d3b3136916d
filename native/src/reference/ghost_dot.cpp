#include "base/element.h"
#include "reference/reference.h"
#include "reference/tokens.h"

namespace gm::reference {

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

}  // namespace gm::reference
