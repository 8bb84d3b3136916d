// Entry points of the operations that are sums of products: direction, ghost_dot, ghost_norm,
// projected_dot, row_dot.
#include "api/dispatch.h"
#include "base/array.h"
#include "cpu/isa.h"
#include "reference/reference.h"

namespace gm {
namespace {

void check_same_shape(const char *name, const gm_array &array, const gm_array &other) {
    check_array(name, array);
    bool same = array.rank == other.rank;
    for (int d = 0; same && d < array.rank; d++) same = array.shape[d] == other.shape[d];
    if (!same) {
        fail(GM_INVALID_ARGUMENT, "%s has the shape %s, expected %s", name, shape_text(array).c_str(),
             shape_text(other).c_str());
    }
}

void check_rank3(const char *name, const gm_array &array, const char *expected) {
    check_array(name, array);
    check_floating(name, array);
    if (array.rank != 3)
        fail(GM_INVALID_ARGUMENT, "%s has the shape %s, expected %s", name, shape_text(array).c_str(), expected);
}

// a [B,T,I] and delta [B,T,O] of one layer.
void check_layer(const gm_array &input, const gm_array &delta) {
    check_rank3("input", input, "[B, T, I]");
    check_rank3("delta", delta, "[B, T, O]");
    check_shape("delta", delta, {input.shape[0], input.shape[1], delta.shape[2]});
}

struct Direction : AnyValues {
    using Args = gm_direction_args;
    static constexpr const char *kName = "gm_direction";
    static constexpr auto kCuda = &cuda::Kernels::direction;
    static void validate(const Args &a) {
        if (a.count < 0) fail(GM_INVALID_ARGUMENT, "count is %lld", static_cast<long long>(a.count));
        if (a.count > 0 && (a.reference == nullptr || a.parameter == nullptr)) {
            fail(GM_INVALID_ARGUMENT, "reference and parameter may not be NULL for %lld tensors",
                 static_cast<long long>(a.count));
        }
        for (int64_t n = 0; n < a.count; n++) {
            const std::string at = "[" + std::to_string(n) + "]";
            check_array(("parameter" + at).c_str(), a.parameter[n]);
            check_floating(("parameter" + at).c_str(), a.parameter[n]);
            check_same_shape(("reference" + at).c_str(), a.reference[n], a.parameter[n]);
            check_floating(("reference" + at).c_str(), a.reference[n]);
            if (a.direction == nullptr) continue;
            check_same_shape(("direction" + at).c_str(), a.direction[n], a.parameter[n]);
            check_floating(("direction" + at).c_str(), a.direction[n]);
            check_no_overlap(("direction" + at).c_str(), a.direction[n]);
        }
    }
    static bool has_f64(const Args &a) {
        for (int64_t n = 0; n < a.count; n++) {
            if (is_f64(a.reference[n]) || is_f64(a.parameter[n]) || (a.direction && is_f64(a.direction[n])))
                return true;
        }
        return false;
    }
    static size_t cpu_workspace(const Args &a) { return cpu::kernels().direction_workspace(a); }
    static void cpu(const Args &a, Arena arena) { cpu::kernels().direction(a, arena); }
    static void reference(const Args &a) { reference::direction(a); }
};

struct GhostDot : AnyValues {
    using Args = gm_ghost_dot_args;
    static constexpr const char *kName = "gm_ghost_dot";
    static constexpr auto kCuda = &cuda::Kernels::ghost_dot;
    static void validate(const Args &a) {
        check_layer(a.input, a.delta);
        check_shape("direction", a.direction, {a.delta.shape[2], a.input.shape[2]});
        check_floating("direction", a.direction);
        check_output_vector("dot", a.dot, a.input.shape[0]);
        if (a.form < GM_GHOST_DOT_AUTO || a.form > GM_GHOST_DOT_WGMMA) {
            fail(GM_INVALID_ARGUMENT, "form is %d, not one of GM_GHOST_DOT_AUTO, _FLOAT, _MMA, _WGMMA", a.form);
        }
    }
    static bool has_f64(const Args &a) {
        return is_f64(a.input) || is_f64(a.delta) || is_f64(a.direction) || is_f64(a.dot);
    }
    static size_t cpu_workspace(const Args &a) { return cpu::kernels().ghost_dot_workspace(a); }
    static void refuse_forms(const Args &a) {
        if (a.form != GM_GHOST_DOT_AUTO)
            fail(GM_UNSUPPORTED, "form is %d, but this provider has one only: GM_GHOST_DOT_AUTO", a.form);
    }
    // A BLAS's product in float is a little faster from 64 tokens on; in other dtypes it would round V a.
    static int32_t form_off_device(const Args &a) {
        const bool floats = a.input.dtype == GM_F32 && a.delta.dtype == GM_F32 && a.direction.dtype == GM_F32;
        return floats && a.delta.shape[0] * a.delta.shape[1] >= 64 ? GM_GHOST_DOT_PRODUCT : GM_GHOST_DOT_FLOAT;
    }
    static void cpu(const Args &a, Arena arena) {
        refuse_forms(a);
        cpu::kernels().ghost_dot(a, arena);
    }
    static void reference(const Args &a) {
        refuse_forms(a);
        reference::ghost_dot(a);
    }
};

struct GhostNorm : AnyValues {
    using Args = gm_ghost_norm_args;
    static constexpr const char *kName = "gm_ghost_norm";
    static constexpr auto kCuda = &cuda::Kernels::ghost_norm;
    static void validate(const Args &a) {
        check_layer(a.input, a.delta);
        check_output_vector("norm_squared", a.norm_squared, a.input.shape[0]);
    }
    static bool has_f64(const Args &a) { return is_f64(a.input) || is_f64(a.delta) || is_f64(a.norm_squared); }
    static size_t cpu_workspace(const Args &a) { return cpu::kernels().ghost_norm_workspace(a); }
    static void cpu(const Args &a, Arena arena) { cpu::kernels().ghost_norm(a, arena); }
    static void reference(const Args &a) { reference::ghost_norm(a); }
};

struct ProjectedDot : AnyValues {
    using Args = gm_projected_dot_args;
    static constexpr const char *kName = "gm_projected_dot";
    static constexpr auto kCuda = &cuda::Kernels::projected_dot;
    static void validate(const Args &a) {
        check_array("gradient", a.gradient);
        check_floating("gradient", a.gradient);
        if (a.gradient.rank != 2)
            fail(GM_INVALID_ARGUMENT, "gradient has the shape %s, expected [B, P]", shape_text(a.gradient).c_str());
        check_shape("direction", a.direction, {a.gradient.shape[1]});
        check_floating("direction", a.direction);
        if (present(a.dot)) check_output_vector("dot", a.dot, a.gradient.shape[0]);
        if (present(a.norm_squared)) check_output_vector("norm_squared", a.norm_squared, a.gradient.shape[0]);
    }
    static bool has_f64(const Args &a) {
        return is_f64(a.gradient) || is_f64(a.direction) || is_f64(a.dot) || is_f64(a.norm_squared);
    }
    static size_t cpu_workspace(const Args &a) { return cpu::kernels().projected_dot_workspace(a); }
    static void cpu(const Args &a, Arena arena) { cpu::kernels().projected_dot(a, arena); }
    static void reference(const Args &a) { reference::projected_dot(a); }
};

struct RowDot : AnyValues {
    using Args = gm_row_dot_args;
    static constexpr const char *kName = "gm_row_dot";
    static constexpr auto kCuda = &cuda::Kernels::row_dot;
    static void validate(const Args &a) {
        check_rank3("projected", a.projected, "[B, T, O]");
        check_shape("delta", a.delta, {a.projected.shape[0], a.projected.shape[1], a.projected.shape[2]});
        check_floating("delta", a.delta);
        check_output_vector("dot", a.dot, a.projected.shape[0]);
    }
    static bool has_f64(const Args &a) { return is_f64(a.projected) || is_f64(a.delta) || is_f64(a.dot); }
    static size_t cpu_workspace(const Args &a) { return cpu::kernels().row_dot_workspace(a); }
    static void cpu(const Args &a, Arena arena) { cpu::kernels().row_dot(a, arena); }
    static void reference(const Args &a) { reference::row_dot(a); }
};

}  // namespace
}  // namespace gm

extern "C" {

GM_ENTRY_POINTS(direction, Direction)
GM_ENTRY_POINTS(ghost_dot, GhostDot)

gm_status gm_ghost_dot_form(const gm_queue *queue, const gm_ghost_dot_args *args, int32_t *form) {
    return gm::guarded("gm_ghost_dot_form", [&] {
        if (args == nullptr || form == nullptr) gm::fail(GM_INVALID_ARGUMENT, "args and form may not be NULL");
        gm::GhostDot::validate(*args);
        if (gm::provider_of(queue) != GM_CUDA) {
            gm::GhostDot::refuse_forms(*args);
            *form = gm::GhostDot::form_off_device(*args);
            return;
        }
        if (gm::GhostDot::has_f64(*args)) gm::fail_f64();
        *form = gm::cuda::kernels().ghost_dot_form(*args, *queue);
    });
}

GM_ENTRY_POINTS(ghost_norm, GhostNorm)
GM_ENTRY_POINTS(projected_dot, ProjectedDot)
GM_ENTRY_POINTS(row_dot, RowDot)

}  // extern "C"
