#include "cpu/isa.h"

#include <omp.h>

#include <atomic>
#include <cstdlib>
#include <cstring>

namespace gm::cpu {

namespace portable {
extern const Kernels table;
}
#if defined(GM_X86)
namespace avx2 {
extern const Kernels table;
}
namespace avx512 {
extern const Kernels table;
}
#endif

namespace {

std::atomic<const Kernels *> chosen{nullptr};

struct Candidate {
    const Kernels *table;
    bool (*runs_here)();
};

bool always() { return true; }

#if defined(GM_X86)
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
bool has_avx512() {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}
const Candidate candidates[] = {{&avx512::table, has_avx512}, {&avx2::table, has_avx2}, {&portable::table, always}};
#else
const Candidate candidates[] = {{&portable::table, always}};
#endif

const Kernels *find(const char *name) {
    const bool best = std::strcmp(name, "best") == 0;
    bool known = best;
    for (const Candidate &candidate : candidates) {
        const bool same = std::strcmp(name, candidate.table->isa) == 0;
        known = known || same;
        if ((best || same) && candidate.runs_here()) return candidate.table;
    }
    if (known) fail(GM_UNSUPPORTED, "this processor has no %s", name);
    fail(GM_INVALID_ARGUMENT, "unknown instruction set \"%s\"; this build has best, portable%s", name,
         sizeof candidates > sizeof(Candidate) ? ", avx2 and avx512" : "");
}

}  // namespace

const Kernels &kernels() {
    const Kernels *table = chosen.load(std::memory_order_acquire);
    if (table == nullptr) {
        const char *wanted = std::getenv("GRADMIMIC_ISA");
        table = find(wanted != nullptr && *wanted != '\0' ? wanted : "best");
        chosen.store(table, std::memory_order_release);
    }
    return *table;
}

void choose_isa(const char *name) { chosen.store(find(name), std::memory_order_release); }

int threads() { return omp_get_max_threads(); }

}  // namespace gm::cpu
