#include <vector>

#include "base/element.h"
#include "reference/reference.h"
#include "reference/tokens.h"

namespace gm::reference {

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

}  // namespace gm::reference
