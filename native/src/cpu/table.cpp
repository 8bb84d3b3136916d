#include "cpu/kernels.h"

namespace gm::cpu::GM_ISA {

#define GM_TEXT_OF(name) #name
#define GM_TEXT(name) GM_TEXT_OF(name)

const Kernels table = {GM_TEXT(GM_ISA),
#define GM_ENTRY(name) {name##_workspace, name},
                       GM_OPERATIONS(GM_ENTRY)
#undef GM_ENTRY
};

}  // namespace gm::cpu::GM_ISA
