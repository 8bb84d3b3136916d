// V = reference - parameter, |V_k|^2, sum_k |V_k|^2 and |theta_k|^2 for many tensors.
//
// Three operations an element against 8 bytes read and, where V is stored, 4 written: memory is the limit,
// so there is one pass. A model is hundreds of tensors, most of them a few hundred numbers and some of
// them millions. All go into one launch: the table of tensors is a parameter of the kernel (32,764 bytes
// are possible from sm_70 on), in constant memory for every block; tensors are cut into blocks of
// kBlock elements, and a block finds its tensor by a binary search over first blocks. Models of more
// than kTensors tensors take several launches.
//
// Every block's sums are added by one more block in a fixed order, a tensor a warp; a tensor's bits depend
// on its own shape alone. Dimensions that lie end to end in all three arrays are walked as one.
#pragma once

#include "cuda/block.cuh"
#include "cuda/elements.cuh"

namespace gm::cuda::direction {

constexpr int kThreads = 256;
constexpr int kEights = 8;  // of a thread
constexpr int64_t kBlock = kThreads * kEight * kEights;
constexpr int kTensors = 300;
constexpr int kAddThreads = 1024;

enum { kReference, kParameter, kDirection, kArrays };

struct Tensor {
    char *data[kArrays];         // V's is NULL where it is not stored
    int64_t stride[kArrays][2];  // of rows in a matrix of rows, and of such matrices
    int64_t elements;
    int64_t row;   // elements that lie end to end
    int64_t rows;  // of a matrix
    int32_t first_block;
    int8_t dtype[kArrays];
};

struct Parameters {
    double *block_sums;                                                  // [blocks, 2]: |V|^2 and |theta|^2 of each
    double *norm_squared, *parameter_norm_squared, *total_norm_squared;  // any may be NULL
    int32_t count, blocks;
    bool first, last;       // of the launches
    double *running_total;  // in the workspace
    Tensor tensors[kTensors];
};
static_assert(sizeof(Parameters) <= 32764, "what a kernel's parameters may hold");

struct Sums {
    float v = 0, parameter = 0;
};

// Eights of one tensor; where rows are whole eights none crosses a row's end.
struct Walk {
    __device__ explicit Walk(const Tensor &tensor_) : tensor(tensor_), one_row(tensor_.row == tensor_.elements) {
        vector = one_row || tensor.row % kEight == 0;
        for (int n = 0; n < kArrays; n++) {
            const int64_t bytes = element_bytes(tensor.dtype[n]);
            vector = vector && aligned(Run{tensor.data[n], 0}) &&
                     (one_row || (tensor.stride[n][0] * bytes % 16 == 0 && tensor.stride[n][1] * bytes % 16 == 0));
        }
    }

    // The rows that hold element `at`, which is element `column` of them.
    __device__ __forceinline__ void runs(int64_t at, Run (&run)[kArrays], int64_t &column) const {
        const int64_t row = one_row ? 0 : at / tensor.row, matrix = one_row ? 0 : row / tensor.rows,
                      in_matrix = row - matrix * tensor.rows;
        column = at - row * tensor.row;
        for (int n = 0; n < kArrays; n++) {
            const int64_t offset = in_matrix * tensor.stride[n][0] + matrix * tensor.stride[n][1];
            run[n] = {tensor.data[n] + offset * element_bytes(tensor.dtype[n]), tensor.dtype[n]};
        }
    }

