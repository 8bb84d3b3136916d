// Loops over blocks of fixed size, so that results do not depend on the number of threads. OpenMP,
// since LibTorch uses it too: in one process both share one pool of threads and one setting.
#pragma once

#include <omp.h>

#include <cstdint>

namespace gm::cpu::GM_ISA {

// Threads there is scratch memory for. Not omp_get_max_threads(): that may rise between the call
// that sizes a workspace and the call that uses it.
inline int scratch_threads() {
    const int processors = omp_get_num_procs();
    return processors < 1 ? 1 : processors;
}

// Below this many element operations waking the other threads costs more than it saves (about 5 us).
constexpr int64_t kWorthThreads = 1 << 16;

inline int threads_for(int64_t blocks, int64_t work) {
    const int threads = omp_get_max_threads() < scratch_threads() ? omp_get_max_threads() : scratch_threads();
    return work < kWorthThreads || blocks < 2 || omp_in_parallel() ? 1 : threads;
}

// body(block, thread) for every block in [0, blocks), thread < scratch_threads(); `work` is the
// number of element operations of all blocks together.
template <class Body>
inline void for_blocks(int64_t blocks, int64_t work, Body &&body) {
    const int threads = threads_for(blocks, work);
    if (threads < 2) {
        for (int64_t block = 0; block < blocks; block++) body(block, 0);
        return;
    }
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
    for (int64_t block = 0; block < blocks; block++) body(block, omp_get_thread_num());
}

// The same for parameters, which every part of a training step passes over: each thread takes one
// contiguous share, and the same one every time, as in LibTorch's loops. Shares that are dealt out
// anew in each pass have their memory move from one core's cache to the other's; an optimiser's step
// after such a pass took 1.6 times as long.
template <class Body>
inline void for_shares(int64_t blocks, int64_t work, Body &&body) {
    const int threads = threads_for(blocks, work);
    if (threads < 2) {
        for (int64_t block = 0; block < blocks; block++) body(block, 0);
        return;
    }
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int64_t block = 0; block < blocks; block++) body(block, omp_get_thread_num());
}

}  // namespace gm::cpu::GM_ISA
