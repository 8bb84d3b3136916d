// The twins of src/cuda/wgmma.cuh. Products are made at some moment between their issue and the wait that they are
// waited for in, chosen by the seed; until then their sums are NaN. async.cpp checks the protocol.
#pragma once

#include "async.h"

namespace gm::cuda {

inline void fence_sums(GM_EMULATED_SITE) { emulator::fence_sums(file, line); }

template <bool kBf16>
void multiply_later(float (&sums)[kGroupSums], uint64_t left, uint64_t right, int add, GM_EMULATED_SITE) {
    emulator::multiply_later({sums, left, right, add != 0, kBf16}, kGroupColumns, file, line);
}

inline void commit_products(GM_EMULATED_SITE) { emulator::commit_products(file, line); }

template <int kPending>
void wait_for_products(GM_EMULATED_SITE) {
    emulator::wait_for_products(kPending, file, line);
}
template <int kGroups>
void wait_for_products(float (&)[kGroups][kGroupSums], GM_EMULATED_SITE) {
    emulator::wait_for_products(0, file, line);
}

inline void show_to_products() { emulator::show_to_products(); }
inline void start_barrier(uint64_t *barrier, unsigned arrivals) { emulator::start_barrier(barrier, arrivals); }
inline void arrive(uint64_t *barrier) { emulator::arrive(barrier); }
inline void arrive_with_copies(uint64_t *barrier) { emulator::arrive_with_copies(barrier); }
inline void wait_for_phase(uint64_t *barrier, unsigned parity, GM_EMULATED_SITE) {
    emulator::wait_for_phase(barrier, parity, file, line);
}

template <int kRegisters>
void give_registers() {}
template <int kRegisters>
void take_registers() {}

}  // namespace gm::cuda
