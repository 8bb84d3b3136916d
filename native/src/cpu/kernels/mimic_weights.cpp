// [B] numbers in double: compiled once, for every instruction set (cpu/weights.cpp).
#include "cpu/kernels.h"
#include "cpu/weights.h"

namespace gm::cpu::GM_ISA {

size_t mimic_weights_workspace(const gm_mimic_weights_args &args) { return cpu::mimic_weights_workspace(args); }

void mimic_weights(const gm_mimic_weights_args &args, Arena arena) { cpu::mimic_weights(args, arena); }

}  // namespace gm::cpu::GM_ISA
