#include "cuda/projected_dot.cuh"

#include "cuda/launch.h"
#include "cuda/operations.h"

namespace gm::cuda {
namespace {

projected_dot::Parameters parameters(const gm_projected_dot_args &args, Arena &arena) {
    projected_dot::Parameters p = {
        args.gradient, args.direction, args.dot, args.norm_squared, args.direction_norm_squared, 0, 0,
        nullptr,       nullptr,        nullptr};
    const int64_t P = args.gradient.shape[1];
    p.rows = args.dot.data != nullptr || args.norm_squared.data != nullptr ? args.gradient.shape[0] : 0;
    p.strips = P <= projected_dot::kShort ? 0 : divide_up(P, projected_dot::kStrip);
    p.dots = arena.take<double>(p.rows * p.strips);
    p.norms = arena.take<double>(p.rows * p.strips);
    p.strip_norms = arena.take<double>(p.strips);
    return p;
}

}  // namespace

size_t projected_dot_workspace(const gm_projected_dot_args &args) {
    Arena arena;
    parameters(args, arena);
    return arena.bytes_needed();
}

void projected_dot_run(const gm_projected_dot_args &args, Arena arena, const gm_queue &queue) {
    using namespace projected_dot;
    const Parameters p = parameters(args, arena);
    if (p.strips == 0) {
        launch(queue, "projected_dot", short_rows, divide_up(p.rows, kThreads / kWarp) + 1, kThreads, sizeof(Shared),
               p);
        return;
    }
    const int64_t groups = larger(1, divide_up(p.rows, kRows));  // |v|^2 even of no rows
    launch(queue, "projected_dot", strips, groups * p.strips, kThreads, sizeof(Shared), p);
    launch_behind(queue, "projected_dot", add_strips, p.rows + 1, kPartialThreads, sizeof(PartialShared), p);
}

}  // namespace gm::cuda