    const Tensor &tensor;
    bool one_row, vector;
};

// `r` becomes V.
__device__ __forceinline__ void subtract(float (&r)[kEight], const float (&theta)[kEight], Sums &sums) {
    for (int j = 0; j < kEight; j++) {
        r[j] -= theta[j];
        sums.v += r[j] * r[j];
        sums.parameter += theta[j] * theta[j];
    }
}

__device__ __forceinline__ Sums block_sums(const Walk &walk, int64_t from, int64_t to) {
    Sums sums;
    Run run[kArrays];
    int64_t column;
    float r[kEight], theta[kEight];
    const bool stored = walk.tensor.data[kDirection] != nullptr;
    const int64_t step = kThreads * kEight;
    int64_t at = from + int64_t{threadIdx.x} * kEight;
    for (; walk.vector && at + step + kEight <= to; at += 2 * step) {
        Run runs[2][kArrays];
        Eight rs[2], thetas[2];
        int64_t columns[2];
        for (int n = 0; n < 2; n++) {
            walk.runs(at + n * step, runs[n], columns[n]);
            fetch(runs[n][kReference], columns[n], rs[n]);
            fetch(runs[n][kParameter], columns[n], thetas[n]);
        }
        for (int n = 0; n < 2; n++) {
            unpack(runs[n][kReference], rs[n], r);
            unpack(runs[n][kParameter], thetas[n], theta);
            subtract(r, theta, sums);
            if (stored) store(runs[n][kDirection], true, columns[n], kEight, r);
        }
    }
    for (; at < to; at += step) {
        walk.runs(at, run, column);
        if (walk.vector) {
            load(run[kReference], true, column, to - at, r);
            load(run[kParameter], true, column, to - at, theta);
            subtract(r, theta, sums);
            if (stored) store(run[kDirection], true, column, to - at, r);
            continue;
        }
        for (int64_t n = at; n < smaller(to, at + kEight); n++, column++) {
            if (column == walk.tensor.row) walk.runs(n, run, column);
            const float parameter = element(run[kParameter], column), v = element(run[kReference], column) - parameter;
            sums.v += v * v;
            sums.parameter += parameter * parameter;
            if (stored) put_element(run[kDirection], column, v);
        }
    }
    return sums;
}

struct Shared {
    float v[kThreads / kWarp], parameter[kThreads / kWarp];
};

__global__ void __launch_bounds__(kThreads, 3) subtract_blocks(const __grid_constant__ Parameters p) {
    let_next_grid_begin();
    const int block = static_cast<int>(blockIdx.x);
    int k = 0, end = p.count;  // the last tensor that starts at or before the block
    while (end - k > 1) {
        const int middle = (k + end) / 2;
        if (p.tensors[middle].first_block <= block) k = middle;
        else end = middle;
    }
    const Tensor &tensor = p.tensors[k];
    const int64_t from = (block - tensor.first_block) * kBlock;
    Sums sums = block_sums(Walk(tensor), from, smaller(tensor.elements, from + kBlock));
    Shared &s = shared<Shared>();
    sums.v = sum_over_lanes(sums.v);
    sums.parameter = sum_over_lanes(sums.parameter);
    if (lane() == 0) {
        s.v[warp()] = sums.v;
        s.parameter[warp()] = sums.parameter;
    }
    __syncthreads();
    if (threadIdx.x >= 2) return;
    double sum = 0;
    for (int n = 0; n < kThreads / kWarp; n++) sum += threadIdx.x == 0 ? s.v[n] : s.parameter[n];
    p.block_sums[2 * int64_t{block} + threadIdx.x] = sum;
}

struct AddShared {
    double norms[kTensors];
};

__global__ void __launch_bounds__(kAddThreads) add_blocks(const __grid_constant__ Parameters p) {
    wait_for_grid_before();
    AddShared &s = shared<AddShared>();
    for (int k = warp(); k < p.count; k += kAddThreads / kWarp) {
        const int end = k + 1 < p.count ? p.tensors[k + 1].first_block : p.blocks;
        double v = 0, parameter = 0;
        for (int block = p.tensors[k].first_block + lane(); block < end; block += kWarp) {
            v += p.block_sums[2 * int64_t{block}];
            parameter += p.block_sums[2 * int64_t{block} + 1];
        }
        v = sum_over_lanes(v);
        parameter = sum_over_lanes(parameter);
        if (lane() != 0) continue;
        s.norms[k] = v;
        if (p.norm_squared != nullptr) p.norm_squared[k] = v;
        if (p.parameter_norm_squared != nullptr) p.parameter_norm_squared[k] = parameter;
    }
    __syncthreads();
    if (threadIdx.x != 0) return;
    double total = p.first ? 0 : *p.running_total;
    for (int k = 0; k < p.count; k++) total += s.norms[k];
    if (!p.last) *p.running_total = total;
    else if (p.total_norm_squared != nullptr) *p.total_norm_squared = total;
}

}  // namespace gm::cuda::direction
