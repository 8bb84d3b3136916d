// What wgmma_emulated.h needs of the emulator: a warpgroup's asynchronous products and barriers in shared memory.
//
//   - A product reads shared memory at some moment between its issue and the end of the wait for it; each warp makes its
//     own 16 rows, when it comes to it. Its sums are NaN for the threads until all of the warp's products are done.
//   - It reads where its descriptor says, as the PTX manual has it; a descriptor of another kind than K-major with the
//     swizzle of 128 bytes fails the launch, and so does one that is not the same in all four warps.
//   - A chunk that cp.async has written fails the product that reads it unless a fence.proxy.async lies between them: its
//     thread's, or one of every thread that multiplies behind the moment when the chunk was there.
//   - An arrival with copies takes place at any moment, and its copies with it at the latest.
//   - Products without a wgmma.fence before them, a wait with products that no commit has closed, a thread that ends with
//     products under way, barriers that were never started or have more arrivals than a phase has: all named.
#pragma once

#include "cuda_runtime.h"

namespace emulator {

struct Product {
    float *sums;  // this lane's
    uint64_t left, right;
    bool add, bf16;
};

void fence_sums(const char *file, int line);
void multiply_later(const Product &product, int columns, const char *file, int line);
void commit_products(const char *file, int line);
void wait_for_products(int pending, const char *file, int line);
void show_to_products();
void start_barrier(const void *barrier, unsigned arrivals);
void arrive(const void *barrier);
void arrive_with_copies(const void *barrier);
void wait_for_phase(const void *barrier, unsigned parity, const char *file, int line);

}  // namespace emulator
