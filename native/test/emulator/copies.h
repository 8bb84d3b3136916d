// A thread's asynchronous copies of 16 bytes: made at once, when the thread waits for them, or with an arrival that
// follows them.
#pragma once

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "machine.h"

namespace emulator {

class Copies {
public:
    explicit Copies(unsigned thread = 0) : thread_(thread) {}

    void add(void *to, const void *from, int bytes, bool at_once) {
        waiting_.push_back({to, from, bytes, asked_++});
        if (at_once) make(waiting_.back());
    }
    void commit() { groups_.push_back(std::exchange(waiting_, {})); }
    void wait(int pending) {
        while (groups_.size() > static_cast<size_t>(pending)) {
            for (Copy &copy : groups_.front()) make(copy);
            groups_.erase(groups_.begin());
        }
    }

    // Of all so far, for an arrival that takes place with them.
    size_t asked() const { return asked_; }
    void make_first(size_t count) {
        const auto make_some = [&](std::vector<Copy> &copies) {
            for (Copy &copy : copies) {
                if (copy.number < count) make(copy);
            }
        };
        for (auto &group : groups_) make_some(group);
        make_some(waiting_);
        waiting_.erase(std::remove_if(waiting_.begin(), waiting_.end(), [](const Copy &copy) { return copy.made; }),
                       waiting_.end());
    }

    bool under_way() const {
        return !waiting_.empty() ||
               std::any_of(groups_.begin(), groups_.end(), [](const auto &group) { return !group.empty(); });
    }

private:
    struct Copy {
        void *to;
        const void *from;
        int bytes;
        size_t number;  // of those before it
        bool made = false;
    };

    void make(Copy &copy) {
        if (std::exchange(copy.made, true)) return;
        std::memset(copy.to, 0, 16);
        std::memcpy(copy.to, copy.from, static_cast<size_t>(copy.bytes));
        async_chunk_written(copy.to, thread_);
    }

    unsigned thread_;
    size_t asked_ = 0;
    std::vector<Copy> waiting_;              // in no group yet
    std::vector<std::vector<Copy>> groups_;  // that nobody has waited for
};

}  // namespace emulator
