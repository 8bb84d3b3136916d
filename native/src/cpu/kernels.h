// The vectorised operations of one instruction set; `table` collects them for the dispatch.
#pragma once

#include "cpu/isa.h"

namespace gm::cpu::GM_ISA {

#define GM_DECLARE(name) \
    size_t name##_workspace(const gm_##name##_args &args); \
    void name(const gm_##name##_args &args, Arena arena);
GM_OPERATIONS(GM_DECLARE)
#undef GM_DECLARE

extern const Kernels table;

}  // namespace gm::cpu::GM_ISA
