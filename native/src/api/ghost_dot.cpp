#include "api/dispatch.h"
#include "api/layer.h"

namespace gm {
namespace {

struct GhostDot : Listed<gm_ghost_dot_args> {
    static void validate(const Args &a) {
        check_layer(a.input, a.delta);
        check_shape("direction", a.direction, {a.delta.shape[2], a.input.shape[2]});
        check_floating("direction", a.direction);
        check_output_vector("dot", a.dot, a.input.shape[0]);
        if (a.form < GM_GHOST_DOT_AUTO || a.form > GM_GHOST_DOT_WGMMA) {
            fail(GM_INVALID_ARGUMENT, "form is %d, not one of GM_GHOST_DOT_AUTO, _FLOAT, _MMA, _WGMMA", a.form);
        }
        if (a.no_zero_tokens != 0 && a.no_zero_tokens != 1)
            fail(GM_INVALID_ARGUMENT, "no_zero_tokens is %d, not 0 or 1", a.no_zero_tokens);
    }
    // The forms are GM_CUDA's.
    static void validate_on_host(const Args &a) {
        if (a.form != GM_GHOST_DOT_AUTO)
            fail(GM_UNSUPPORTED, "form is %d, but this provider has one only: GM_GHOST_DOT_AUTO", a.form);
    }
    template <class Visit>
    static void each_array(const Args &a, Visit &&visit) {
        visit({"input", a.input});
        visit({"delta", a.delta});
        visit({"direction", a.direction});
        visit({"dot", a.dot});
    }
};

// A BLAS's product in float is a little faster from 64 tokens on; in other dtypes it would round V a.
int32_t form_off_device(const gm_ghost_dot_args &a) {
    const bool floats = a.input.dtype == GM_F32 && a.delta.dtype == GM_F32 && a.direction.dtype == GM_F32;
    return floats && a.delta.shape[0] * a.delta.shape[1] >= 64 ? GM_GHOST_DOT_PRODUCT : GM_GHOST_DOT_FLOAT;
}

}  // namespace
}  // namespace gm

extern "C" {

GM_ENTRY_POINTS(ghost_dot, GhostDot)

gm_status gm_ghost_dot_form(const gm_queue *queue, const gm_ghost_dot_args *args, int32_t *form) {
    return gm::guarded("gm_ghost_dot_form", [&] {
        if (args == nullptr || form == nullptr) gm::fail(GM_INVALID_ARGUMENT, "args and form may not be NULL");
        if (gm::provider_for<gm::GhostDot>(queue, *args) == GM_CUDA) {
            *form = gm::cuda::kernels().ghost_dot_form(*args, *queue);
            return;
        }
        gm::GhostDot::validate_on_host(*args);
        *form = gm::form_off_device(*args);
    });
}

}  // extern "C"
