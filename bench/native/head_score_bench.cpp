// gm_head_score against the machine's limits.
//
//   head_score_bench [f32|bf16|f16] [D] [repetitions]
//
// For C = 10, 100 and 1000 one JSON object a line: medians of interleaved repetitions of the
// operation, of the multiply-add rate and of the read bandwidth, all on all threads.
// "of_limit" is rows/s over min(bandwidth / bytes a row, multiply-adds / those a row needs).
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "arrays.h"
#include "machine.h"

using bench::array;
using bench::normal;
using bench::Vector;

namespace {

struct Case {
    int64_t B, D, C;
    int32_t dtype;
    Vector<float> weight, direction, loss, score, norm;
    std::vector<int64_t> labels;
    std::vector<char> workspace;
    gm_head_score_args args = {};
    double norm_squared = 1;
    std::vector<double> times;

    Case(int64_t rows, int64_t inner, int64_t classes, int32_t type, void *features)
        : B(rows), D(inner), C(classes), dtype(type), weight(normal(C * D, 0.05f)), direction(normal(C * D, 0.01f)),
          loss(static_cast<size_t>(B)), score(loss), norm(loss), labels(static_cast<size_t>(B)) {
        for (size_t i = 0; i < labels.size(); i++) labels[i] = static_cast<int64_t>(i) * 7919 % C;
        args.features = array(features, dtype, B, D);
        args.labels = array(labels.data(), GM_I64, B, 0);
        args.weight = array(weight.data(), GM_F32, C, D);
        args.direction = array(direction.data(), GM_F32, C, D);
        args.direction_norm_squared = &norm_squared;
        args.loss = array(loss.data(), GM_F32, B, 0);
        args.score = array(score.data(), GM_F32, B, 0);
        args.gradient_norm = array(norm.data(), GM_F32, B, 0);
        size_t bytes = 0;
        if (gm_head_score_workspace_size(nullptr, &args, &bytes) != GM_OK)
            std::fprintf(stderr, "%s\n", gm_last_error());
        workspace.resize(bytes);
    }

    void run() {
        times.push_back(bench::seconds([&] {
            if (gm_head_score(nullptr, &args, workspace.data(), workspace.size()) != GM_OK)
                std::fprintf(stderr, "%s\n", gm_last_error());
        }));
    }
};

}  // namespace

int main(int argc, char **argv) {
    const char *type = argc > 1 ? argv[1] : "f32";
    const int64_t D = argc > 2 ? std::atoll(argv[2]) : 768;
    const int repetitions = argc > 3 ? std::atoi(argv[3]) : 9;
    const int32_t dtype = std::strcmp(type, "bf16") == 0 ? GM_BF16 : std::strcmp(type, "f16") == 0 ? GM_F16 : GM_F32;
    const double width = dtype == GM_F32 ? 4 : 2;

    const int64_t most = (int64_t{100} << 20) / D;  // 400 MB of f32: far beyond the caches
    Vector<float> features = normal(most * D, 1);
    Vector<uint16_t> halves;
    if (dtype != GM_F32) halves.assign(static_cast<size_t>(most * D), dtype == GM_BF16 ? 0x3c00 : 0x2c00);
    void *data = dtype == GM_F32 ? static_cast<void *>(features.data()) : halves.data();

    std::vector<Case> cases;
    cases.reserve(3);
    for (const int64_t C : {10, 100, 1000})
        cases.emplace_back(std::max<int64_t>(std::min(most, 4000000 / C), 1024), D, C, dtype, data);
    std::vector<double> peaks, rates;
    for (int repetition = 0; repetition <= repetitions; repetition++) {
        for (Case &c : cases) c.run();
        peaks.push_back(bench::multiply_add_rate());
        rates.push_back(bench::read_rate(features.data(), static_cast<int64_t>(features.size())));
        if (repetition > 0) continue;  // the first one warms up
        for (Case &c : cases) c.times.clear();
        peaks.clear();
        rates.clear();
    }
    const double peak = bench::median(peaks), rate = bench::median(rates);
    for (const Case &c : cases) {
        const double rows = static_cast<double>(c.B) / bench::median(c.times),
                     flops = 4.0 * static_cast<double>(c.C * D);
        const double limit = std::min(rate * 1e9 / (width * static_cast<double>(D)), peak * 1e9 / flops);
        std::printf(
            "{\"operation\": \"head_score\", \"isa\": \"%s\", \"threads\": %d, \"dtype\": \"%s\", \"B\": %lld, \"D\": "
            "%lld, \"C\": %lld, "
            "\"repetitions\": %d, \"rows_per_s\": %.0f, \"gflops\": %.1f, \"gb_per_s\": %.2f, \"peak_gflops\": %.1f, "
            "\"read_gb_per_s\": %.2f, \"of_limit\": %.3f}\n",
            gm_cpu_isa(), omp_get_max_threads(), type, static_cast<long long>(c.B), static_cast<long long>(D),
            static_cast<long long>(c.C), repetitions, rows, rows * flops * 1e-9,
            rows * width * static_cast<double>(D) * 1e-9, peak, rate, rows / limit);
    }
    return 0;
}
