// The caller's workspace, handed out in aligned pieces. Laying a scratch struct out over an Arena
// without memory measures it: sizing and use are the same code and cannot disagree.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/failure.h"

namespace gm {

class Arena {
public:
    static constexpr size_t kAlignment = 64;

    __attribute__((always_inline)) inline Arena() {}  // measures only
    Arena(void *memory, size_t bytes) : begin_(static_cast<char *>(memory)), bytes_(bytes) {
        const size_t off = reinterpret_cast<uintptr_t>(memory) % kAlignment;
        used_ = off == 0 ? 0 : kAlignment - off;
    }

    // Always inlined: a copy shared between translation units could be one compiled for an instruction
    // set that the processor lacks.
    template <class T>
    __attribute__((always_inline)) inline T *take(int64_t count) {
        const size_t offset = used_;
        used_ += (static_cast<size_t>(count) * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
        if (begin_ == nullptr || count == 0) return reinterpret_cast<T *>(begin_);  // nothing is never too much
        if (used_ > bytes_) {
            fail(GM_INVALID_ARGUMENT, "the workspace of %zu bytes is too small; ask the operation's _workspace_size",
                 bytes_);
        }
        return reinterpret_cast<T *>(begin_ + offset);
    }

    // What to ask for: room for a start that is not aligned is included.
    __attribute__((always_inline)) inline size_t bytes_needed() const { return used_ == 0 ? 0 : used_ + kAlignment; }

private:
    char *begin_ = nullptr;
    size_t bytes_ = 0;
    size_t used_ = 0;
};

}  // namespace gm
