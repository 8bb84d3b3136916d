// V = reference - parameter, |V_k|^2, sum_k |V_k|^2 and |theta_k|^2 for many tensors.
//
// Three operations an element (and a fused square) against 8 bytes read and, where V is stored, 4
// written: memory is the limit, so there is one pass. A model is hundreds of tensors, most of them a
// few hundred numbers and some of them millions: each is cut into blocks of kBlock elements and the
// threads take blocks, not tensors. A tensor's partial sums are added in its own order, so neither
// the threads nor the other tensors change its bits. Dimensions that lie end to end in all the
// arrays are walked as one.
#include "cpu/kernels.h"
#include "cpu/parallel.h"
#include "cpu/pieces.h"

namespace gm::cpu::GM_ISA {
namespace {

constexpr int64_t kBlock = 1 << 15;

int64_t elements(const gm_array &array) {
    int64_t product = 1;
    for (int d = 0; d < array.rank; d++) product *= array.shape[d];
    return product;
}

struct Scratch {
    int64_t *first;             // [count + 1]: the first block of every tensor
    double *norm_squared;       // [blocks]
    double *parameter_squared;  // [blocks]
    Scratch(const gm_direction_args &args, Arena &arena) {
        int64_t blocks = 0;
        for (int64_t k = 0; k < args.count; k++) blocks += divide_up(elements(args.parameter[k]), kBlock);
        first = arena.take<int64_t>(args.count + 1);
        norm_squared = arena.take<double>(blocks);
        parameter_squared = arena.take<double>(blocks);
    }
};

// Up to three arrays of one shape as rows that are contiguous in all of them.
class Rows {
public:
    Rows(const gm_array *const *arrays, int count) : arrays_(arrays) {
        const gm_array &shape = *arrays[0];
        int d = shape.rank - 1;
        for (; d >= 0; d--) {
            bool dense = true;
            for (int n = 0; n < count; n++) dense = dense && arrays[n]->stride[d] == length_;
            if (shape.shape[d] != 1 && !dense) break;
            length_ *= shape.shape[d];
        }
        outer_ = d + 1;
    }
    int64_t length() const { return length_; }
    Row at(int n, int64_t row) const {
        int64_t offset = 0;
        for (int d = outer_ - 1; d >= 0; d--) {
            offset += row % arrays_[n]->shape[d] * arrays_[n]->stride[d];
            row /= arrays_[n]->shape[d];
        }
        return row_of(*arrays_[n], offset);
    }

private:
    const gm_array *const *arrays_;
    int64_t length_ = 1;
    int outer_ = 0;
};

struct Sums {
    double v = 0, parameter = 0;
};

// One piece; v is stored to `out` unless that is NULL.
void subtract(const float *reference, const float *parameter, int n, float *out, Sums &sums) {
    F v0 = zero(), v1 = zero(), p0 = zero(), p1 = zero();
    int64_t at = 0;
    for (; at + 2 * kLanes <= n; at += 2 * kLanes) {
        const F theta0 = load(parameter + at), theta1 = load(parameter + at + kLanes);
        const F difference0 = load(reference + at) - theta0, difference1 = load(reference + at + kLanes) - theta1;
        v0 = fma(difference0, difference0, v0);
        v1 = fma(difference1, difference1, v1);
        p0 = fma(theta0, theta0, p0);
        p1 = fma(theta1, theta1, p1);
        if (out != nullptr) {
            store(out + at, difference0);
            store(out + at + kLanes, difference1);
        }
    }
    for_vectors(n - at, [&](int64_t rest, int count) {
        const F theta = load_some(parameter + at + rest, count);
        const F difference = load_some(reference + at + rest, count) - theta;
        v0 = fma(difference, difference, v0);
        p0 = fma(theta, theta, p0);
        if (out != nullptr) store_some(out + at + rest, difference, count);
    });
    sums.v += reduce_add(v0 + v1);
    sums.parameter += reduce_add(p0 + p1);
}

Sums block_sums(const gm_direction_args &args, int64_t k, int64_t block) {
    const bool stored = args.direction != nullptr;
    const gm_array *arrays[3] = {&args.reference[k], &args.parameter[k], stored ? &args.direction[k] : nullptr};
    const Rows rows(arrays, stored ? 3 : 2);
    const int64_t end = smaller(elements(args.parameter[k]), (block + 1) * kBlock);
    float reference[kChunk], parameter[kChunk], narrowed[kChunk];
    Sums sums;
    for_pieces(block * kBlock, end, rows.length(), [&](int64_t row, int64_t column, int n) {
        const float *r = rows.at(0, row).floats(column, n, reference);
        const float *p = rows.at(1, row).floats(column, n, parameter);
        if (!stored) {
            subtract(r, p, n, nullptr, sums);
            return;
        }
        const Row v = rows.at(2, row);
        if (v.dtype == GM_F32) {
            subtract(r, p, n, reinterpret_cast<float *>(v.at(column)), sums);
        } else {
            subtract(r, p, n, narrowed, sums);
            v.put(column, n, narrowed);
        }
    });
    return sums;
}

}  // namespace

size_t direction_workspace(const gm_direction_args &args) {
    Arena arena;
    Scratch(args, arena);
    return arena.bytes_needed();
}

void direction(const gm_direction_args &args, Arena arena) {
    const Scratch scratch(args, arena);
    int64_t blocks = 0, work = 0;
    for (int64_t k = 0; k < args.count; k++) {
        scratch.first[k] = blocks;
        blocks += divide_up(elements(args.parameter[k]), kBlock);
        work += elements(args.parameter[k]);
    }
    scratch.first[args.count] = blocks;
    for_shares(blocks, work, [&](int64_t block, int) {
        int64_t k = 0, end = args.count;  // the last tensor that starts at or before the block
        while (end - k > 1) {
            const int64_t middle = k + (end - k) / 2;
            if (scratch.first[middle] <= block) k = middle;
            else end = middle;
        }
        const Sums sums = block_sums(args, k, block - scratch.first[k]);
        scratch.norm_squared[block] = sums.v;
        scratch.parameter_squared[block] = sums.parameter;
    });
    double total = 0;
    for (int64_t k = 0; k < args.count; k++) {
        Sums sums;
        for (int64_t block = scratch.first[k]; block < scratch.first[k + 1]; block++) {
            sums.v += scratch.norm_squared[block];
            sums.parameter += scratch.parameter_squared[block];
        }
        if (args.norm_squared != nullptr) args.norm_squared[k] = sums.v;
        if (args.parameter_norm_squared != nullptr) args.parameter_norm_squared[k] = sums.parameter;
        total += sums.v;
    }
    if (args.total_norm_squared != nullptr) *args.total_norm_squared = total;
}

}  // namespace gm::cpu::GM_ISA
