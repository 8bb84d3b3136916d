// The emulated warpgroup products and barriers: right where the protocol is kept, named where it is not.
#include <cmath>

#include "../cuda/device.h"
#include "cuda/launch.h"
#include "cuda/wgmma.cuh"
#include "emulator.h"

using namespace gm::cuda;

namespace {

constexpr int kElements = 64;  // of a row: four products
constexpr int kAll = kGroupRows + kGroupColumns;

// By kArrivals copies arrive themselves and those who multiply put the fence; the two below it leave it out or put it first.
enum Fault {
    kNone,
    kArrivals,
    kArrivalsHidden,
    kArrivalsEarlyFence,
    kHidden,
    kUnfenced,
    kUncommitted,
    kEarly,
    kUnswizzled,
    kWrongStride,
    kOtherDescriptors,
    kUnfinished,
    kUnstarted,
    kForever
};

struct Sides {
    uint16_t rows[kAll][kElements];  // both of them: 64 rows and 192
    uint64_t barrier;
};

// sums [64][192] of rows 0..63 of `source` times the others.
void product(const uint16_t *source, float *output, Fault fault) {
    Sides &s = shared<Sides>();
    const int n = static_cast<int>(threadIdx.x);
    const bool arrivals = fault == kArrivals || fault == kArrivalsHidden || fault == kArrivalsEarlyFence;
    const unsigned expected = arrivals ? kWarpgroup : kWarpgroup / kWarp + (fault == kForever);
    if (n == 0 && fault != kUnstarted) start_barrier(&s.barrier, expected);
    if (arrivals) __syncthreads();
    for (int row = n / 8; row < kAll; row += kWarpgroup / 8) {
        gm::cuda::copy_later(&s.rows[row][(n % 8 ^ row % 8) * 8], source + row * kElements + n % 8 * 8, 16);
    }
    if (arrivals) {
        gm::cuda::arrive_with_copies(&s.barrier);
        if (fault == kArrivalsEarlyFence) show_to_products();
        wait_for_phase(&s.barrier, 0);
        if (fault == kArrivals) show_to_products();
    } else {
        gm::cuda::commit_copies();
        gm::cuda::wait_for_copies<0>();
        if (fault != kHidden) show_to_products();
        __syncthreads();
        if (lane() == 0) arrive(&s.barrier);
        wait_for_phase(&s.barrier, 0);
    }
    uint64_t left = describe_rows(shared_address(s.rows)), right = describe_rows(shared_address(s.rows[kGroupRows]));
    if (fault == kUnswizzled) left &= ~(uint64_t{3} << 62);
    if (fault == kWrongStride) left ^= uint64_t{32} << 32;
    if (fault == kOtherDescriptors && warp() == 2) left += 2;
    float sums[1][kGroupSums] = {};
    if (fault != kUnfenced) fence_sums();
    for (uint64_t k = 0; k < kElements / kGroupDepth; k++)
        multiply_later<true>(sums[0], left + 2 * k, right + 2 * k, k > 0);
    if (fault != kUncommitted) commit_products();
    if (fault == kUnfinished) return;
    const float early = sums[0][5];
    wait_for_products(sums);
    if (fault == kEarly) sums[0][5] = early;
    for (int i = 0; i < kGroupSums; i++) {
        const int row = warp() * 16 + i / 2 % 2 * 8 + lane() / 4, column = i / 4 * 8 + lane() % 4 * 2 + i % 2;
        output[row * kGroupColumns + column] = sums[0][i];
    }
}

struct Result {
    cudaError_t status;
    int wrong, unknown;  // sums that are another number, and NaN
};

Result run(check::Random &random, Fault fault) {
    std::vector<uint16_t> host(kAll * kElements);
    std::vector<float> numbers(host.size()), found(kGroupRows * kGroupColumns);
    for (size_t n = 0; n < host.size(); n++) {
        numbers[n] = static_cast<float>(random() % 9) - 4;
        host[n] = static_cast<uint16_t>(__float_as_uint(numbers[n]) >> 16);
    }
    check::new_order(random);
    void *source = nullptr, *output = nullptr;
    check::ran(cudaMalloc(&source, host.size() * 2));
    check::ran(cudaMalloc(&output, found.size() * sizeof(float)));
    check::ran(cudaMemcpy(source, host.data(), host.size() * 2, cudaMemcpyHostToDevice));
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(1);
    config.blockDim = dim3(kWarpgroup);
    config.dynamicSmemBytes = sizeof(Sides);
    Result result = {cudaLaunchKernelEx(&config, product, static_cast<const uint16_t *>(source),
                                        static_cast<float *>(output), fault),
                     0, 0};
    emulator::restart();
    check::ran(cudaMemcpy(found.data(), output, found.size() * sizeof(float), cudaMemcpyDeviceToHost));
    check::ran(cudaFree(source));
    check::ran(cudaFree(output));
    for (size_t r = 0; r < kGroupRows; r++) {
        for (size_t c = 0; c < kGroupColumns; c++) {
            float sum = 0;
            for (size_t k = 0; k < kElements; k++)
                sum += numbers[r * kElements + k] * numbers[(kGroupRows + c) * kElements + k];
            const float sum_found = found[r * kGroupColumns + c];
            result.unknown += std::isnan(sum_found);
            result.wrong += !std::isnan(sum_found) && sum_found != sum;
        }
    }
    return result;
}

}  // namespace

TEST(emulated_products_are_right_in_any_order) {
    cudaFuncSetAttribute(product, cudaFuncAttributeMaxDynamicSharedMemorySize, sizeof(Sides));
    for (int round = 0; round < 6; round++) {
        const Result result = run(random, round % 2 == 0 ? kNone : kArrivals);
        CHECK(result.status == cudaSuccess && result.wrong == 0 && result.unknown == 0);
    }
}

TEST(emulated_products_show_what_is_wrong) {
    cudaFuncSetAttribute(product, cudaFuncAttributeMaxDynamicSharedMemorySize, sizeof(Sides));
    const std::pair<Fault, const char *> named[] = {
        {kHidden, "has shown by fence.proxy.async"},
        {kArrivalsHidden, "has shown by fence.proxy.async"},
        {kArrivalsEarlyFence, "has shown by fence.proxy.async"},
        {kUnfenced, "wgmma without a wgmma.fence"},
        {kUncommitted, "no wgmma.commit_group has closed"},
        {kUnswizzled, "the descriptor has mode 0"},
        {kOtherDescriptors, "of one group have other descriptors"},
        {kUnfinished, "ends with products under way"},
        {kUnstarted, "an mbarrier that nobody has started"},
        {kForever, "128 wait in mbarrier.try_wait at "},
    };
    for (const auto &[fault, text] : named) {
        const Result result = run(random, fault);
        check::that(result.status == cudaErrorLaunchFailure && emulator::failure().find(text) != std::string::npos,
                    __FILE__, __LINE__, std::string(text) + ": " + emulator::failure());
    }
    Result result = run(random, kEarly);
    CHECK(result.status == cudaSuccess && result.unknown == kWarpgroup);
    result = run(random, kWrongStride);
    CHECK(result.status == cudaSuccess && result.wrong > kGroupRows);
}
