// Finds and lists the tokens that carry gradient (tokens.h). B T O numbers are read at most, and mostly the first few
// hundred of each token. Two grids: the first counts groups of tokens, so that a block of the second knows how many
// come before its own.
#pragma once

#include "cuda/block.cuh"
#include "cuda/elements.cuh"
#include "cuda/tokens.h"

namespace gm::cuda {

constexpr int kTokenThreads = 256;
constexpr int kTokenWarps = kTokenThreads / kWarp;
constexpr int kListThreads = 1024;
static_assert(kListThreads % kTokenGroup == 0, "a block lists whole groups");

struct FindShared {
    int counts[kTokenWarps];
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

// A block a group, a warp a token at a time.
__global__ void __launch_bounds__(kTokenThreads, 4)
    find_tokens(const __grid_constant__ gm_array delta, const __grid_constant__ Tokens tokens) {
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
    if (threadIdx.x != 0) return;
    for (int n = 1; n < kTokenWarps; n++) count += s.counts[n];
    tokens.counts[blockIdx.x] = count;
}

struct ListShared {
    int64_t sums[kListThreads / kWarp];
    int64_t counts[kListThreads / kWarp];
};

// A thread a token: numbered by the groups before its block, and by prefix sums over warps and lanes.
__global__ void __launch_bounds__(kListThreads) list_tokens(const __grid_constant__ Tokens tokens) {
    wait_for_grid_before();
    let_next_grid_begin();
    ListShared &s = shared<ListShared>();
    const int64_t all = tokens.samples * tokens.per_sample, token = int64_t{blockIdx.x} * kListThreads + threadIdx.x;
    int64_t place = 0;
    for (int64_t group = threadIdx.x; group < int64_t{blockIdx.x} * (kListThreads / kTokenGroup); group += kListThreads)
        place += tokens.counts[group];
    place = sum_over_block<kListThreads>(place, s.sums);
    const bool alive = token < all && tokens.alive[token] != 0;
    const unsigned lanes = __ballot_sync(kAllLanes, alive);
    if (lane() == 0) s.counts[warp()] = __popc(lanes);
    __syncthreads();
    place += __popc(lanes & ((1u << lane()) - 1));
    for (int n = 0; n < warp(); n++) place += s.counts[n];
    const int64_t sample = token < all ? token / tokens.per_sample : 0, own = token - sample * tokens.per_sample;
    if (token < all && own == 0) tokens.first[sample] = place;
    if (alive) tokens.which[place] = {static_cast<uint32_t>(sample), static_cast<uint32_t>(own)};
    if (token == all - 1) tokens.first[tokens.samples] = place + alive;
    if (all > 0) return;
    for (int64_t i = threadIdx.x; i <= tokens.samples; i += kListThreads) tokens.first[i] = 0;
}

}  // namespace gm::cuda
