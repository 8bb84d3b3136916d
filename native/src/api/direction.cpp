#include "api/dispatch.h"

namespace gm {
namespace {

struct Direction : Listed<gm_direction_args> {
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
    template <class Visit>
    static void each_array(const Args &a, Visit &&visit) {
        for (int64_t n = 0; n < a.count; n++) {
            visit({"reference", a.reference[n], n});
            visit({"parameter", a.parameter[n], n});
            if (a.direction != nullptr) visit({"direction", a.direction[n], n});
        }
    }
};

}  // namespace
}  // namespace gm

extern "C" {

GM_ENTRY_POINTS(direction, Direction)

}  // extern "C"
