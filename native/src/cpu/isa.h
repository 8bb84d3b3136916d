// Which vectorised kernels run here. The same sources are compiled once per instruction set, each
// into a namespace of its own; a table of functions per set is chosen once, at first use.
#pragma once

#include <cstddef>

#include "base/operations.h"

namespace gm::cpu {

// Sizing: an operation's bytes come from laying its scratch out over an Arena that only measures.
struct Kernels {
    const char *isa;
#define GM_FIELD(name) Operation<gm_##name##_args> name;
    GM_OPERATIONS(GM_FIELD)
#undef GM_FIELD
};

const Kernels &kernels();

// "avx512", "avx2", "portable" or "best"; throws GM_UNSUPPORTED if the processor lacks it.
void choose_isa(const char *name);

int threads();

}  // namespace gm::cpu
