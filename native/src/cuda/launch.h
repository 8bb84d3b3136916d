// Launching, with every status checked.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>
#include <utility>

#include "gradmimic/gradmimic.h"

namespace gm::cuda {

// Throws GM_OUT_OF_MEMORY or GM_CUDA_ERROR with CUDA's name and text, and says so where the error has made
// CUDA useless for the rest of the process. `what` was being done.
void check(cudaError_t status, const char *what);

constexpr size_t kPlainShared = 48 << 10;  // a kernel that wants more has to say so first

// Asks once for a kernel on a device whether it was compiled for what launch_behind() needs, and says once that it wants
// `shared` bytes. Each is a call of the runtime that a launch need not repeat.
bool prepare(const void *kernel, int device, size_t shared, const char *name);

namespace launching {

template <class... Parameters, class... Arguments>
void launch(const gm_queue &queue, const char *name, bool behind, void (*kernel)(Parameters...), int64_t blocks,
            int threads, size_t shared, Arguments &&...arguments) {
    if (blocks == 0) return;
    if (blocks > INT32_MAX) check(cudaErrorInvalidConfiguration, name);
    const bool may_overlap = prepare(reinterpret_cast<const void *>(kernel), queue.device, shared, name);
    cudaLaunchAttribute overlap = {};
    overlap.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    overlap.val.programmaticStreamSerializationAllowed = 1;
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(static_cast<unsigned>(blocks));
    config.blockDim = dim3(static_cast<unsigned>(threads));
    config.dynamicSmemBytes = shared;
    config.stream = static_cast<cudaStream_t>(queue.stream);
    config.attrs = &overlap;
    config.numAttrs = behind && may_overlap ? 1 : 0;
    check(cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...), name);
}

}  // namespace launching

// One grid of `blocks` blocks of `threads` threads with `shared` bytes, on the queue's stream. No blocks: no
// launch.
template <class... Parameters, class... Arguments>
void launch(const gm_queue &queue, const char *name, void (*kernel)(Parameters...), int64_t blocks, int threads,
            size_t shared, Arguments &&...arguments) {
    launching::launch(queue, name, false, kernel, blocks, threads, shared, std::forward<Arguments>(arguments)...);
}

// The same behind a grid of the same call. Where the device can (compute capability 9.0) its blocks begin while the other
// grid's last ones run, so every thread calls wait_for_grid_before() before it touches device memory: and before it
// ends, or a third grid that waits for this one would not have waited for the first.
template <class... Parameters, class... Arguments>
void launch_behind(const gm_queue &queue, const char *name, void (*kernel)(Parameters...), int64_t blocks, int threads,
                   size_t shared, Arguments &&...arguments) {
    launching::launch(queue, name, true, kernel, blocks, threads, shared, std::forward<Arguments>(arguments)...);
}

}  // namespace gm::cuda
