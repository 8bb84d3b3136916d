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
//   - A grid that was launched behind another, to begin before that has ended, finds device memory closed until a thread
//     of the block waits for the other, and fails if one ends without.
//   - Threads of a block that wait at different barriers, or for one that has returned, fail the launch,
//     and so do lanes of a warp. As on a device the error is sticky: every call after it fails as well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace emulator {

// The order of blocks and threads from now on.
void seed(uint64_t value);

// Why the last launch failed; "" if it did not.
const std::string &failure();

// Forgets a sticky error: what a new process does on a device.
void restart();

// What the host asked of the runtime since the process started.
struct Calls {
    int64_t launches = 0, launches_behind = 0, attributes = 0, memsets = 0, allocations = 0, frees = 0, copies = 0,
            synchronisations = 0;
};
const Calls &calls();

// Products of fragments on the emulated tensor cores so far, counted once a lane.
int64_t multiplications();

// The next launch is answered with this error instead of being run; cudaError_t as a number.
void fail_next_launch(int error);

// The devices that there are. They run the same; a kernel's shared memory is limited as on the real ones.
struct Capability {
    int major, minor;
    size_t shared = 0;  // bytes of shared memory that a block can ask for; 0: as the real ones
};
std::vector<Capability> usual_devices();  // 9.0, 8.0, 10.0, 8.6, 12.0 and two with less shared memory than any
void set_devices(const std::vector<Capability> &devices);

}  // namespace emulator
