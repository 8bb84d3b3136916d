// Where the Gram form of ghost_norm overtakes the direct product: both forms of the same kernel, timed
// at the same shapes. `cost` is the time of a direct multiply-add over that of one of the Gram form;
// kGram in native/src/cpu/kernels/ghost_norm.cpp is what lies between the columns `gram` and `direct`.
#include "calls.h"
#include "cpu/kernels/ghost_norm.cpp"

namespace {

using namespace gm::cpu::GM_ISA;

double seconds_of(Form form, const gm_ghost_norm_args &args) {
    std::vector<char> workspace(ghost_norm_workspace(args));
    return bench::time_calls([&] { ghost_norm_by(form, args, gm::Arena(workspace.data(), workspace.size())); }, 5);
}

void compare(int64_t B, int64_t T, int64_t I, int64_t O) {
    const bench::Array a(GM_F32, {B, T, I}), delta(GM_F32, {B, T, O}), norm(GM_F32, {B});
    const gm_ghost_norm_args args = {a.get(), delta.get(), norm.get()};
    const double gram = seconds_of(Form::gram, args), direct = seconds_of(Form::direct, args);
    const double t = static_cast<double>(T), i = static_cast<double>(I), o = static_cast<double>(O),
                 b = static_cast<double>(B);
    const double gram_work = t * t / 2 * (i + o), direct_work = t * i * o;
    std::printf(
        "%4lld %5lld %5lld %5lld  gram %10.1f us %6.1f GFLOP/s  direct %10.1f us %6.1f GFLOP/s  work %6.3f  time %6.3f "
        " cost %5.2f\n",
        static_cast<long long>(B), static_cast<long long>(T), static_cast<long long>(I), static_cast<long long>(O),
        gram * 1e6, 2 * b * gram_work / gram / 1e9, direct * 1e6, 2 * b * direct_work / direct / 1e9,
        gram_work / direct_work, gram / direct, (direct / direct_work) / (gram / gram_work));
}

}  // namespace

int main() {
    bench::print_machine();
    std::printf("   B     T     I     O\n");
    for (const int64_t T : {2, 4, 16, 50, 197, 577, 1024, 2048}) {
        compare(T < 100 ? 32 : 2, T, 768, 768);
        compare(T < 100 ? 32 : 2, T, 64, 64);
        compare(T < 100 ? 32 : 2, T, 147, 64);
        compare(T < 100 ? 32 : 2, T, 768, 10);
        compare(T < 100 ? 32 : 2, T, 512, 128);
    }
    compare(2, 197, 768, 3072);
    compare(2, 1024, 768, 3072);
    return 0;
}
