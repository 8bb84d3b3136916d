// From an entry point to a provider. Of an operation, this directory holds one file with a struct that derives from
// Listed<its args> and has
//   validate(args)            throws a Failure that names the argument; reads no array
//   each_array(args, visit)   visit({name, array}) for every array, absent ones too
// and, if it has to,
//   validate_on_host(args)    what GM_CPU and GM_REFERENCE check beyond that: values in arrays, what only GM_CUDA has
// followed by GM_ENTRY_POINTS.
#pragma once

#include "base/array.h"
#include "base/operations.h"
#include "cpu/isa.h"
#include "cuda/device.h"
#include "cuda/kernels.h"
#include "reference/reference.h"

namespace gm {

// Throws unless `queue` names a provider this build has; says what is missing otherwise.
int32_t provider_of(const gm_queue *queue);

struct NamedArray {
    Name name;
    const gm_array &array;
};

// What the list of operations says of one.
template <class Args>
struct Listed;

template <class Args_>
struct AnyListed {
    using Args = Args_;
    static void validate_on_host(const Args &) {}
};

#define GM_LISTED(name) \
    template <> \
    struct Listed<gm_##name##_args> : AnyListed<gm_##name##_args> { \
        static constexpr const char *kName = "gm_" #name; \
        static constexpr auto kCpu = &cpu::Kernels::name; \
        static constexpr auto kCuda = &cuda::Kernels::name; \
        static constexpr auto kReference = &reference::name; \
    };
GM_OPERATIONS(GM_LISTED)
#undef GM_LISTED

// Throws unless the array, if present, is where the queue's provider works.
void check_device(const NamedArray &named, const gm_queue *queue, int32_t provider);

template <class Op>
bool has_f64(const typename Op::Args &args) {
    bool found = false;
    Op::each_array(args, [&](const NamedArray &named) { found = found || is_f64(named.array); });
    return found;
}

// The provider that a call's queue and arrays are for: arguments are valid if this returns. f64 arrays on GM_CPU are
// computed by GM_REFERENCE's plain loops; GM_CUDA refuses them.
template <class Op>
int32_t provider_for(const gm_queue *queue, const typename Op::Args &args) {
    Op::validate(args);
    const int32_t provider = provider_of(queue);
    Op::each_array(args, [&](const NamedArray &named) { check_device(named, queue, provider); });
    if (provider == GM_CUDA) {
        if (has_f64<Op>(args)) fail(GM_UNSUPPORTED, "GM_CUDA takes f32, f16 and bf16, but an array is f64; use GM_CPU");
        return GM_CUDA;
    }
    return provider == GM_CPU && has_f64<Op>(args) ? GM_REFERENCE : provider;
}

template <class Op>
gm_status workspace_size(const gm_queue *queue, const typename Op::Args *args, size_t *bytes) {
    return guarded(Op::kName, [&] {
        if (args == nullptr || bytes == nullptr) fail(GM_INVALID_ARGUMENT, "args and bytes may not be NULL");
        switch (provider_for<Op>(queue, *args)) {
            case GM_CPU: *bytes = (cpu::kernels().*Op::kCpu).workspace(*args); break;
            case GM_CUDA: *bytes = (cuda::kernels().*Op::kCuda).workspace(*args); break;
            default: *bytes = 0;
        }
    });
}

template <class Op>
gm_status run(const gm_queue *queue, const typename Op::Args *args, void *workspace, size_t workspace_bytes) {
    return guarded(Op::kName, [&] {
        if (args == nullptr) fail(GM_INVALID_ARGUMENT, "args is NULL");
        const int32_t provider = provider_for<Op>(queue, *args);
        char none;  // an operation that needs no workspace may be given NULL
        const Arena arena(workspace == nullptr ? &none : workspace, workspace == nullptr ? 0 : workspace_bytes);
        if (provider == GM_CUDA) {
            const cuda::DeviceScope scope(queue->device);
            (cuda::kernels().*Op::kCuda).run(*args, arena, *queue);
            return;
        }
        Op::validate_on_host(*args);
        if (provider == GM_REFERENCE) Op::kReference(*args);
        else (cpu::kernels().*Op::kCpu).run(*args, arena);
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
