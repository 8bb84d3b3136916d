// The instructions of sm_80 that feed the tensor cores: copies to shared memory that nobody waits for at once, fragments
// out of it, and the product of two of them. The emulator's twins (mma_emulated.h) move and multiply lane by lane what
// the PTX manual says of their layouts.
//
// Fragments of mma.m16n8k16, by lane, with g = lane / 4 and q = lane % 4; a word is two elements side by side:
//   left    word 0: row g, k 2q;  1: row g + 8, k 2q;  2: row g, k 2q + 8;  3: row g + 8, k 2q + 8
//   right   word 0: column g, k 2q;  1: column g, k 2q + 8
//   sums    0, 1: row g, columns 2q and 2q + 1;  2, 3: row g + 8
#pragma once

#include "cuda/block.cuh"

#if defined(__CUDACC__)

namespace gm::cuda {

__device__ __forceinline__ unsigned shared_address(const void *memory) {
    return static_cast<unsigned>(__cvta_generic_to_shared(memory));
}

// 16 bytes at `to` in shared memory: `bytes` of them from global memory, zeros behind. Both are aligned.
__device__ __forceinline__ void copy_later(unsigned to, const void *from, int bytes) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(bytes) : "memory");
}
__device__ __forceinline__ void copy_later(void *to, const void *from, int bytes) {
    copy_later(shared_address(to), from, bytes);
}

// All 16 of them, four times: their addresses are worked out before the first copy asks for its own.
__device__ __forceinline__ void copy_four_later(const unsigned (&to)[4], const uint64_t (&from)[4]) {
    asm volatile(
        "cp.async.cg.shared.global [%0], [%4], 16;\n"
        "cp.async.cg.shared.global [%1], [%5], 16;\n"
        "cp.async.cg.shared.global [%2], [%6], 16;\n"
        "cp.async.cg.shared.global [%3], [%7], 16;" ::"r"(to[0]),
        "r"(to[1]), "r"(to[2]), "r"(to[3]), "l"(from[0]), "l"(from[1]), "l"(from[2]), "l"(from[3])
        : "memory");
}

// Closes a group of this thread's copies.
__device__ __forceinline__ void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Waits for all of this thread's groups but the last kPending.
template <int kPending>
__device__ __forceinline__ void wait_for_copies() {
    asm volatile("cp.async.wait_group %0;" ::"n"(kPending) : "memory");
}

// Four matrices of 8 x 8: lanes 8 m to 8 m + 7 say where the 16-byte rows of matrix m lie; word m of a lane is in row
// lane / 4, at elements 2 (lane % 4).
__device__ __forceinline__ void load_matrices(const void *row, unsigned (&words)[4]) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(words[0]), "=r"(words[1]), "=r"(words[2]), "=r"(words[3])
                 : "r"(shared_address(row))
                 : "memory");
}

// sums += left right, 16 x 16 times 16 x 8.
template <bool kBf16>
__device__ __forceinline__ void multiply_fragments(const unsigned (&left)[4], unsigned right0, unsigned right1,
                                                   float (&sums)[4]) {
    if constexpr (kBf16) {
        asm volatile(
            "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, "
            "%1, %2, %3};"
            : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
            : "r"(left[0]), "r"(left[1]), "r"(left[2]), "r"(left[3]), "r"(right0), "r"(right1));
    } else {
        asm volatile(
            "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, "
            "%2, %3};"
            : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
            : "r"(left[0]), "r"(left[1]), "r"(left[2]), "r"(left[3]), "r"(right0), "r"(right1));
    }
}

}  // namespace gm::cuda

#else
#include "mma_emulated.h"
#endif
