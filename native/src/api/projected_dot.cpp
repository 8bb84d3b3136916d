#include "api/dispatch.h"

namespace gm {
namespace {

struct ProjectedDot : Listed<gm_projected_dot_args> {
    static void validate(const Args &a) {
        check_rank("gradient", a.gradient, 2, "[B, P]");
        check_shape("direction", a.direction, {a.gradient.shape[1]});
        check_floating("direction", a.direction);
        if (present(a.dot)) check_output_vector("dot", a.dot, a.gradient.shape[0]);
        if (present(a.norm_squared)) check_output_vector("norm_squared", a.norm_squared, a.gradient.shape[0]);
    }
    template <class Visit>
    static void each_array(const Args &a, Visit &&visit) {
        visit({"gradient", a.gradient});
        visit({"direction", a.direction});
        visit({"dot", a.dot});
        visit({"norm_squared", a.norm_squared});
    }
};

}  // namespace
}  // namespace gm

extern "C" {

GM_ENTRY_POINTS(projected_dot, ProjectedDot)

}  // extern "C"
