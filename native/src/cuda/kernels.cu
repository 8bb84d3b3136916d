#include "cuda/kernels.h"

#include "cuda/operations.h"

namespace gm::cuda {

const Kernels &kernels() {
    static const Kernels all = [] {
        Kernels k;
#define GM_ENTRY(name) k.name = {name##_workspace, name##_run};
        GM_OPERATIONS(GM_ENTRY)
#undef GM_ENTRY
        k.ghost_dot_form = ghost_dot_form;
        k.mimic_weights_reduce = mimic_weights_reduce_run;
        k.mimic_weights_apply = mimic_weights_apply_run;
        return k;
    }();
    return all;
}

}  // namespace gm::cuda
