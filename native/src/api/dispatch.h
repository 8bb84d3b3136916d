// From an entry point to a provider. An operation is a struct with
//   Args, kName                       the C struct and the function's name
//   validate(args)                    throws a Failure that names the argument; reads no array
//   validate_values(args)             the same for what arrays hold, on the host; mostly nothing
//   has_f64(args)                     double precision: plain loops serve GM_CPU too
//   cpu_workspace(args)               bytes
//   cpu(args, arena), reference(args)
//   kCuda                             its member of cuda::Kernels
#pragma once

#include "base/arena.h"
#include "base/failure.h"
#include "cuda/device.h"
#include "cuda/kernels.h"

namespace gm {

// Throws unless `queue` names a provider this build has; says what is missing otherwise.
int32_t provider_of(const gm_queue *queue);

// The base of operations that take any values.
struct AnyValues {
    template <class Args>
    static void validate_values(const Args &) {}
};

// What GM_CUDA cannot do it says by name.
[[noreturn]] inline void fail_f64() {
    fail(GM_UNSUPPORTED, "GM_CUDA takes f32, f16 and bf16, but an array is f64; use GM_CPU");
}

template <class Op>
cuda::Operation<typename Op::Args> on_cuda(const typename Op::Args &args) {
    if (Op::has_f64(args)) fail_f64();
    return cuda::kernels().*Op::kCuda;
}

template <class Op>
gm_status workspace_size(const gm_queue *queue, const typename Op::Args *args, size_t *bytes) {
    return guarded(Op::kName, [&] {
        if (args == nullptr || bytes == nullptr) fail(GM_INVALID_ARGUMENT, "args and bytes may not be NULL");
        Op::validate(*args);
        const int32_t provider = provider_of(queue);
        if (provider == GM_CUDA) {
            const auto workspace = on_cuda<Op>(*args).workspace;
            *bytes = workspace == nullptr ? 0 : workspace(*args);
            return;
        }
        *bytes = provider == GM_CPU && !Op::has_f64(*args) ? Op::cpu_workspace(*args) : 0;
    });
}

template <class Op>
gm_status run(const gm_queue *queue, const typename Op::Args *args, void *workspace, size_t workspace_bytes) {
    return guarded(Op::kName, [&] {
        if (args == nullptr) fail(GM_INVALID_ARGUMENT, "args is NULL");
        Op::validate(*args);
        const int32_t provider = provider_of(queue);
        char none;  // an operation that needs no workspace may be given NULL
        const Arena arena(workspace == nullptr ? &none : workspace, workspace == nullptr ? 0 : workspace_bytes);
        if (provider == GM_CUDA) {
            const auto operation = on_cuda<Op>(*args);
            const cuda::DeviceScope scope(queue->device);
            operation.run(*args, arena, *queue);
            return;
        }
        Op::validate_values(*args);
        if (provider == GM_REFERENCE || Op::has_f64(*args)) {
            Op::reference(*args);
            return;
        }
        Op::cpu(*args, arena);
    });
}

}  // namespace gm

// The two functions of every operation are alike to the letter but for its name.
#define GM_ENTRY_POINTS(operation, Op) \
    gm_status gm_##operation##_workspace_size(const gm_queue *queue, const gm_##operation##_args *args, \
                                              size_t *bytes) { \
        return gm::workspace_size<gm::Op>(queue, args, bytes); \
    } \
    gm_status gm_##operation(const gm_queue *queue, const gm_##operation##_args *args, void *workspace, \
                             size_t bytes) { \
        return gm::run<gm::Op>(queue, args, workspace, bytes); \
    }
