#include "cpu/kernels.h"
#include "reference/reference.h"
namespace gm::cpu::GM_ISA {
#define P(op) size_t op##_workspace(const gm_##op##_args &) { return 0; } void op(const gm_##op##_args &args, Arena) { reference::op(args); }
P(direction) P(ghost_dot) P(ghost_norm) P(projected_dot) P(row_dot)
}
