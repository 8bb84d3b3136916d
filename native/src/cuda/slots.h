// Numbers for workspaces: the same workspace always has the same, no two share one. ticket.cuh counts at it.
//
// A workspace is known by its address. It is given its number by its first call and keeps it for good, since a graph
// that was captured with it may be replayed at any time; a caller has a handful of workspaces, not thousands. Once the
// numbers are used up (or a row of neighbours is), new addresses get none, and their calls take one launch more.
#pragma once

#include <atomic>
#include <cstdint>

namespace gm::cuda {

class Slots {
public:
    static constexpr int32_t kBits = 12, kSlots = 1 << kBits, kNeighbours = 64;

    // From 0 to kSlots - 1, or -1; `workspace` is not NULL.
    int32_t of(const void *workspace) {
        const uint64_t address = reinterpret_cast<uintptr_t>(workspace);
        const uint32_t first = static_cast<uint32_t>(address * 0x9e3779b97f4a7c15u >> (64 - kBits));
        for (uint32_t n = 0; n < kNeighbours; n++) {
            const uint32_t slot = (first + n) % kSlots;
            uint64_t owner = 0;
            if (owners_[slot].compare_exchange_strong(owner, address) || owner == address)
                return static_cast<int32_t>(slot);
        }
        return -1;
    }

private:
    std::atomic<uint64_t> owners_[kSlots] = {};
};

}  // namespace gm::cuda
