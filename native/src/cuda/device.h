// The seam for the CUDA provider: what stands between a GM_CUDA queue and a kernel.
#pragma once

#include <string>

#include "gradmimic/gradmimic.h"

namespace gm::cuda {

// Why GM_CUDA cannot be used here at all and what to do about it; "" if it can.
std::string why_unavailable();

// Throws unless `device` is one that the kernels run on.
void require_device(int device);

// What kernels are chosen by. Of a device that require_device has let pass.
struct Facts {
    int capability;  // 90 for 9.0
    int processors;  // SMs
    size_t shared;   // bytes of shared memory that a block can ask for
};
Facts facts_of(int device);

// Makes a queue's device the calling thread's for as long as this lives.
class DeviceScope {
public:
    explicit DeviceScope(int device);
    ~DeviceScope();
    DeviceScope(const DeviceScope &) = delete;
    DeviceScope &operator=(const DeviceScope &) = delete;

private:
    int before_ = -1;  // to be restored; -1: nothing to do
};

}  // namespace gm::cuda
