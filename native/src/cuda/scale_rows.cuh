// output_i = scale weight_i input_i over [R,D], rows of weight 0 set to 0 whatever they hold.
//
// 8 bytes moved for one multiplication (4 in halves): memory is the limit. A warp takes a piece of kPiece
// elements of one row, all of them on the way before the first is stored.
#pragma once

#include "cuda/block.cuh"
#include "cuda/elements.cuh"

namespace gm::cuda::scale_rows {

constexpr int kThreads = 256;
constexpr int kEights = 4;  // of a lane
constexpr int64_t kPiece = kEights * kEight * kWarp;

struct Parameters {
    gm_array input, weight, output;
    double scale;
    int64_t pieces;  // of a row
};

__global__ void __launch_bounds__(kThreads) pieces(const __grid_constant__ Parameters p) {
    const int64_t piece = int64_t{blockIdx.x} * (kThreads / kWarp) + warp(), i = piece / p.pieces, D = p.input.shape[1];
    if (i >= p.input.shape[0]) return;
    const Run from = row_of(p.input, i), to = row_of(p.output, i);
    const bool vector = aligned(from) && aligned(to);
    const float weight = get(p.weight, i), factor = static_cast<float>(p.scale * static_cast<double>(weight));
    const int64_t first = piece % p.pieces * kPiece + lane() * kEight;
    float x[kEights][kEight];
#pragma unroll
    for (int n = 0; n < kEights; n++) {
        const int64_t at = first + n * kWarp * kEight;
        load(from, vector, at, D - at, x[n]);
    }
#pragma unroll
    for (int n = 0; n < kEights; n++) {
        const int64_t at = first + n * kWarp * kEight;
        for (int j = 0; j < kEight; j++) x[n][j] = weight == 0 ? 0.0f : factor * x[n][j];
        store(to, vector, at, D - at, x[n]);
    }
}

}  // namespace gm::cuda::scale_rows
