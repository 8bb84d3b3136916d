#include "cpu/kernels.h"
#include "reference/reference.h"
namespace gm::cpu::GM_ISA {
#define P(op) size_t op##_workspace(const gm_##op##_args &) { return 0; } void op(const gm_##op##_args &args, Arena) { reference::op(args); }
P(head_step) P(head_score)
void scale_rows(const gm_scale_rows_args &args) { reference::scale_rows(args); }
}
