#pragma once

#include "base/element.h"

namespace gm::reference {

// Only tokens that carry gradient count: 0 times whatever the input holds there.
inline bool carries_gradient(const gm_array &delta, int64_t i, int64_t t) {
    for (int64_t o = 0; o < delta.shape[2]; o++) {
        if (get(delta, i, t, o) != 0) return true;
    }
    return false;
}

}  // namespace gm::reference
