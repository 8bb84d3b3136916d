// The emulator itself: it runs correct kernels correctly in any order, and finds what is wrong in others.
#include "emulator.h"

#include <memory>
#include <numeric>

#include "../cuda/device.h"
#include "cuda/block.cuh"
#include "cuda/launch.h"
#include "cuda/mma.cuh"
#include "cuda/slots.h"

using gm::cuda::shared;

namespace {

constexpr int kThreads = 96;

struct Numbers {
    int values[kThreads];
};

cudaError_t run(void (*kernel)(int *), int *output, unsigned blocks = 3, size_t bytes = sizeof(Numbers)) {
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(blocks);
    config.blockDim = dim3(kThreads);
    config.dynamicSmemBytes = bytes;
    return cudaLaunchKernelEx(&config, kernel, output);
}

// output[block] [thread], copied back
std::vector<int> results(void (*kernel)(int *), uint64_t seed) {
    std::vector<int> host(3 * kThreads, -1);
    void *device = nullptr;
    emulator::seed(seed);
    check::ran(cudaMalloc(&device, host.size() * sizeof(int)));
    check::ran(run(kernel, static_cast<int *>(device)));
    check::ran(cudaMemcpy(host.data(), device, host.size() * sizeof(int), cudaMemcpyDeviceToHost));
    check::ran(cudaFree(device));
    return host;
}

// Every thread writes a number and reads its neighbour's, with a barrier between or without one.
void neighbours(int *output, bool barrier) {
    Numbers &numbers = shared<Numbers>();
    const int n = static_cast<int>(threadIdx.x);
    numbers.values[n] = 1000 * static_cast<int>(blockIdx.x) + n;
    if (barrier) __syncthreads();
    output[blockIdx.x * kThreads + threadIdx.x] = numbers.values[(n + 1) % kThreads];
}
void sound(int *output) { neighbours(output, true); }
void racy(int *output) { neighbours(output, false); }

void warps(int *output) {
    const int n = static_cast<int>(threadIdx.x);
    int sum = gm::cuda::sum_over_lanes(n);         // of 32 lanes
    sum += 1000 * gm::cuda::max_over_lanes<8>(n);  // of 8
    const int below = __shfl_up_sync(0xffffffffu, n, 1), above = __shfl_down_sync(0xffffffffu, n, 1),
              first = __shfl_sync(0xffffffffu, n, 0);
    const int odd = __popc(__ballot_sync(0xffffffffu, n % 2));
    output[blockIdx.x * kThreads + threadIdx.x] =
        sum + 1000000 * (odd == 16 && first == n / 32 * 32 && (n % 32 == 0 ? below == n : below == n - 1) &&
                         (n % 32 == 31 ? above == n : above == n + 1));
}

void block_sums(int *output) {
    Numbers &numbers = shared<Numbers>();
    const int sum = gm::cuda::sum_over_block<kThreads>(static_cast<int>(threadIdx.x), numbers.values);
    const int max = gm::cuda::max_over_block<kThreads>(-static_cast<int>(threadIdx.x) - 5, numbers.values);
    output[blockIdx.x * kThreads + threadIdx.x] = sum + 10000 * max;
}

void divergent_barrier(int *) {
    if (threadIdx.x < 40) __syncthreads();
    else __syncthreads();
}
void returns_before_the_barrier(int *) {
    if (threadIdx.x == 7) return;
    __syncthreads();
}
void divergent_warp(int *output) {
    if (threadIdx.x % 32 < 16) output[0] = gm::cuda::sum_over_lanes(1);
    else __syncwarp();
}
void part_of_a_warp(int *output) { output[0] = __shfl_xor_sync(0xffffu, 1, 1); }
void greedy(int *) { shared<Numbers[2]>(); }
void copies(int *output, bool late) {
    Numbers &numbers = shared<Numbers>();
    const int n = static_cast<int>(threadIdx.x) / 4 * 4;
    const int *from = output + kThreads * 3;
    if (threadIdx.x % 4 == 0) gm::cuda::copy_later(numbers.values + n, from + n, n == 8 ? 8 : 16);
    gm::cuda::commit_copies();
    gm::cuda::commit_copies();
    if (late) return;
    gm::cuda::wait_for_copies<1>();
    __syncthreads();
    output[blockIdx.x * kThreads + threadIdx.x] = numbers.values[threadIdx.x];
}
void copies_that_are_waited_for(int *output) { copies(output, false); }
void copies_under_way(int *output) { copies(output, true); }
void fragments(int *output) {
    // left [16][16] = 16 row + k, right [16][8] = 1 at k = 2 column: sums [row][column] = 16 row + 2 column
    const unsigned g = threadIdx.x / 4 % 8, q = threadIdx.x % 4;
    const auto half = [](unsigned n) {
        return static_cast<unsigned>(__half_as_ushort(__float2half_rn(static_cast<float>(n))));
    };
    const auto left = [&](unsigned row, unsigned k) { return half(16 * row + k) | half(16 * row + k + 1) << 16; };
    const auto right = [&](unsigned k, unsigned column) {
        return half(k == 2 * column) | half(k + 1 == 2 * column) << 16;
    };
    const unsigned words[4] = {left(g, 2 * q), left(g + 8, 2 * q), left(g, 2 * q + 8), left(g + 8, 2 * q + 8)};
    float sums[4] = {};
    gm::cuda::multiply_fragments<false>(words, right(2 * q, g), right(2 * q + 8, g), sums);
    bool holds = true;
    for (unsigned n = 0; n < 4; n++)
        holds = holds && sums[n] == static_cast<float>(16 * (g + n / 2 * 8) + 2 * (2 * q + n % 2));
    output[blockIdx.x * kThreads + threadIdx.x] = holds;
}
void counts(int *output) {
    const int before = atomicAdd(output, 2);
    if (before == -1 + 2 * 3 * kThreads - 2) output[1] = 5;
}

void fails(void (*kernel)(int *), const std::string &text) {
    void *device = nullptr;
    check::ran(cudaMalloc(&device, 4 * kThreads * sizeof(int)));
    const cudaError_t status = run(kernel, static_cast<int *>(device));
    check::that(status == cudaErrorLaunchFailure && emulator::failure().find(text) != std::string::npos, __FILE__,
                __LINE__, emulator::failure());
    check::that(run(sound, static_cast<int *>(device)) == cudaErrorLaunchFailure, __FILE__, __LINE__,
                "the error is sticky");
    emulator::restart();
    check::ran(cudaFree(device));
}

}  // namespace

