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
            const Name parameter("parameter", n), reference("reference", n), direction("direction", n);
            check_array(parameter, a.parameter[n]);
            check_floating(parameter, a.parameter[n]);
            check_same_shape(reference, a.reference[n], a.parameter[n]);
            check_floating(reference, a.reference[n]);
            if (a.direction == nullptr) continue;
            check_same_shape(direction, a.direction[n], a.parameter[n]);
            check_floating(direction, a.direction[n]);
            check_no_overlap(direction, a.direction[n]);
        }
    }
    template <class Visit>
    static void each_array(const Args &a, Visit &&visit) {
        for (int64_t n = 0; n < a.count; n++) {
            visit({{"reference", n}, a.reference[n]});
            visit({{"parameter", n}, a.parameter[n]});
            if (a.direction != nullptr) visit({{"direction", n}, a.direction[n]});
        }
    }
};

}  // namespace
}  // namespace gm

extern "C" {

GM_ENTRY_POINTS(direction, Direction)

}  // extern "C"
