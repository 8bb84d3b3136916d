#include "base/element.h"
#include "reference/reference.h"

namespace gm::reference {

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