TEST(sound_kernels_give_the_same_in_any_order) {
    for (int round = 0; round < 20; round++) {
        const std::vector<int> next = results(sound, random()), lanes = results(warps, random()),
                               sums = results(block_sums, random());
        for (int n = 0; n < 3 * kThreads; n++) {
            const int thread = n % kThreads, first = thread / 32 * 32;
            CHECK(next[static_cast<size_t>(n)] == 1000 * (n / kThreads) + (thread + 1) % kThreads);
            CHECK(lanes[static_cast<size_t>(n)] == 32 * first + 496 + 1000 * (thread / 8 * 8 + 7) + 1000000);
            CHECK(sums[static_cast<size_t>(n)] == kThreads * (kThreads - 1) / 2 - 50000);
        }
    }
}

TEST(a_missing_barrier_shows) {
    const std::vector<int> right = results(sound, 1);
    int wrong = 0, stale = 0;
    for (uint64_t seed = 0; seed < 10; seed++) {
        const std::vector<int> numbers = results(racy, seed);
        wrong += numbers != right;
        for (const int number : numbers) stale += number == -1;  // what shared memory is filled with
    }
    CHECK(wrong == 10 && stale > 0);
}

TEST(wrong_kernels_are_named) {
    fails(divergent_barrier, "divergent barrier: __syncthreads at ");
    fails(returns_before_the_barrier, "95 wait in __syncthreads at ");
    fails(returns_before_the_barrier, "1 have returned");
    fails(divergent_warp, "divergent warp: ");
    fails(part_of_a_warp, "__shfl_xor_sync");
    fails(copies_under_way, "copies under way");
    fails(greedy, "the kernel wants 768 bytes of shared memory, the launch gives 384");
}

