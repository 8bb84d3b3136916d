#include "api/dispatch.h"
#include "api/layer.h"

namespace gm {
namespace {

struct GhostNorm : Listed<gm_ghost_norm_args> {
    static void validate(const Args &a) {
        check_layer(a.input, a.delta);
        check_output_vector("norm_squared", a.norm_squared, a.input.shape[0]);
    }
    template <class Visit>
    static void each_array(const Args &a, Visit &&visit) {
        visit({"input", a.input});
        visit({"delta", a.delta});
        visit({"norm_squared", a.norm_squared});
    }
};

}  // namespace
}  // namespace gm

extern "C" {

GM_ENTRY_POINTS(ghost_norm, GhostNorm)

}  // extern "C"
