#include "base/element.h"
#include "reference/reference.h"

namespace gm::reference {

void scale_rows(const gm_scale_rows_args &args) {
    for (int64_t i = 0; i < args.input.shape[0]; i++) {
        const double w = get(args.weight, i);
        for (int64_t j = 0; j < args.input.shape[1]; j++) {
            set(args.output, w == 0 ? 0 : args.scale * w * get(args.input, i, j), i, j);
        }
    }
}

}  // namespace gm::reference
