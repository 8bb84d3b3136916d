#include "base/failure.h"

#include <cstdarg>
#include <cstdio>

namespace gm {
namespace {

thread_local char last_error[1024] = "";

}  // namespace

void fail(gm_status status, const char *format, ...) {
    char message[896];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    throw Failure(status, message);
}

gm_status remember(const char *operation, gm_status status, const char *message) noexcept {
    std::snprintf(last_error, sizeof last_error, "%s: %s", operation, message);
    return status;
}

const char *last_message() noexcept { return last_error; }

}  // namespace gm
