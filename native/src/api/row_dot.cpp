#include "api/dispatch.h"

namespace gm {
namespace {

struct RowDot : Listed<gm_row_dot_args> {
    static void validate(const Args &a) {
        check_rank("projected", a.projected, 3, "[B, T, O]");
        check_shape("delta", a.delta, {a.projected.shape[0], a.projected.shape[1], a.projected.shape[2]});
        check_floating("delta", a.delta);
        check_output_vector("dot", a.dot, a.projected.shape[0]);
    }
    template <class Visit>
    static void each_array(const Args &a, Visit &&visit) {
        visit({"projected", a.projected});
        visit({"delta", a.delta});
        visit({"dot", a.dot});
    }
};

}  // namespace
}  // namespace gm

extern "C" {

GM_ENTRY_POINTS(row_dot, RowDot)

}  // extern "C"
