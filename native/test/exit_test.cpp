#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "check.h"
#include "gradmimic/gradmimic.h"

TEST(exit_skips_the_handlers_that_were_registered_before) {
    std::fflush(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
        std::atexit([] { ::_exit(1); });
        if (gm_skip_exit_handlers() != GM_OK) ::_exit(2);
        std::exit(7);
    }
    int status = 0;
    CHECK(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}
