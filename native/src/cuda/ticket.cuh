// Which block of a grid ends last, so that it can go on with what all of them have written: a grid and its tail
// in one launch.
//
// A counter would have to be 0 before the first block counts, and a workspace holds anything: that would take
// a memset before every launch. So the count stands beside a number of the call's own (48 random bits) in one
// word; where another number stands, nobody has counted yet. The last block leaves 0, which makes the next
// replay of a captured graph, with the same number, count from 0 again. Garbage is taken for a count once
// in 2^48 calls.
#pragma once

#include "cuda/block.cuh"

namespace gm::cuda {

struct Ticket {
    unsigned long long *word;  // anywhere in the workspace
    unsigned long long call;   // < 2^48
};

constexpr int64_t kMostTickets = 1024;  // more blocks than this would wait for each other at the word

// The same answer in every thread; whoever gets true sees all that other blocks wrote before they asked.
__device__ __forceinline__ bool is_last_block(const Ticket &ticket, bool &shared_answer) {
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0) {
        unsigned long long seen = *ticket.word, word, count;
        do {
            word = seen;
            count = (word >> 16 == ticket.call ? word & 0xffff : 0) + 1;
            seen = atomicCAS(ticket.word, word, count == gridDim.x ? 0 : ticket.call << 16 | count);
        } while (seen != word);
        shared_answer = count == gridDim.x;
    }
    __syncthreads();
    const bool last = shared_answer;
    if (last) __threadfence();
    return last;
}

}  // namespace gm::cuda
