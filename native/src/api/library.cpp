// Entry points that are no operation: versions, errors, providers.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "api/dispatch.h"
#include "cpu/share_threads.h"

namespace gm {

int32_t provider_of(const gm_queue *queue) {
    if (queue == nullptr) return GM_CPU;
    switch (queue->provider) {
        case GM_CPU:
        case GM_REFERENCE: return queue->provider;
        case GM_CUDA: cuda::require_device(queue->device); return GM_CUDA;
        default:
            fail(GM_INVALID_ARGUMENT, "queue->provider is %d, not one of GM_CPU, GM_CUDA, GM_REFERENCE",
                 queue->provider);
    }
}

void check_device(const NamedArray &named, const gm_queue *queue, int32_t provider) {
    const gm_array &array = named.array;
    if (!present(array)) return;
    if (provider == GM_CUDA && array.device_type == GM_DEVICE_CUDA && array.device == queue->device) return;
    if (provider != GM_CUDA && array.device_type == GM_DEVICE_CPU) return;
    const std::string name = named.name.text();
    if (array.device_type != GM_DEVICE_CPU && array.device_type != GM_DEVICE_CUDA) {
        fail(GM_INVALID_ARGUMENT, "%s.device_type is %d, not one of GM_DEVICE_CPU, GM_DEVICE_CUDA", name.c_str(),
             array.device_type);
    }
    if (provider != GM_CUDA) {
        fail(GM_INVALID_ARGUMENT, "%s is on CUDA device %d, but %s takes arrays of the host", name.c_str(),
             array.device, provider == GM_CPU ? "GM_CPU" : "GM_REFERENCE");
    }
    if (array.device_type == GM_DEVICE_CPU) {
        fail(GM_INVALID_ARGUMENT, "%s is in the host's memory, but the queue is of CUDA device %d", name.c_str(),
             queue->device);
    }
    fail(GM_INVALID_ARGUMENT, "%s is on CUDA device %d, but the queue is of CUDA device %d", name.c_str(), array.device,
         queue->device);
}

}  // namespace gm

extern "C" {

const char *gm_last_error(void) { return gm::last_message(); }

int32_t gm_abi_version(void) { return GM_ABI_VERSION; }

const char *gm_version(void) { return GM_VERSION; }

const char *gm_cpu_isa(void) { return gm::cpu::kernels().isa; }

gm_status gm_set_cpu_isa(const char *name) {
    return gm::guarded("gm_set_cpu_isa", [&] {
        if (name == nullptr) gm::fail(GM_INVALID_ARGUMENT, "name is NULL");
        gm::cpu::choose_isa(name);
    });
}

int32_t gm_cpu_threads(void) { return gm::cpu::threads(); }

gm_status gm_share_threads(void *set_callback, int32_t max_threads) {
    return gm::guarded("gm_share_threads", [&] {
        if (set_callback == nullptr) gm::fail(GM_INVALID_ARGUMENT, "set_callback is NULL");
        if (max_threads < 1) gm::fail(GM_INVALID_ARGUMENT, "max_threads is %d, below 1", max_threads);
        gm::cpu::share_threads(set_callback, max_threads);
    });
}

gm_status gm_skip_exit_handlers(void) {
    return gm::guarded("gm_skip_exit_handlers", [] {
        // The handler registered last runs first.
        const auto leave = [](int code, void *) {
            std::fflush(nullptr);
            ::_exit(code);
        };
        if (::on_exit(leave, nullptr) != 0) gm::fail(GM_UNSUPPORTED, "on_exit failed");
    });
}

gm_status gm_cuda_available(void) {
    return gm::guarded("gm_cuda_available", [] {
        const std::string why = gm::cuda::why_unavailable();
        if (!why.empty()) gm::fail(GM_UNSUPPORTED, "%s", why.c_str());
    });
}

}  // extern "C"
