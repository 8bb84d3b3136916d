/* A C translation unit that has only the header, twice. */
// clang-format off: it would remove the second one.
#include "gradmimic/gradmimic.h"
// clang-format on

int main(void) { return gm_abi_version() == GM_ABI_VERSION ? 0 : 1; }
