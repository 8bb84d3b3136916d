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

// One grid of `blocks` blocks of `threads` threads with `shared` bytes, on the queue's stream. No blocks: no
// launch.
template <class... Parameters, class... Arguments>
void launch(const gm_queue &queue, const char *name, void (*kernel)(Parameters...), int64_t blocks, int threads,
            size_t shared, Arguments &&...arguments) {
    if (blocks == 0) return;
    if (blocks > INT32_MAX) check(cudaErrorInvalidConfiguration, name);
    if (shared > kPlainShared)
        check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared)),
              name);
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(static_cast<unsigned>(blocks));
    config.blockDim = dim3(static_cast<unsigned>(threads));
    config.dynamicSmemBytes = shared;
    config.stream = static_cast<cudaStream_t>(queue.stream);
    check(cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...), name);
}

}  // namespace gm::cuda
