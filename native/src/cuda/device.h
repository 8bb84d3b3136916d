// The seam for the CUDA provider: what stands between a GM_CUDA queue and a kernel.
#pragma once

#include <string>

namespace gm::cuda {

// Why GM_CUDA cannot be used here and what to do about it. There is always a reason in this
// version: it has no CUDA kernels yet. It is told after what would have to be mended first.
std::string why_unavailable();

}  // namespace gm::cuda
