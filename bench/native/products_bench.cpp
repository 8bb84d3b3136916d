// How close the sums of products come to what the machine has: GB/s of memory where one pass is the
// limit, GFLOP/s (two a multiply-add) where arithmetic is.
#include "calls.h"

using bench::Array;

namespace {

const char *name_of(int32_t dtype) { return dtype == GM_F32 ? "f32" : dtype == GM_F16 ? "f16" : "bf16"; }

void direction(int64_t count, int64_t elements, bool store) {
    std::vector<gm_array> reference, parameter, v;
    const Array r(GM_F32, {count, elements}), p(GM_F32, {count, elements}), out(GM_F32, {count, elements});
    auto part = [&](const Array &x, int64_t k) {
        gm_array array = x.get();
        array.data = static_cast<float *>(array.data) + k * elements;
        array.rank = 1;
        array.shape[0] = elements;
        array.stride[0] = 1;
        return array;
    };
    for (int64_t k = 0; k < count; k++) {
        reference.push_back(part(r, k));
        parameter.push_back(part(p, k));
        v.push_back(part(out, k));
    }
    double total = 0;
    const gm_direction_args args = {count,   reference.data(), parameter.data(), store ? v.data() : nullptr,
                                    nullptr, &total,           nullptr};
    const double seconds = GM_TIME(gm_direction, args);
    std::printf("direction      %5lld x %9lld  f32  %s %9.1f us %7.1f GB/s\n", static_cast<long long>(count),
                static_cast<long long>(elements), store ? "V stored" : "        ", seconds * 1e6,
                (r.bytes() * (store ? 3 : 2)) / seconds / 1e9);
}

void row_dot(int64_t B, int64_t T, int64_t O, int32_t dtype) {
    const Array u(dtype, {B, T, O}), delta(dtype, {B, T, O}), dot(GM_F32, {B});
    const gm_row_dot_args args = {u.get(), delta.get(), dot.get()};
    const double seconds = GM_TIME(gm_row_dot, args);
    std::printf("row_dot        [%lld,%lld,%lld] %s %9.1f us %7.1f GB/s\n", static_cast<long long>(B),
                static_cast<long long>(T), static_cast<long long>(O), name_of(dtype), seconds * 1e6,
                2 * u.bytes() / seconds / 1e9);
}

void projected_dot(int64_t B, int64_t P, int32_t dtype) {
    const Array g(dtype, {B, P}), v(GM_F32, {P}), dot(GM_F32, {B}), norm(GM_F32, {B});
    double square = 0;
    const gm_projected_dot_args args = {g.get(), v.get(), dot.get(), norm.get(), &square};
    const double seconds = GM_TIME(gm_projected_dot, args);
    std::printf("projected_dot  [%lld,%lld] %s %9.1f us %7.1f GB/s\n", static_cast<long long>(B),
                static_cast<long long>(P), name_of(dtype), seconds * 1e6, (g.bytes() + v.bytes()) / seconds / 1e9);
}

void ghost_dot(int64_t B, int64_t T, int64_t I, int64_t O, int32_t dtype) {
    const Array a(dtype, {B, T, I}), delta(dtype, {B, T, O}), v(dtype, {O, I}), dot(GM_F32, {B});
    const gm_ghost_dot_args args = {a.get(), delta.get(), v.get(), dot.get(), GM_GHOST_DOT_AUTO};
    const double seconds = GM_TIME(gm_ghost_dot, args);
    std::printf("ghost_dot      [%lld,%lld,%lld->%lld] %s %11.1f us %7.1f GFLOP/s %7.1f GB/s\n",
                static_cast<long long>(B), static_cast<long long>(T), static_cast<long long>(I),
                static_cast<long long>(O), name_of(dtype), seconds * 1e6,
                2.0 * static_cast<double>(B * T * I * O) / seconds / 1e9,
                (a.bytes() + delta.bytes() + v.bytes()) / seconds / 1e9);
}

}  // namespace

int main() {
    bench::print_machine();
    direction(200, 768, true);
    direction(1, 86000000, false);
    direction(1, 86000000, true);
    direction(40, 500000, true);
    row_dot(32, 197, 768, GM_F32);
    row_dot(32, 197, 768, GM_BF16);
    row_dot(1000, 1, 1000, GM_F32);
    row_dot(2, 1, 50000000, GM_F32);
    projected_dot(32, 768000, GM_F32);
    projected_dot(32, 768000, GM_BF16);
    projected_dot(4, 40000000, GM_F32);
    projected_dot(100000, 500, GM_F32);
    for (const int32_t dtype : {GM_F32, GM_BF16}) {
        ghost_dot(32, 1, 768, 1000, dtype);
        ghost_dot(1, 1, 4096, 4096, dtype);
        ghost_dot(256, 1, 768, 10, dtype);
        ghost_dot(32, 197, 768, 768, dtype);
        ghost_dot(4, 197, 768, 3072, dtype);
        ghost_dot(4, 197, 4096, 1024, dtype);
        ghost_dot(8, 1024, 64, 64, dtype);
    }
    return 0;
}
