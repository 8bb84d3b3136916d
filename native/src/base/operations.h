// The one list of operations. Every provider's declarations and table of functions, and the dispatch in api, are
// made from it: operation `name` is gm_<name> of gm_<name>_args, whichever provider runs it.
#pragma once

#include <cstddef>

#include "base/arena.h"
#include "gradmimic/gradmimic.h"

#define GM_OPERATIONS(X) \
    X(direction) \
    X(head_step) \
    X(head_score) \
    X(mimic_weights) \
    X(scale_rows) \
    X(ghost_dot) \
    X(ghost_norm) \
    X(projected_dot) \
    X(row_dot) \
    X(clip_scores)

namespace gm {

// An operation of one provider. `More` is what that provider needs besides the arguments and the workspace.
template <class Args, class... More>
struct Operation {
    size_t (*workspace)(const Args &) = nullptr;  // bytes
    void (*run)(const Args &, Arena, More...) = nullptr;
};

}  // namespace gm
