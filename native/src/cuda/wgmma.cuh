// The instructions of sm_90a by which four warps, a warpgroup, multiply straight out of shared memory, and the barriers in
// shared memory by which those who fill it and those who read it wait for each other. The emulator's twins
// (wgmma_emulated.h) decode descriptors and multiply as the PTX manual says, and see to it that the protocol is kept.
//
// wgmma.mma_async.m64n192k16: 64 rows of 16 elements times 192 rows of 16 elements, added to 64 x 192 sums in registers.
// Both sides lie in shared memory with k contiguous ("K-major"), and a descriptor says where:
//   bits 0-13   address / 16        bits 16-29  "leading" offset / 16: not used by swizzled K-major sides, taken for 1
//   bits 32-45  "stride" offset / 16, from eight rows to the next eight        bits 49-51  base offset: 0 where patterns of
//   eight rows begin on multiples of 1024        bits 62-63  swizzle: 1 is that of 128 bytes
// With the swizzle of 128 bytes a row is 128 bytes and address bits 4-6 are xored with bits 7-9: chunk c of row r lies at
// c ^ r % 8, where rows begin on 1024. Another 16 elements are 32 bytes further in the descriptor, before the xor.
// Sums of warp w, with g = lane / 4 and q = lane % 4: sum 4 n + 2 h + e is row 16 w + 8 h + g, column 8 n + 2 q + e.
//
// Everything here is asynchronous. What threads, and their cp.async, write into shared memory is seen by the products only
// behind a fence.proxy.async: of the writer before a barrier, or of those who multiply behind it. wgmma.fence comes before products that take over registers which
// anything else has touched; the registers belong to the products until a wait_group says that they are done.
#pragma once

#include "cuda/mma.cuh"

namespace gm::cuda {

constexpr int kWarpgroup = 4 * kWarp;
constexpr int kGroupRows = 64, kGroupColumns = 192, kGroupDepth = 16;
constexpr int kGroupSums = kGroupRows * kGroupColumns / kWarpgroup;  // of a thread

constexpr int kSwizzleBytes = 1024;  // after which the pattern repeats; panels begin on multiples

// Rows of 128 bytes, swizzled, from a shared address on; 32 bytes more, and so 2 more, are the next 16 elements.
__device__ __forceinline__ uint64_t describe_rows(unsigned address) {
    return (address & 0x3ffff) >> 4 | uint64_t{1} << 16 | uint64_t{kSwizzleBytes >> 4} << 32 | uint64_t{1} << 62;
}

}  // namespace gm::cuda

#if defined(__CUDACC__)

namespace gm::cuda {

// Before a warpgroup's first product, and again where others have touched its sums.
__device__ __forceinline__ void fence_sums() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }

#define GM_SUM_NAMES \
    "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, " \
    "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, " \
    "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, " \
    "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, " \
    "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, " \
    "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95"
#define GM_SUM(n) "+f"(sums[n]), "+f"(sums[n + 1]), "+f"(sums[n + 2]), "+f"(sums[n + 3])
#define GM_SUMS(n) \
    GM_SUM(n), GM_SUM(n + 4), GM_SUM(n + 8), GM_SUM(n + 12), GM_SUM(n + 16), GM_SUM(n + 20), GM_SUM(n + 24), \
        GM_SUM(n + 28)
#define GM_MULTIPLY(type) \
    asm volatile("{\n.reg .pred add;\nsetp.ne.b32 add, %98, 0;\nwgmma.mma_async.sync.aligned.m64n192k16.f32." type \
                 "." type " {" GM_SUM_NAMES "}, %96, %97, add, 1, 1, 0, 0;\n}" \
                 : GM_SUMS(0), GM_SUMS(32), GM_SUMS(64) \
                 : "l"(left), "l"(right), "r"(add))

// sums = left right + (add ? sums : 0), some time before they have been waited for.
template <bool kBf16>
__device__ __forceinline__ void multiply_later(float (&sums)[kGroupSums], uint64_t left, uint64_t right, int add) {
    if constexpr (kBf16) GM_MULTIPLY("bf16");
    else GM_MULTIPLY("f16");
}

#undef GM_MULTIPLY
#undef GM_SUMS
#undef GM_SUM
#undef GM_SUM_NAMES

// Closes a group of the warpgroup's products.
__device__ __forceinline__ void commit_products() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }

// Waits for all groups but the last kPending: shared memory that the others have read may be written again.
template <int kPending>
__device__ __forceinline__ void wait_for_products() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(kPending) : "memory");
}

// Waits for all of them, and no sum is read before.
template <int kGroups>
__device__ __forceinline__ void wait_for_products(float (&sums)[kGroups][kGroupSums]) {
    wait_for_products<0>();
#pragma unroll
    for (int m = 0; m < kGroups; m++) {
#pragma unroll
        for (int n = 0; n < kGroupSums; n++) asm volatile("" : "+f"(sums[m][n])::"memory");
    }
}

// What this thread has written into shared memory, or seen written by a barrier's phase, may be read by products.
__device__ __forceinline__ void show_to_products() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }

// A barrier in shared memory: a phase ends with its `arrivals`-th arrival, and the next begins. One thread starts it, and a
// __syncthreads follows.
__device__ __forceinline__ void start_barrier(uint64_t *barrier, unsigned arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)), "r"(arrivals) : "memory");
}

__device__ __forceinline__ void arrive(uint64_t *barrier) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(barrier)) : "memory");
}

// Arrives once all copies that this thread has asked for are there; of a barrier whose arrivals count it.
__device__ __forceinline__ void arrive_with_copies(uint64_t *barrier) {
    asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(shared_address(barrier)) : "memory");
}

// Waits for the end of a phase of this parity: the first phase has 0. Parity 1 does not wait before the first has ended.
__device__ __forceinline__ void wait_for_phase(uint64_t *barrier, unsigned parity) {
    unsigned done;
    do {
        asm volatile(
            "{\n.reg .pred done;\nmbarrier.try_wait.parity.shared::cta.b64 done, [%1], %2;\nselp.u32 %0, 1, 0, done;\n}"
            : "=r"(done)
            : "r"(shared_address(barrier)), "r"(parity)
            : "memory");
    } while (done == 0);
}

// A warpgroup gives registers back, down to kRegisters a thread, or takes some of those that others have given.
template <int kRegisters>
__device__ __forceinline__ void give_registers() {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters));
}
template <int kRegisters>
__device__ __forceinline__ void take_registers() {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

}  // namespace gm::cuda

#else
#include "wgmma_emulated.h"
#endif
