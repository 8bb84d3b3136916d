#include "../check.h"

int main(int count, char **words) {
    if (gm_cuda_available() != GM_OK) {
        std::printf("skipped: %s\n", gm_last_error());
        return 77;
    }
    return check::main({words + 1, words + count});
}
