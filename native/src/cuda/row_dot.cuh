// dot_i = sum_t U_it . delta_it over [B,T,O].
//
// One multiply-add for 8 bytes read (4 in halves): memory is the limit, and nothing is read twice. A thread
// fetches two eights of both arrays before it multiplies the first, 64 to 128 bytes on the way, so that
// a full SM has the 40 KB under way that the latency of HBM asks for.
//   short samples   a warp each, eight to a block; the sum is the result.
//   long samples    cut into chunks of kChunk elements, a block each; the chunks' sums are added by another
//                   small grid, in an order of its own. Chunks depend on the sample's length alone: its
//                   result has the same bits in every batch and on every device.
// Floats are added over at most 64 products a thread (128 in a short sample), lanes pairwise, the rest in
// double.
#pragma once

#include "cuda/block.cuh"
#include "cuda/elements.cuh"
#include "cuda/partials.cuh"

namespace gm::cuda::row_dot {

constexpr int kThreads = 256;
constexpr int64_t kChunk = 64 * kThreads;
constexpr int64_t kShort = 128 * kWarp;

struct Parameters {
    gm_array projected, delta, dot;
    int64_t length;   // of a sample: T O
    int64_t row;      // of it that lies end to end: O, or all
    int64_t chunks;   // of a sample
    double *partial;  // [B, chunks]
};

struct Shared {
    float sums[kThreads / kWarp];
};

// Eights of one sample. Where rows are whole eights, none crosses a row's end.
struct Sample {
    __device__ Sample(const Parameters &p_, int64_t i_) : p(p_), i(i_), one_row(p_.row == p_.length) {
        const bool strides = (p.projected.stride[1] * element_bytes(p.projected.dtype)) % 16 == 0 &&
                             (p.delta.stride[1] * element_bytes(p.delta.dtype)) % 16 == 0;
        vector = aligned(row_of(p.projected, i)) && aligned(row_of(p.delta, i)) &&
                 (one_row || (strides && p.row % kEight == 0));
    }

    // The runs that hold element `at` of the sample, which is element `column` of them.
    __device__ __forceinline__ void runs(int64_t at, Run &u, Run &d, int64_t &column) const {
        const int64_t t = one_row ? 0 : at / p.row;
        column = at - t * p.row;
        u = row_of(p.projected, i, t);
        d = row_of(p.delta, i, t);
    }

    const Parameters &p;
    int64_t i;
    bool one_row, vector;
};

__device__ __forceinline__ float dot(const float (&x)[kEight], const float (&y)[kEight], float sum) {
    for (int j = 0; j < kEight; j++) sum += x[j] * y[j];
    return sum;
}

// This thread's part of the sum over [from, to): every `step`-th eight from `first` on; from % 8 = 0.
__device__ __forceinline__ float sum_of(const Sample &sample, int64_t from, int64_t to, int first, int step) {
    float sums[2] = {0, 0}, x[kEight], y[kEight];
    int64_t at = from + first * kEight;
    Run u, d;
    int64_t column;
    if (sample.vector) {
        const int64_t next = step * kEight;
        for (; at + next + kEight <= to; at += 2 * next) {
            Eight us[2], ds[2];
            for (int n = 0; n < 2; n++) {
                sample.runs(at + n * next, u, d, column);
                fetch(u, column, us[n]);
                fetch(d, column, ds[n]);
            }
            for (int n = 0; n < 2; n++) {
                unpack(u, us[n], x);
                unpack(d, ds[n], y);
                sums[n] = dot(x, y, sums[n]);
            }
        }
        for (; at < to; at += next) {
            sample.runs(at, u, d, column);
            load(u, true, column, to - at, x);
            load(d, true, column, to - at, y);
            sums[0] = dot(x, y, sums[0]);
        }
        return sums[0] + sums[1];
    }
    for (; at < to; at += step * kEight) {
        sample.runs(at, u, d, column);
        for (int64_t n = at; n < smaller(to, at + kEight); n++, column++) {
            if (column == sample.p.row) sample.runs(n, u, d, column);
            sums[0] += element(u, column) * element(d, column);
        }
    }
    return sums[0];
}

__global__ void __launch_bounds__(kThreads) short_samples(const __grid_constant__ Parameters p) {
    const int64_t i = int64_t{blockIdx.x} * (kThreads / kWarp) + warp();
    if (i >= p.dot.shape[0]) return;
    const float sum = sum_over_lanes(sum_of(Sample(p, i), 0, p.length, lane(), kWarp));
    if (lane() == 0) put(p.dot, i, sum);
}

__global__ void __launch_bounds__(kThreads) chunks(const __grid_constant__ Parameters p) {
    let_next_grid_begin();
    const int64_t i = blockIdx.x / p.chunks, from = blockIdx.x % p.chunks * kChunk;
    const float part =
        sum_of(Sample(p, i), from, smaller(p.length, from + kChunk), static_cast<int>(threadIdx.x), kThreads);
    const double sum = sum_over_warps<kThreads>(part, shared<Shared>().sums);
    if (threadIdx.x == 0) p.partial[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(kPartialThreads) add_chunks(const __grid_constant__ Parameters p) {
    wait_for_grid_before();
    const double sum = sum_partials(p.partial + blockIdx.x * p.chunks, p.chunks);
    if (threadIdx.x == 0) put(p.dot, blockIdx.x, sum);
}

}  // namespace gm::cuda::row_dot
