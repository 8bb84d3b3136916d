// Finds and lists the tokens that carry gradient (tokens.h). B T O numbers are read at most, and mostly the first few
// hundred of each token. The place of a token in the list is the number of those before it, so groups of tokens are
// counted first. Up to kListedAtOnce groups, the last block of that grid (ticket.cuh) makes the list too; beyond, where
// one block alone would take longer than a launch, a second grid makes it, each block of which adds up the groups
// before its own.
#pragma once

#include "cuda/elements.cuh"
#include "cuda/ticket.cuh"
#include "cuda/tokens.h"

namespace gm::cuda {

constexpr int kTokenThreads = 256;
constexpr int kTokenWarps = kTokenThreads / kWarp;
constexpr int kListThreads = 1024;
constexpr int64_t kListedAtOnce = 64;  // groups: eight for each warp of a block
static_assert(kTokenGroup == kWarp && kListThreads % kTokenGroup == 0, "a warp lists a group, a block whole groups");
static_assert(kListedAtOnce <= kMostTickets, "every block of the grid takes a ticket");

struct FindShared {
    int counts[kTokenWarps];
    bool last;
};

// NaN is not zero.
__device__ __forceinline__ bool carries_gradient(const Run &delta, int64_t O) {
    for (int64_t at = 0; at < O; at += kWarp * kEight) {
        float x[kEight];
        load(delta, aligned(delta), at + lane() * kEight, O - at - lane() * kEight, x);
        bool any = false;
        for (int j = 0; j < kEight; j++) any = any || x[j] != 0.0f;
        if (__any_sync(kAllLanes, any) != 0) return true;
    }
    return false;
}

// A lane's token of a group of a warp, which follows `before` others.
__device__ __forceinline__ void list_token(const Tokens &tokens, int64_t token, int64_t before) {
    const int64_t all = tokens.samples * tokens.per_sample;
    const bool alive = token < all && tokens.alive[token] != 0;
    const int64_t place = before + __popc(__ballot_sync(kAllLanes, alive) & ((1u << lane()) - 1));
    if (token >= all) return;
    const int64_t sample = token / tokens.per_sample, own = token - sample * tokens.per_sample;
    if (own == 0) tokens.first[sample] = place;
    if (alive) tokens.which[place] = {static_cast<uint32_t>(sample), static_cast<uint32_t>(own)};
    if (token == all - 1) tokens.first[tokens.samples] = place + alive;
}

// By one block; a warp a group.
__device__ __forceinline__ void list_groups(const Tokens &tokens, int64_t groups) {
    for (int64_t group = warp(); group < groups; group += kTokenWarps) {
        int64_t before = 0;
        for (int64_t other = lane(); other < group; other += kWarp) before += tokens.counts[other];
        list_token(tokens, group * kTokenGroup + lane(), sum_over_lanes(before));
    }
}

// A block a group, a warp a token at a time. `slot` is where blocks count themselves, for the last of them to make the
// list; -1: another grid makes it.
__global__ void __launch_bounds__(kTokenThreads, 4)
    find_tokens(const __grid_constant__ gm_array delta, const __grid_constant__ Tokens tokens, int32_t slot) {
    let_next_grid_begin();
    const int64_t first = int64_t{blockIdx.x} * kTokenGroup, all = tokens.samples * tokens.per_sample;
    FindShared &s = shared<FindShared>();
    int count = 0;
    for (int64_t token = first + warp(); token < smaller(all, first + kTokenGroup); token += kTokenWarps) {
        const bool alive =
            carries_gradient(row_of(delta, token / tokens.per_sample, token % tokens.per_sample), delta.shape[2]);
        if (lane() == 0) tokens.alive[token] = alive;
        count += alive;
    }
    if (lane() == 0) s.counts[warp()] = count;
    __syncthreads();
    if (threadIdx.x == 0) {
        for (int n = 1; n < kTokenWarps; n++) count += s.counts[n];
        tokens.counts[blockIdx.x] = count;
    }
    if (slot < 0 || !is_last_block(&ticket_counters[slot], gridDim.x, s.last)) return;
    list_groups(tokens, gridDim.x);
}

// A thread a token, and one for where the list ends.
__global__ void __launch_bounds__(kTokenThreads) list_all_tokens(const __grid_constant__ Tokens tokens) {
    let_next_grid_begin();
    const int64_t n = int64_t{blockIdx.x} * kTokenThreads + threadIdx.x;
    if (n <= tokens.samples) tokens.first[n] = n * tokens.per_sample;
    if (n >= tokens.samples * tokens.per_sample) return;
    const int64_t sample = n / tokens.per_sample;
    tokens.which[n] = {static_cast<uint32_t>(sample), static_cast<uint32_t>(n - sample * tokens.per_sample)};
}

struct ListShared {
    int64_t sums[kListThreads / kWarp];
    int64_t counts[kListThreads / kWarp];
};

// A thread a token: numbered by the groups before its block, by the groups before its warp, and by the lanes.
__global__ void __launch_bounds__(kListThreads) list_tokens(const __grid_constant__ Tokens tokens) {
    wait_for_grid_before();
    let_next_grid_begin();
    ListShared &s = shared<ListShared>();
    const int64_t all = tokens.samples * tokens.per_sample;
    const int64_t first_group = int64_t{blockIdx.x} * (kListThreads / kTokenGroup), group = first_group + warp();
    int64_t before = 0;
    for (int64_t other = threadIdx.x; other < first_group; other += kListThreads) before += tokens.counts[other];
    before = sum_over_block<kListThreads>(before, s.sums);
    if (lane() == 0) s.counts[warp()] = group * kTokenGroup < all ? tokens.counts[group] : 0;
    __syncthreads();
    for (int n = 0; n < warp(); n++) before += s.counts[n];
    list_token(tokens, group * kTokenGroup + lane(), before);
    if (all > 0) return;
    for (int64_t i = threadIdx.x; i <= tokens.samples; i += kListThreads) tokens.first[i] = 0;
}

}  // namespace gm::cuda