TEST(impossible_launches_are_refused) {
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(1);
    config.blockDim = dim3(2048);
    CHECK(cudaLaunchKernelEx(&config, sound, static_cast<int *>(nullptr)) == cudaErrorInvalidConfiguration);
    config.blockDim = dim3(64);
    config.dynamicSmemBytes = 1 << 20;
    CHECK(cudaLaunchKernelEx(&config, sound, static_cast<int *>(nullptr)) == cudaErrorInvalidValue);
    CHECK(cudaGetLastError() == cudaErrorInvalidValue && cudaGetLastError() == cudaSuccess);
}

TEST(copies_arrive_when_they_are_waited_for) {
    std::vector<int> host(4 * kThreads);
    std::iota(host.begin(), host.end(), 0);
    void *device = nullptr;
    check::ran(cudaMalloc(&device, host.size() * sizeof(int)));
    check::ran(cudaMemcpy(device, host.data(), host.size() * sizeof(int), cudaMemcpyHostToDevice));
    check::ran(run(copies_that_are_waited_for, static_cast<int *>(device)));
    check::ran(cudaMemcpy(host.data(), device, host.size() * sizeof(int), cudaMemcpyDeviceToHost));
    check::ran(cudaFree(device));
    for (int n = 0; n < kThreads; n++)
        CHECK(host[static_cast<size_t>(n)] == (n == 10 || n == 11 ? 0 : 3 * kThreads + n));
}

TEST(fragments_are_multiplied) {
    for (const int holds : results(fragments, 5)) CHECK(holds == 1);
}

TEST(atomics_count) {
    const std::vector<int> numbers = results(counts, 3);
    CHECK(numbers[0] == -1 + 2 * 3 * kThreads && numbers[1] == 5);  // memory is full of -1 at first
}

TEST(workspaces_keep_their_slots) {
    const auto slots = std::make_unique<gm::cuda::Slots>();
    std::vector<bool> taken(gm::cuda::Slots::kSlots);
    std::vector<int32_t> given;
    int none = 0;
    for (uintptr_t n = 1; n <= 6000; n++) {
        const int32_t slot = slots->of(reinterpret_cast<void *>(n * 512));
        given.push_back(slot);
        if (slot < 0) {
            none++;
            continue;
        }
        CHECK(slot < gm::cuda::Slots::kSlots && !taken[static_cast<size_t>(slot)]);
        taken[static_cast<size_t>(slot)] = true;
    }
    CHECK(none >= 6000 - gm::cuda::Slots::kSlots && none < 3000);
    for (int n = 0; n < 20; n++) {
        const size_t which = random() % given.size();
        CHECK(slots->of(reinterpret_cast<void *>((which + 1) * 512)) == given[which]);
    }
}

// ---- the library on top of it ---------------------------------------------------------------------

namespace {

struct Call {
    check::Array u{GM_F32, {2, 1, 3}}, dot{GM_F32, {2}};
    gm_row_dot_args args() const { return {u.get(), u.get(), dot.get()}; }
};

}  // namespace

TEST(errors_become_a_status_and_a_message) {
    Call call;
    emulator::fail_next_launch(cudaErrorMemoryAllocation);
    CHECK_REFUSED(GM_DEVICE_CALL(gm_row_dot, call.args()), GM_OUT_OF_MEMORY,
                  "gm_row_dot: row_dot: as the emulator was told (cudaErrorMemoryAllocation)");
    emulator::fail_next_launch(cudaErrorInvalidConfiguration);
    CHECK_REFUSED(GM_DEVICE_CALL(gm_row_dot, call.args()), GM_CUDA_ERROR,
                  "gm_row_dot: row_dot: as the emulator was told (cudaErrorInvalidConfiguration)");
    for (const int fatal : {214, 220, 226, 700, 702, 710, 714, 715, 716, 717, 718, 719, 721, 810, 911}) {
        emulator::fail_next_launch(fatal);
        CHECK_REFUSED(GM_DEVICE_CALL(gm_row_dot, call.args()), GM_CUDA_FATAL, "CUDA cannot be used in this process");
    }
    CHECK_OK(GM_DEVICE_CALL(gm_row_dot, call.args()));  // the emulator only said so
}

