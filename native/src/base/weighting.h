// What each kind of weighting is called and needs.
#pragma once

#include "base/failure.h"

namespace gm {

inline const char *weighting_name(int32_t kind) {
    static const char *const names[] = {"uniform", "proj",  "cos",  "normed_proj", "normed_cos",
                                        "opt",     "grand", "agra", "rho"};
    return kind >= GM_UNIFORM && kind <= GM_RHO ? names[kind] : "unknown";
}

inline bool needs_gradient_norm(int32_t kind) {
    return kind == GM_COS || kind == GM_NORMED_COS || kind == GM_OPT || kind == GM_GRAND;
}

inline bool needs_score(int32_t kind) { return kind != GM_UNIFORM && kind != GM_GRAND; }

inline bool is_softmax(int32_t kind) {
    return kind == GM_NORMED_PROJ || kind == GM_NORMED_COS || kind == GM_GRAND || kind == GM_RHO;
}

inline void check_weighting(const gm_weighting &w) {
    if (w.kind < GM_UNIFORM || w.kind > GM_RHO)
        fail(GM_INVALID_ARGUMENT, "weighting.kind is %d, which is none", w.kind);
    if ((w.kind == GM_NORMED_PROJ || w.kind == GM_NORMED_COS) && !(w.temperature > 0 && w.temperature <= 1e300)) {
        fail(GM_INVALID_ARGUMENT, "weighting.temperature is %g; it must be positive and finite", w.temperature);
    }
    if (w.kind == GM_OPT && !(w.lambda >= 0 && w.lambda <= 1e300)) {
        fail(GM_INVALID_ARGUMENT, "weighting.lambda is %g; it must be finite and not negative", w.lambda);
    }
}

}  // namespace gm
