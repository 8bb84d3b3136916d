#include "api/dispatch.h"

namespace gm {
namespace {

struct ScaleRows : Listed<gm_scale_rows_args> {
    static void validate(const Args &a) {
        check_rank("input", a.input, 2, "[R, D]");
        check_shape("output", a.output, {a.input.shape[0], a.input.shape[1]});
        check_no_overlap("output", a.output);
        if (a.output.dtype != a.input.dtype) {
            fail(GM_INVALID_ARGUMENT, "output is %s, but input is %s", dtype_name(a.output.dtype),
                 dtype_name(a.input.dtype));
        }
        if (a.output.data == a.input.data && a.input.shape[0] > 1 && a.output.stride[0] != a.input.stride[0]) {
            fail(GM_INVALID_ARGUMENT, "output shares its memory with input, but not its strides");
        }
        check_vector("weight", a.weight, a.input.shape[0]);
    }
    template <class Visit>
    static void each_array(const Args &a, Visit &&visit) {
        visit({"input", a.input});
        visit({"weight", a.weight});
        visit({"output", a.output});
    }
};

}  // namespace
}  // namespace gm

extern "C" {

gm_status gm_scale_rows(const gm_queue *queue, const gm_scale_rows_args *args) {
    return gm::run<gm::ScaleRows>(queue, args, nullptr, 0);
}

}  // extern "C"
