// gm_head_step between the two products of a training step.
//
//   head_step_bench [repetitions]
//
// For batches and class counts of all sizes one JSON object a line: the median time of a call that
// gives loss, score, weight and delta, of one that gives weighted_delta and both sums as well, and the
// GB/s that the first moves (logits and u read, delta written).
#include <cstdio>
#include <cstdlib>

#include "arrays.h"
#include "machine.h"

using bench::array;
using bench::normal;
using bench::Vector;

namespace {

struct Case {
    Case(int64_t samples, int64_t classes)
        : B(samples), C(classes), logits(normal(B * C, 2)), projected(normal(B * C, 1)),
          delta(static_cast<size_t>(B * C)), weighted(delta), loss(static_cast<size_t>(B)), score(loss), weight(loss),
          mean(static_cast<size_t>(C)), sum(mean), labels(static_cast<size_t>(B)) {
        for (size_t i = 0; i < labels.size(); i++) labels[i] = static_cast<int64_t>(i) * 7919 % C;
        args.logits = array(logits.data(), GM_F32, B, C);
        args.labels = array(labels.data(), GM_I64, B, 0);
        args.projected = array(projected.data(), GM_F32, B, C);
        args.direction_norm_squared = &norm_squared;
        args.weighting = {GM_NORMED_PROJ, 0, 0.5, 0};
        args.loss = array(loss.data(), GM_F32, B, 0);
        args.score = array(score.data(), GM_F32, B, 0);
        args.weight = array(weight.data(), GM_F32, B, 0);
        args.delta = array(delta.data(), GM_F32, B, C);
        full = args;
        full.weighted_delta = array(weighted.data(), GM_F32, B, C);
        full.mean_delta = array(mean.data(), GM_F32, C, 0);
        full.weighted_delta_sum = array(sum.data(), GM_F32, C, 0);
        size_t bytes = 0;
        if (gm_head_step_workspace_size(nullptr, &full, &bytes) != GM_OK) std::fprintf(stderr, "%s\n", gm_last_error());
        workspace.resize(bytes);
        calls = std::max<int64_t>(1, 2000000 / (B * C + 1000));
    }
    Case(const Case &) = delete;

    // Seconds a call.
    double run(const gm_head_step_args &what) {
        return bench::seconds([&] {
                   for (int64_t n = 0; n < calls; n++) {
                       if (gm_head_step(nullptr, &what, workspace.data(), workspace.size()) != GM_OK)
                           std::fprintf(stderr, "%s\n", gm_last_error());
                   }
               }) /
               static_cast<double>(calls);
    }

    int64_t B, C, calls = 1;
    Vector<float> logits, projected, delta, weighted, loss, score, weight, mean, sum;
    std::vector<int64_t> labels;
    std::vector<char> workspace;
    double norm_squared = 2;
    gm_head_step_args args = {}, full = {};
};

}  // namespace

int main(int argc, char **argv) {
    const int repetitions = argc > 1 ? std::atoi(argv[1]) : 15;
    const int64_t shapes[][2] = {{32, 10},   {32, 100},   {32, 1000},   {256, 100},  {4096, 10},
                                 {4096, 48}, {4096, 100}, {4096, 1000}, {64, 100000}};
    for (const auto &shape : shapes) {
        Case c(shape[0], shape[1]);
        std::vector<double> lean, full;
        c.run(c.args);
        for (int repetition = 0; repetition < repetitions; repetition++) {
            lean.push_back(c.run(c.args));
            full.push_back(c.run(c.full));
        }
        const double time = bench::median(lean);
        std::printf(
            "{\"operation\": \"head_step\", \"isa\": \"%s\", \"threads\": %d, \"B\": %lld, \"C\": %lld, \"us\": %.2f, "
            "\"us_with_sums\": %.2f, "
            "\"gb_per_s\": %.2f, \"ns_per_row\": %.2f}\n",
            gm_cpu_isa(), omp_get_max_threads(), static_cast<long long>(c.B), static_cast<long long>(c.C), time * 1e6,
            bench::median(full) * 1e6, 12e-9 * static_cast<double>(c.B * c.C) / time,
            time * 1e9 / static_cast<double>(c.B));
    }
    return 0;
}
