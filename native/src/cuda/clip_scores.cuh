// gm_clip_scores: contrastive losses of B pairs and their derivative along the tangents.
//
// 6 B^2 E operations over 4 B E numbers: z needs x y^T, its derivative dx y^T + x dy^T. The float multipliers are the
// limit. Neither z nor dz is stored. Three grids:
//   1. normalise  x, y and what they change by, as floats, a warp a row.
//   2. tiles      a block makes 64 x 64 of z and dz and folds them at once into sums over its rows and over its
//                 columns, without the pairs' own logits (cpu/cross_entropy.h says why). A tile leaves 6 floats
//                 for 128 places: a fiftieth of what z and dz would take.
//   3. finish     a warp a pair: its tiles' sums in a fixed order, and what follows from them.
#pragma once

#include "cuda/cross_entropy.cuh"
#include "cuda/tile.cuh"
#include "numerics/contrastive.h"

namespace gm::cuda::clip_scores {

constexpr int kThreads = 256;  // of grids 1 and 3
enum { kImage, kText, kSides };

// Over logits z other than the pair's own: their maximum, sum e^(z - max), sum e^(z - max) dz. For the sigmoid loss,
// which needs no maximum: kLowest, sum f, sum df.
struct Sums {
    float max = kLowest, sum = 0, moved = 0;
};

struct Parameters {
    gm_clip_scores_args args;
    int64_t B, E, depth;                    // depth: of the rows of `value` and `change`, whole eights
    int64_t tiles;                          // along one side
    float *value[kSides], *change[kSides];  // [B, depth]
    float *own, *own_moved;                 // [B]: z_ii, dz_ii
    Sums *partial[kSides];                  // [B, tiles]: over the texts of an image, over the images of a text
};

struct Slices {
    Slice image, image_change, text, text_change;
};

union Shared {
    Slices slices;
    Sums columns[kTileThreads / kWarp][kTile];  // once the products are done
};

// In terms of the larger maximum. A NaN stays in the sums.
__device__ __forceinline__ void merge(Sums &sums, const Sums &other) {
    const float max = other.max > sums.max ? other.max : sums.max;
    const float mine = expf(sums.max - max), theirs = expf(other.max - max);
    sums.sum = sums.sum * mine + other.sum * theirs;
    sums.moved = sums.moved * mine + other.moved * theirs;
    sums.max = max;
}

__device__ __forceinline__ void merge_lane(Sums &sums, int distance) {
    const Sums other = {__shfl_xor_sync(kAllLanes, sums.max, distance), __shfl_xor_sync(kAllLanes, sums.sum, distance),
                        __shfl_xor_sync(kAllLanes, sums.moved, distance)};
    merge(sums, other);
}

__global__ void __launch_bounds__(kThreads) normalise(const __grid_constant__ Parameters p) {
    let_next_grid_begin();
    if (blockIdx.x == 0 && threadIdx.x == 0 && p.args.non_finite != nullptr) *p.args.non_finite = 0;  // grid 3 counts
    const int64_t n = int64_t{blockIdx.x} * (kThreads / kWarp) + warp();
    if (n >= kSides * p.B) return;
    const int side = n < p.B ? kImage : kText;
    const int64_t i = side == kImage ? n : n - p.B;
    const gm_array &tangents = side == kImage ? p.args.image_tangent : p.args.text_tangent;
    const bool moves = tangents.data != nullptr;
    const Run features = row_of(side == kImage ? p.args.image : p.args.text, i),
              tangent = moves ? row_of(tangents, i) : features;
    float squares = 0, products = 0, f[kEight], t[kEight];
    for (int64_t at = lane() * kEight; at < p.E; at += kWarp * kEight) {
        load(features, aligned(features), at, p.E - at, f);
        load(tangent, aligned(tangent), at, p.E - at, t);
        for (int j = 0; j < kEight; j++) {
            squares += f[j] * f[j];
            products += f[j] * t[j];
        }
    }
    const float inverse = 1 / sqrtf(sum_over_lanes(squares)), inner = sum_over_lanes(products) * inverse;
    const Run value = {reinterpret_cast<const char *>(p.value[side] + i * p.depth), GM_F32};
    const Run change = {reinterpret_cast<const char *>(p.change[side] + i * p.depth), GM_F32};
    for (int64_t at = lane() * kEight; at < p.E; at += kWarp * kEight) {
        load(features, aligned(features), at, p.E - at, f);
        load(tangent, aligned(tangent), at, p.E - at, t);
        for (int j = 0; j < kEight; j++) {
            f[j] *= inverse;
            t[j] = moves ? (t[j] - f[j] * inner) * inverse : 0;
        }
        store(value, true, at, p.E - at, f);
        store(change, true, at, p.E - at, t);
    }
}

// f and df of a logit: log(1 + e^z) and its derivative.
__device__ __forceinline__ void soften(float &z, float &dz) {
    const float e = expf(-fabsf(z));
    dz *= (z > 0 ? 1 : e) / (1 + e);
    z = fmaxf(z, 0) + log1pf(e);
}

// The sums of four logits that lie kStep apart; those that take no part are -infinity and 0.
template <int kStep>
__device__ __forceinline__ Sums sums_of(bool soft, const float *z, const float *dz) {
    Sums sums;
    for (int n = 0; n < kMine && soft; n++) sums.max = z[n * kStep] > sums.max ? z[n * kStep] : sums.max;
    for (int n = 0; n < kMine; n++) {
        const float e = soft ? expf(z[n * kStep] - sums.max) : 1;
        sums.sum += soft ? e : z[n * kStep];
        sums.moved += e * dz[n * kStep];
    }
    return sums;
}

__global__ void __launch_bounds__(kTileThreads) tiles(const __grid_constant__ Parameters p) {
    wait_for_grid_before();
    let_next_grid_begin();
    const int64_t row_tile = blockIdx.x / p.tiles, column_tile = blockIdx.x % p.tiles, first_row = row_tile * kTile,
                  first_column = column_tile * kTile;
    const int64_t rows = smaller(kTile, p.B - first_row), columns = smaller(kTile, p.B - first_column);
    const bool soft = p.args.loss_kind == GM_CONTRASTIVE_SOFTMAX;
    Shared &s = shared<Shared>();
    float z[kMine][kMine] = {}, dz[kMine][kMine] = {};
    const auto run = [&](const float *matrix, int64_t n) {
        return Run{reinterpret_cast<const char *>(matrix + n * p.depth), GM_F32};
    };
    for (int64_t at = 0; at < p.E; at += kDepth) {
        __syncthreads();
        load_slice(s.slices.image, rows, at, p.E, [&](int64_t r) { return run(p.value[kImage], first_row + r); });
        load_slice(s.slices.image_change, rows, at, p.E,
                   [&](int64_t r) { return run(p.change[kImage], first_row + r); });
        load_slice(s.slices.text, columns, at, p.E, [&](int64_t c) { return run(p.value[kText], first_column + c); });
        load_slice(s.slices.text_change, columns, at, p.E,
                   [&](int64_t c) { return run(p.change[kText], first_column + c); });
        __syncthreads();
#pragma unroll 8
        for (int k = 0; k < kDepth; k++) {
            float x[kMine], dx[kMine], y[kMine], dy[kMine];
            take(s.slices.image, k, tile_row(), x);
            take(s.slices.image_change, k, tile_row(), dx);
            take(s.slices.text, k, tile_column(), y);
            take(s.slices.text_change, k, tile_column(), dy);
            multiply_add(x, y, z);
            multiply_add(dx, y, dz);
            multiply_add(x, dy, dz);
        }
    }
    const float scale = static_cast<float>(p.args.logit_terms[0]), bias = static_cast<float>(p.args.logit_terms[1]);
    const float scale_moved = static_cast<float>(p.args.logit_terms[2]),
                bias_moved = static_cast<float>(p.args.logit_terms[3]);
#pragma unroll
    for (int r = 0; r < kMine; r++) {
#pragma unroll
        for (int c = 0; c < kMine; c++) {
            const int row = tile_row() + r, column = tile_column() + c;
            const bool there = row < rows && column < columns, own = first_row + row == first_column + column;
            const float cosine = z[r][c];
            z[r][c] = scale * cosine + bias;
            dz[r][c] = scale * dz[r][c] + (scale_moved * cosine + bias_moved);
            if (there && own) {
                p.own[first_row + row] = z[r][c];
                p.own_moved[first_row + row] = dz[r][c];
            }
            if (there && !own) {
                if (!soft) soften(z[r][c], dz[r][c]);
            } else {
                z[r][c] = soft ? -INFINITY : 0;
                dz[r][c] = 0;
            }
        }
    }
#pragma unroll
    for (int r = 0; r < kMine; r++) {
        Sums sums = sums_of<1>(soft, z[r], dz[r]);
        for (int distance = kTile / kMine / 2; distance > 0; distance /= 2) merge_lane(sums, distance);
        if (tile_column() == 0 && tile_row() + r < rows)
            p.partial[kImage][(first_row + tile_row() + r) * p.tiles + column_tile] = sums;
    }
    __syncthreads();  // the slices make room
#pragma unroll
    for (int c = 0; c < kMine; c++) {
        Sums sums = sums_of<kMine>(soft, &z[0][c], &dz[0][c]);
        merge_lane(sums, kTile / kMine);  // the other rows of this warp
        if (lane() < kTile / kMine) s.columns[warp()][tile_column() + c] = sums;
    }
    __syncthreads();
    const int column = static_cast<int>(threadIdx.x);
    if (column >= columns) return;
    Sums sums = s.columns[0][column];
    for (int n = 1; n < kTileThreads / kWarp; n++) merge(sums, s.columns[n][column]);
    p.partial[kText][(first_column + column) * p.tiles + row_tile] = sums;
}

// A pair's sums over all tiles, in every lane.
__device__ __forceinline__ Sums all_tiles(const Sums *partial, int64_t tiles) {
    Sums sums;
    for (int64_t tile = lane(); tile < tiles; tile += kWarp) merge(sums, partial[tile]);
    for (int distance = kWarp / 2; distance > 0; distance /= 2) merge_lane(sums, distance);
    return sums;
}

__global__ void __launch_bounds__(kThreads) finish(const __grid_constant__ Parameters p) {
    wait_for_grid_before();
    const int64_t i = int64_t{blockIdx.x} * (kThreads / kWarp) + warp();
    if (i >= p.B) return;
    ContrastiveHalf both = {0, 0};
    for (int side = 0; side < kSides; side++) {
        const Sums sums = all_tiles(p.partial[side] + i * p.tiles, p.tiles);
        const ContrastiveHalf half =
            contrastive_half(p.args.loss_kind, p.own[i], p.own_moved[i], sums.max, sums.sum, sums.moved);
        both.loss += half.loss / 2;
        both.moved += half.moved / 2;
    }
    if (lane() != 0) return;
    const double norm = p.args.direction_norm_squared == nullptr ? 1 : sqrt(*p.args.direction_norm_squared);
    const bool finite = is_finite(both.loss) && is_finite(both.moved);
    if (p.args.loss.data != nullptr) put(p.args.loss, i, both.loss);
    if (p.args.score.data != nullptr) put(p.args.score, i, !finite ? nan("") : norm == 0 ? 0 : -both.moved / norm);
    if (p.args.non_finite != nullptr && !finite)
        atomicAdd(reinterpret_cast<unsigned long long *>(p.args.non_finite), 1ull);
}

}  // namespace gm::cuda::clip_scores
