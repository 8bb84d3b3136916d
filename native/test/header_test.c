/* A C translation unit that has only the header, twice. */
#include "gradmimic/gradmimic.h"
#include "gradmimic/gradmimic.h"

int main(void) { return gm_abi_version() == GM_ABI_VERSION ? 0 : 1; }
