// Failures inside the library are exceptions; none leaves it. Every entry point runs in guarded(),
// which turns them into a status and this thread's gm_last_error().
#pragma once

#include <exception>
#include <new>
#include <string>

#include "gradmimic/gradmimic.h"

namespace gm {

class Failure : public std::exception {
public:
    Failure(gm_status status, std::string message) : status_(status), message_(std::move(message)) {}
    gm_status status() const noexcept { return status_; }
    const char *what() const noexcept override { return message_.c_str(); }

private:
    gm_status status_;
    std::string message_;
};

// Throws a Failure with a printf-style message that names the argument and the shapes.
[[noreturn]] void fail(gm_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Stores "operation: message" for gm_last_error() and returns the status.
gm_status remember(const char *operation, gm_status status, const char *message) noexcept;

// What this thread stored last; "" at first.
const char *last_message() noexcept;

template <class Body>
gm_status guarded(const char *operation, Body &&body) noexcept {
    try {
        body();
        return GM_OK;
    } catch (const Failure &failure) {
        return remember(operation, failure.status(), failure.what());
    } catch (const std::bad_alloc &) {
        return remember(operation, GM_OUT_OF_MEMORY, "out of host memory");
    } catch (const std::exception &error) {
        return remember(operation, GM_INTERNAL, error.what());
    } catch (...) {
        return remember(operation, GM_INTERNAL, "unknown exception");
    }
}

}  // namespace gm
