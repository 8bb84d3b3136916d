// Which block of a grid ends last, so that it can go on with what all of them have written: a grid and its tail
// in one launch.
//
// Blocks count themselves, and the counter has to be 0 before the first of them does. A workspace holds anything, so
// that no word of it can be told to be 0: a memset would have to come first, which is one more node of a graph and
// costs a small batch as much as a second launch. To ask callers for a workspace that is zeroed once would
// end in wrong sums, without a word, wherever one is shared between operations. So the counters are the library's
// own memory: CUDA loads them as zeros and the last block leaves a zero behind. slots.h gives each workspace a
// counter, and calls that share a workspace come one after the other as it is.
//
// Clusters of blocks would do without memory, but hold 8 or 16 blocks and only from sm_90 on; a cooperative launch
// needs all of a grid's blocks on the device at once.
//
// A grid that follows another of the same operation needs none of this: the first one clears the second's counters.
#pragma once

#include "cuda/block.cuh"
#include "cuda/slots.h"

namespace gm::cuda {

static __device__ unsigned ticket_counters[Slots::kSlots];

// More blocks than this would wait for each other at the counter, and what the last one does alone would take longer
// than a launch.
constexpr int64_t kMostTickets = 512;

// Whether this block is the last of `blocks` that count at `counter`: the same answer in every thread. Whoever gets true
// sees all that the others wrote before they asked, and finds the counter cleared.
__device__ __forceinline__ bool is_last_block(unsigned *counter, unsigned blocks, bool &shared_answer) {
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        shared_answer = atomicAdd(counter, 1u) == blocks - 1;
        if (shared_answer) *counter = 0;
    }
    __syncthreads();
    const bool last = shared_answer;
    if (last) __threadfence();
    return last;
}

}  // namespace gm::cuda
