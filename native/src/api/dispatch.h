// From an entry point to a provider. An operation is a struct with
//   Args, kName                       the C struct and the function's name
//   validate(args)                    throws a Failure that names the argument; reads no array
//   validate_values(args)             the same for what arrays hold, on the host; mostly nothing
//   has_f64(args)                     double precision: plain loops serve GM_CPU too
//   cpu_workspace(args)               bytes
//   cpu(args, arena), reference(args)
#pragma once

#include "api/arena.h"
#include "api/failure.h"

namespace gm {

// Throws unless `queue` names a provider this build has; says what is missing otherwise.
int32_t provider_of(const gm_queue *queue);

// The base of operations that take any values.
struct AnyValues {
    template <class Args>
    static void validate_values(const Args &) {}
};

template <class Op>
gm_status workspace_size(const gm_queue *queue, const typename Op::Args *args, size_t *bytes) {
    return guarded(Op::kName, [&] {
        if (args == nullptr || bytes == nullptr) fail(GM_INVALID_ARGUMENT, "args and bytes may not be NULL");
        Op::validate(*args);
        *bytes = provider_of(queue) == GM_CPU && !Op::has_f64(*args) ? Op::cpu_workspace(*args) : 0;
    });
}

template <class Op>
gm_status run(const gm_queue *queue, const typename Op::Args *args, void *workspace, size_t workspace_bytes) {
    return guarded(Op::kName, [&] {
        if (args == nullptr) fail(GM_INVALID_ARGUMENT, "args is NULL");
        Op::validate(*args);
        const int32_t provider = provider_of(queue);
        Op::validate_values(*args);
        if (provider == GM_REFERENCE || Op::has_f64(*args)) {
            Op::reference(*args);
            return;
        }
        if (workspace == nullptr) workspace_bytes = 0;
        char none;  // an operation that needs no workspace may be given NULL
        Op::cpu(*args, Arena(workspace == nullptr ? &none : workspace, workspace_bytes));
    });
}

}  // namespace gm

// The two functions of every operation are alike to the letter but for its name.
#define GM_ENTRY_POINTS(operation, Op)                                                                                   \
    gm_status gm_##operation##_workspace_size(const gm_queue *queue, const gm_##operation##_args *args, size_t *bytes) { \
        return gm::workspace_size<gm::Op>(queue, args, bytes);                                                           \
    }                                                                                                                    \
    gm_status gm_##operation(const gm_queue *queue, const gm_##operation##_args *args, void *workspace, size_t bytes) {  \
        return gm::run<gm::Op>(queue, args, workspace, bytes);                                                           \
    }
