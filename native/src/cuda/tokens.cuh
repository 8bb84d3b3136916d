// Finds and lists the tokens that carry gradient (tokens.h). B T O numbers are read at most.
#pragma once

#include "cuda/block.cuh"
#include "cuda/elements.cuh"
#include "cuda/tokens.h"

namespace gm::cuda {

constexpr int kTokenThreads = 256;
constexpr int kListThreads = 1024;

// A warp a token. NaN is not zero.
__global__ void __launch_bounds__(kTokenThreads) find_tokens(const __grid_constant__ gm_array delta, const __grid_constant__ Tokens tokens) {
    const int64_t token = int64_t{blockIdx.x} * (kTokenThreads / kWarp) + warp(), O = delta.shape[2];
    if (token >= tokens.samples * tokens.per_sample) return;
    const Run run = row_of(delta, token / tokens.per_sample, token % tokens.per_sample);
    bool alive = false;
    for (int64_t at = 0; at < O && !alive; at += kWarp * kEight) {
        float x[kEight];
        load(run, aligned(run), at + lane() * kEight, O - at - lane() * kEight, x);
        bool any = false;
        for (int j = 0; j < kEight; j++) any = any || x[j] != 0.0f;
        alive = __any_sync(kAllLanes, any) != 0;
    }
    if (lane() == 0) tokens.alive[token] = alive;
}

struct ListShared {
    int64_t counts[kListThreads / kWarp];
    int64_t before;
};

// One block: every round of kListThreads tokens is numbered by a prefix sum over lanes and warps.
__global__ void __launch_bounds__(kListThreads) list_tokens(const __grid_constant__ Tokens tokens) {
    ListShared &s = shared<ListShared>();
    const int64_t all = tokens.samples * tokens.per_sample;
    if (threadIdx.x == 0) s.before = 0;
    for (int64_t from = 0; from < all; from += kListThreads) {
        const int64_t token = from + threadIdx.x;
        const bool alive = token < all && tokens.alive[token] != 0;
        const unsigned lanes = __ballot_sync(kAllLanes, alive);
        if (lane() == 0) s.counts[warp()] = __popc(lanes);
        __syncthreads();
        int64_t place = s.before + __popc(lanes & ((1u << lane()) - 1));
        for (int n = 0; n < warp(); n++) place += s.counts[n];
        if (token < all && token % tokens.per_sample == 0) tokens.first[token / tokens.per_sample] = place;
        if (alive) tokens.which[place] = token;
        __syncthreads();
        if (threadIdx.x == kListThreads - 1) s.before = place + alive;
        __syncthreads();
    }
    __syncthreads();
    if (tokens.per_sample > 0) {
        if (threadIdx.x == 0) tokens.first[tokens.samples] = s.before;
        return;
    }
    for (int64_t i = threadIdx.x; i <= tokens.samples; i += kListThreads) tokens.first[i] = 0;
}

}  // namespace gm::cuda
