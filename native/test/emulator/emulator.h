// Runs grids on the CPU for the tests. Every thread of a block is a fibre; blocks run one after the other.
//
//   - The order of blocks and of the threads in them comes from a seed: code that lacks a barrier reads
//     what another order has not written yet, and gives other numbers.
//   - Shared memory is exactly as large as the launch says, is full of NaN when a block starts, and
//     AddressSanitizer watches both its ends.
//   - Device memory can be touched by kernels, copies and memsets only: between them AddressSanitizer
//     reports any access, such as a launcher's that reads an array.
//   - Asynchronous copies are made at once or when their thread waits for them, and one that nobody has waited for fails the
//     launch when its thread ends.
//   - Threads of a block that wait at different barriers, or for one that has returned, fail the launch,
//     and so do lanes of a warp. As on a device the error is sticky: every call after it fails as well.
#pragma once

#include <cstdint>
#include <string>

namespace emulator {

// The order of blocks and threads from now on.
void seed(uint64_t value);

// Why the last launch failed; "" if it did not.
const std::string &failure();

// Forgets a sticky error: what a new process does on a device.
void restart();

// What the host asked of the runtime since the process started.
struct Calls {
    int64_t launches = 0, memsets = 0, allocations = 0, frees = 0, copies = 0, synchronisations = 0;
};
const Calls &calls();

// Products of fragments on the emulated tensor cores so far, counted once a lane.
int64_t multiplications();

// The next launch is answered with this error instead of being run; cudaError_t as a number.
void fail_next_launch(int error);

// cudaGetDeviceCount's answer and the devices' compute capability.
void set_devices(int count, int major, int minor);

}  // namespace emulator