TEST(a_sticky_error_is_told_by_every_call) {
    Call call;
    check::Device device;
    gm_row_dot_args args = call.args();
    check::move(device, args);
    void *output = nullptr;
    check::ran(cudaMalloc(&output, 64));
    CHECK(run(returns_before_the_barrier, static_cast<int *>(output)) == cudaErrorLaunchFailure);
    for (int n = 0; n < 2; n++) {
        CHECK_REFUSED(gm_row_dot(&check::cuda_queue(), &args, nullptr, 0), GM_CUDA_FATAL, "cudaErrorLaunchFailure");
        CHECK(std::string(gm_last_error()).find("has to be restarted") != std::string::npos);
    }
    emulator::restart();
    CHECK_OK(gm_row_dot(&check::cuda_queue(), &args, nullptr, 0));
    check::ran(cudaFree(output));
}

TEST(availability_says_what_is_missing) {
    CHECK_OK(gm_cuda_available());
    emulator::set_devices({});
    CHECK_REFUSED(gm_cuda_available(), GM_UNSUPPORTED, "shows no device");
    emulator::set_devices({{7, 5}, {7, 5}});
    CHECK_REFUSED(gm_cuda_available(), GM_UNSUPPORTED, "no device of compute capability 8.0 or newer (found 7.5, 7.5)");
    emulator::set_devices({{9, 0}, {8, 0}});
    CHECK_OK(gm_cuda_available());
    Call call;
    check::Device device(1);
    gm_row_dot_args args = call.args();
    check::move(device, args);
    const gm_queue second = {GM_CUDA, 1, nullptr};
    int current = -1;
    CHECK_OK(gm_row_dot(&second, &args, nullptr, 0));
    CHECK(cudaGetDevice(&current) == cudaSuccess && current == 0);  // as it was before
    emulator::set_devices(emulator::usual_devices());
}

namespace {

void waits_for_the_grid_before(int *output) {
    gm::cuda::wait_for_grid_before();
    output[blockIdx.x * kThreads + threadIdx.x] = 1;
}
// One thread of a block ends first.
void waits_with_most_threads(int *output) {
    if (threadIdx.x == 5) return;
    waits_for_the_grid_before(output);
}

}  // namespace

TEST(grids_behind_another_have_to_wait_for_it) {
    cudaLaunchAttribute behind = {cudaLaunchAttributeProgrammaticStreamSerialization, {1}};
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(2);
    config.blockDim = dim3(kThreads);
    config.attrs = &behind;
    config.numAttrs = 1;
    void *output = nullptr;
    check::ran(cudaMalloc(&output, 2 * kThreads * sizeof(int)));
    check::ran(cudaLaunchKernelEx(&config, waits_for_the_grid_before, static_cast<int *>(output)));
    CHECK(cudaLaunchKernelEx(&config, waits_with_most_threads, static_cast<int *>(output)) == cudaErrorLaunchFailure);
    CHECK(emulator::failure().find("without having waited for the grid before") != std::string::npos);
    emulator::restart();
    check::ran(cudaFree(output));
}

// Grids follow each other early on a device that can, and what is asked of it and of the kernels is asked once.
TEST(kernels_and_devices_are_asked_once) {
    for (const int number : {0, 1}) {
        check::Array u(GM_F32, {2, 9, 500}), dot(GM_F32, {2});
        u.normal(random);
        const gm_row_dot_args args = {u.get(), u.get(), dot.get()};
        for (int round = 0; round < 2; round++) {
            const emulator::Calls before = emulator::calls();
            CHECK_OK(check::call_on_device(gm_row_dot_workspace_size, gm_row_dot, args, random, number));
            const emulator::Calls after = emulator::calls();
            CHECK(after.launches_behind - before.launches_behind == (number == 0 ? 1 : 0));
            CHECK(round == 0 || after.attributes == before.attributes);
        }
    }
}
