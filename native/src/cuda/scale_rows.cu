#include "cuda/scale_rows.cuh"

#include "cuda/launch.h"
#include "cuda/operations.h"

namespace gm::cuda {

size_t scale_rows_workspace(const gm_scale_rows_args &) { return 0; }

void scale_rows_run(const gm_scale_rows_args &args, Arena, const gm_queue &queue) {
    const scale_rows::Parameters p = {args.input, args.weight, args.output, args.scale,
                                      divide_up(args.input.shape[1], scale_rows::kPiece)};
    const int64_t warps = args.input.shape[0] * p.pieces;
    launch(queue, "scale_rows", scale_rows::pieces, divide_up(warps, scale_rows::kThreads / kWarp),
           scale_rows::kThreads, 0, p);
}

}  // namespace gm::cuda
