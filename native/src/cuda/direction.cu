#include "cuda/direction.cuh"

#include "base/failure.h"
#include "cuda/launch.h"
#include "cuda/operations.h"

namespace gm::cuda {
namespace {

using direction::Parameters;
using direction::Tensor;

int64_t elements(const gm_array &array) {
    int64_t product = 1;
    for (int d = 0; d < array.rank; d++) product *= array.shape[d];
    return product;
}

// Tensor k as rows that lie end to end in all its arrays, of two more dimensions at most.
Tensor tensor_of(const gm_direction_args &args, int64_t k) {
    const gm_array *arrays[] = {&args.reference[k], &args.parameter[k],
                                args.direction != nullptr ? &args.direction[k] : nullptr};
    const gm_array &shape = *arrays[direction::kParameter];
    Tensor tensor = {};
    tensor.elements = elements(shape);
    tensor.row = 1;
    tensor.rows = 1;
    int d = shape.rank - 1;
    for (; d >= 0; d--) {
        bool dense = true;
        for (const gm_array *array : arrays) dense = dense && (array == nullptr || array->stride[d] == tensor.row);
        if (shape.shape[d] != 1 && !dense) break;
        tensor.row *= shape.shape[d];
    }
    if (d >= 0) tensor.rows = shape.shape[d];
    for (int n = 0; n < direction::kArrays; n++) {
        if (arrays[n] == nullptr) continue;
        tensor.data[n] = static_cast<char *>(arrays[n]->data);
        tensor.dtype[n] = static_cast<int8_t>(arrays[n]->dtype);
        if (d >= 0) tensor.stride[n][0] = arrays[n]->stride[d];
        if (d >= 1) tensor.stride[n][1] = arrays[n]->stride[d - 1];
    }
    return tensor;
}

int64_t blocks_of(const gm_direction_args &args, int64_t from, int64_t to) {
    int64_t blocks = 0;
    for (int64_t k = from; k < to; k++) blocks += divide_up(elements(args.parameter[k]), direction::kBlock);
    return blocks;
}

// Room for the sums of the launch that has most blocks.
void take(const gm_direction_args &args, Arena &arena, Parameters &p) {
    int64_t most = 0;
    for (int64_t k = 0; k < args.count; k += direction::kTensors) {
        most = larger(most, blocks_of(args, k, smaller(args.count, k + direction::kTensors)));
    }
    p.block_sums = arena.take<double>(2 * most);
    p.running_total = arena.take<double>(1);
}

}  // namespace

size_t direction_workspace(const gm_direction_args &args) {
    Arena arena;
    Parameters p = {};
    take(args, arena, p);
    return arena.bytes_needed();
}

void direction_run(const gm_direction_args &args, Arena arena, const gm_queue &queue) {
    Parameters p = {};
    take(args, arena, p);
    int64_t k = 0;
    do {  // no tensors have a sum too
        p.first = k == 0;
        p.count = static_cast<int32_t>(smaller(args.count - k, direction::kTensors));
        p.last = k + p.count == args.count;
        p.norm_squared = args.norm_squared == nullptr ? nullptr : args.norm_squared + k;
        p.parameter_norm_squared = args.parameter_norm_squared == nullptr ? nullptr : args.parameter_norm_squared + k;
        p.total_norm_squared = args.total_norm_squared;
        const int64_t blocks = blocks_of(args, k, k + p.count);
        if (blocks > INT32_MAX)
            fail(GM_UNSUPPORTED, "%lld tensors of %lld blocks are more than a launch holds",
                 static_cast<long long>(p.count), static_cast<long long>(blocks));
        p.blocks = 0;
        for (int n = 0; n < p.count; n++) {
            p.tensors[n] = tensor_of(args, k + n);
            p.tensors[n].first_block = p.blocks;
            p.blocks += static_cast<int32_t>(divide_up(p.tensors[n].elements, direction::kBlock));
        }
        launch(queue, "direction", direction::subtract_blocks, p.blocks, direction::kThreads, sizeof(direction::Shared),
               p);
        launch_behind(queue, "direction", direction::add_blocks, 1, direction::kAddThreads,
                      sizeof(direction::AddShared), p);
        k += p.count;
    } while (k < args.count);
}

}  // namespace gm::cuda
