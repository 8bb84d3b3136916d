// Calls of the C ABI with arguments that bytes are read as, under AddressSanitizer and UndefinedBehaviorSanitizer.
//
// Arguments begin as a valid call of small arrays, and then some members of them are changed: pointers to NULL, ranks,
// dtypes, extents, strides and devices to anything, numbers to anything. Whatever they are,
//   - gm_..._workspace_size returns a status, and for a failure a message that begins with the operation's name;
//   - where it says GM_OK and the arrays are small, the call with memory of exactly the size that the arrays and the
//     workspace ask for touches no other memory, and returns a status in the same way.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "gradmimic/gradmimic.h"

namespace {

// The bytes in turn; zeros when they are used up.
class Bytes {
public:
    Bytes(const uint8_t *data, size_t size) : data_(data), size_(size) {}
    bool empty() const { return at_ >= size_; }
    uint8_t byte() { return at_ < size_ ? data_[at_++] : 0; }
    int64_t below(int64_t n) { return byte() % n; }
    int64_t number() {
        switch (below(4)) {
            case 0: return below(9);
            case 1: return -below(9);
            case 2: return int64_t{1} << below(63);
            default: {
                int64_t value = 0;
                for (int n = 0; n < 8; n++) value = static_cast<int64_t>(static_cast<uint64_t>(value) << 8 | byte());
                return value;
            }
        }
    }
    double real() {
        static constexpr double kValues[] = {0, 1, -1, 0.5, 1e-300, 1e300, -1e30, __builtin_nan(""), __builtin_inf()};
        return kValues[below(9)];
    }

private:
    const uint8_t *data_;
    size_t size_, at_ = 0;
};

[[noreturn]] void broken(const char *what, const char *operation, gm_status status) {
    std::fprintf(stderr, "%s: %s (status %d, \"%s\")\n", operation, what, status, gm_last_error());
    std::abort();
}

// A status of the contract, with a message that names the operation.
bool succeeded(const char *operation, gm_status status) {
    if (status == GM_OK) return true;
    const bool known = status == GM_INVALID_ARGUMENT || status == GM_UNSUPPORTED || status == GM_NON_FINITE;
    if (!known) broken("a status that no argument explains", operation, status);
    if (std::strncmp(gm_last_error(), operation, std::strlen(operation)) != 0)
        broken("a message without the operation's name", operation, status);
    return false;
}

// Numbers that no array describes: enough for every count that a small call can have.
constexpr int64_t kSmall = 40;  // elements of an array that is given memory, in all
struct Numbers {
    double norms[kSmall], others[kSmall], total[1], pair[2], terms[4];
    int64_t non_finite[1];
};

class Call {
public:
    Call(const uint8_t *data, size_t size) : bytes_(data, size) {}
    void make();

private:
    gm_array array(int32_t dtype, std::initializer_list<int64_t> shape) {
        // Places of their own, since outputs that share one are refused; a call makes 15 arrays at most.
        gm_array made = {
            somewhere_ + 16 * (arrays_++ % 32), dtype, static_cast<int32_t>(shape.size()), {}, {}, GM_DEVICE_CPU, 0};
        int64_t step = 1;
        for (int d = made.rank - 1; d >= 0; d--) {
            made.shape[d] = shape.begin()[d];
            made.stride[d] = step;
            step *= made.shape[d] > 0 ? made.shape[d] : 1;
        }
        return made;
    }
    int32_t floating() { return static_cast<int32_t>(bytes_.below(4)); }
    gm_array optional(const gm_array &array) { return bytes_.below(3) == 0 ? gm_array{} : array; }
    template <class T>
    T *maybe(T *pointer) {
        return bytes_.below(8) == 0 ? nullptr : pointer;
    }
    gm_weighting weighting() {
        return {static_cast<int32_t>(bytes_.below(10)), static_cast<int32_t>(bytes_.below(8) == 0),
                bytes_.below(4) == 0 ? bytes_.real() : 1.0, bytes_.below(4) == 0 ? bytes_.real() : 0.0};
    }

    // Changes a member of some of the arrays.
    void change(const std::vector<gm_array *> &arrays) {
        for (int64_t n = bytes_.below(4); n > 0; n--) {
            gm_array &a = *arrays[static_cast<size_t>(bytes_.below(static_cast<int64_t>(arrays.size())))];
            switch (bytes_.below(8)) {
                case 0: a.data = nullptr; break;
                case 1: a.dtype = static_cast<int32_t>(bytes_.number()); break;
                case 2: a.rank = static_cast<int32_t>(bytes_.number()); break;
                case 3:
                case 4: a.shape[bytes_.below(GM_MAX_RANK)] = bytes_.number(); break;
                case 5:
                case 6: a.stride[bytes_.below(GM_MAX_RANK)] = bytes_.number(); break;
                default:
                    a.device_type = static_cast<int32_t>(bytes_.number());
                    a.device = static_cast<int32_t>(bytes_.number());
            }
        }
    }

    // Gives an array that was found valid memory up to its last element. False if that is too much.
    bool place(gm_array &a) {
        if (a.data == nullptr) return true;
        int64_t elements = 1, reach = 1;
        for (int d = 0; d < a.rank; d++) {
            if (a.shape[d] < 0 || a.shape[d] > kSmall) return false;
            if (a.shape[d] > 1 && (a.stride[d] < 0 || a.stride[d] > 4096)) return false;
            elements *= a.shape[d];
            if (a.shape[d] > 1) reach += (a.shape[d] - 1) * a.stride[d];
        }
        if (elements > 4 * kSmall) return false;
        const int64_t width = a.dtype == GM_F32 ? 4 : a.dtype == GM_F64 || a.dtype == GM_I64 ? 8 : 2;
        const size_t size = static_cast<size_t>(elements == 0 ? 1 : reach * width);
        memory_.emplace_back(new uint8_t[size]);
        uint8_t *data = memory_.back().get();
        for (size_t n = 0; n < size; n++) data[n] = 0x3c;  // small numbers in every floating type
        if (a.dtype == GM_I64)
            for (size_t n = 0; n + 8 <= size; n += 8) std::memset(data + n, 0, 8);
        for (int64_t n = bytes_.below(3); n > 0; n--) data[static_cast<size_t>(bytes_.number()) % size] = bytes_.byte();
        a.data = data;
        return true;
    }

    template <class Args, class Size, class Run>
    void call(const char *operation, Args &args, const std::vector<gm_array *> &arrays, Size size, Run run) {
        change(arrays);
        size_t workspace_bytes = 0;
        if (!succeeded(operation, size(queue_, &args, &workspace_bytes))) return;
        for (gm_array *array : arrays)
            if (!place(*array)) return;
        std::unique_ptr<uint8_t[]> workspace(new uint8_t[workspace_bytes + 1]);
        std::memset(workspace.get(), 0xff, workspace_bytes + 1);
        const size_t given = bytes_.below(8) == 0 ? workspace_bytes / 2 : workspace_bytes;
        succeeded(operation, run(queue_, &args, bytes_.below(8) == 0 ? nullptr : workspace.get(), given));
    }

    Bytes bytes_;
    gm_queue given_ = {};
    const gm_queue *queue_ = nullptr;
    Numbers numbers_ = {};
    std::vector<std::unique_ptr<uint8_t[]>> memory_;
    char somewhere_[16 * 32] = {};
    int arrays_ = 0;
};

#define GM_FUZZ_CALL(name, args, ...) call("gm_" #name, args, __VA_ARGS__, gm_##name##_workspace_size, gm_##name)

void Call::make() {
    if (bytes_.below(4) != 0) {
        static constexpr int32_t kProviders[] = {GM_CPU, GM_REFERENCE, GM_CUDA, 7};
        given_.provider = kProviders[bytes_.below(16) < 12 ? bytes_.below(2) : bytes_.below(4)];
        queue_ = &given_;
    }
    const int64_t B = bytes_.below(5), T = bytes_.below(4), I = bytes_.below(6), O = bytes_.below(5),
                  K = 1 + bytes_.below(2);
    const int32_t real = bytes_.below(4) == 0 ? GM_F64 : GM_F32;
    for (double *numbers : {numbers_.norms, numbers_.others})
        for (int64_t n = 0; n < kSmall; n++) numbers[n] = 1;
    for (double &term : numbers_.terms) term = bytes_.below(4) == 0 ? bytes_.real() : 1;
    if (bytes_.below(4) == 0) numbers_.norms[0] = bytes_.real();
    switch (bytes_.below(12)) {
        case 0: {
            std::vector<gm_array> reference, parameter, direction;
            const int64_t count = bytes_.below(4);
            for (int64_t n = 0; n < count; n++) {
                reference.push_back(array(floating(), {B, T, I}));
                parameter.push_back(array(floating(), {B, T, I}));
                direction.push_back(array(floating(), {B, T, I}));
            }
            std::vector<gm_array *> arrays;
            const bool stored = bytes_.below(2) == 0;
            for (std::vector<gm_array> *some : {&reference, &parameter, &direction})
                for (gm_array &one : *some)
                    if (some != &direction || stored) arrays.push_back(&one);
            gm_array none = {};
            if (arrays.empty()) arrays.push_back(&none);
            gm_direction_args args = {bytes_.below(16) == 0 ? -count : count,
                                      maybe(reference.data()),
                                      maybe(parameter.data()),
                                      stored ? direction.data() : nullptr,
                                      maybe(numbers_.norms),
                                      maybe(numbers_.total),
                                      maybe(numbers_.others)};
            GM_FUZZ_CALL(direction, args, arrays);
            return;
        }
        case 1: {
            gm_head_step_args a = {};
            a.logits = array(floating(), {B, O});
            a.bias = optional(array(real, {O}));
            a.labels = array(GM_I64, {B});
            const gm_array u = K == 1 ? array(floating(), {B, O}) : array(floating(), {B, K, O});
            (bytes_.below(4) == 0 ? a.reference_logits : a.projected) = optional(u);
            a.direction_norm_squared = maybe(numbers_.norms);
            a.feature_norm_squared = optional(array(real, {B}));
            a.reference_loss = optional(array(real, {B}));
            a.weighting = weighting();
            a.combine = bytes_.below(4) == 0 ? static_cast<int32_t>(bytes_.number()) : 0;
            a.loss = optional(array(real, {B}));
            a.score = optional(K == 1 ? array(real, {B}) : array(real, {B, K}));
            a.gradient_norm = optional(array(real, {B}));
            a.weight = optional(array(real, {B}));
            a.delta = optional(array(floating(), {B, O}));
            a.weighted_delta = optional(array(floating(), {B, O}));
            a.mean_delta = optional(array(real, {O}));
            a.weighted_delta_sum = optional(array(real, {O}));
            a.non_finite = maybe(numbers_.non_finite);
            GM_FUZZ_CALL(head_step, a,
                         {&a.logits, &a.bias, &a.labels, &a.projected, &a.reference_logits, &a.feature_norm_squared,
                          &a.reference_loss, &a.loss, &a.score, &a.gradient_norm, &a.weight, &a.delta,
                          &a.weighted_delta, &a.mean_delta, &a.weighted_delta_sum});
            return;
        }
        case 2: {
            gm_head_score_args a = {array(floating(), {B, I}),  array(GM_I64, {B}),         array(real, {O, I}),
                                    optional(array(real, {O})), array(real, {O, I}),        maybe(numbers_.norms),
                                    optional(array(real, {B})), optional(array(real, {B})), optional(array(real, {B})),
                                    maybe(numbers_.non_finite)};
            GM_FUZZ_CALL(
                head_score, a,
                {&a.features, &a.labels, &a.weight, &a.bias, &a.direction, &a.loss, &a.score, &a.gradient_norm});
            return;
        }
        case 3:
        case 4: {
            gm_mimic_weights_args a = {optional(array(real, {B})), optional(array(real, {B})),
                                       maybe(numbers_.norms),      weighting(),
                                       array(real, {B}),           maybe(numbers_.non_finite)};
            const std::vector<gm_array *> arrays = {&a.score, &a.gradient_norm, &a.weight};
            if (bytes_.below(2) == 0) {
                GM_FUZZ_CALL(mimic_weights, a, arrays);
                return;
            }
            // The halves, which have no workspace: valid where the whole is.
            change(arrays);
            size_t bytes = 0;
            if (!succeeded("gm_mimic_weights", gm_mimic_weights_workspace_size(queue_, &a, &bytes))) return;
            for (gm_array *array : arrays)
                if (!place(*array)) return;
            succeeded("gm_mimic_weights_reduce", gm_mimic_weights_reduce(queue_, &a, maybe(numbers_.pair)));
            succeeded("gm_mimic_weights_apply", gm_mimic_weights_apply(queue_, &a, maybe(numbers_.pair)));
            return;
        }
        case 5: {
            const int32_t dtype = floating();
            gm_scale_rows_args a = {array(dtype, {B, O}), array(real, {B}), array(dtype, {B, O}), bytes_.real()};
            const auto size = [](const gm_queue *queue, const gm_scale_rows_args *args, size_t *bytes) {
                // It has no workspace; arguments are judged by a call on arrays without elements.
                gm_scale_rows_args none = *args;
                *bytes = 0;
                for (gm_array *array : {&none.input, &none.weight, &none.output})
                    if (array->rank >= 1 && array->rank <= GM_MAX_RANK) array->shape[0] = 0;
                return gm_scale_rows(queue, &none);
            };
            const auto run = [](const gm_queue *queue, const gm_scale_rows_args *args, void *, size_t) {
                return gm_scale_rows(queue, args);
            };
            // Valid without elements is not valid with them, so memory is given only where rows agree and do not overlap.
            call("gm_scale_rows", a, {&a.input, &a.weight, &a.output}, size, run);
            return;
        }
        case 6: {
            gm_ghost_dot_args a = {array(floating(), {B, T, I}),
                                   array(floating(), {B, T, O}),
                                   array(floating(), {O, I}),
                                   array(real, {B}),
                                   bytes_.below(8) == 0 ? static_cast<int32_t>(bytes_.number()) : GM_GHOST_DOT_AUTO,
                                   bytes_.below(8) == 0 ? static_cast<int32_t>(bytes_.number()) : 0};
            int32_t form = 0;
            if (bytes_.below(4) == 0) succeeded("gm_ghost_dot_form", gm_ghost_dot_form(queue_, &a, maybe(&form)));
            GM_FUZZ_CALL(ghost_dot, a, {&a.input, &a.delta, &a.direction, &a.dot});
            return;
        }
        case 7: {
            gm_ghost_norm_args a = {array(floating(), {B, T, I}), array(floating(), {B, T, O}), array(real, {B})};
            GM_FUZZ_CALL(ghost_norm, a, {&a.input, &a.delta, &a.norm_squared});
            return;
        }
        case 8: {
            gm_projected_dot_args a = {array(floating(), {B, I}), array(floating(), {I}), optional(array(real, {B})),
                                       optional(array(real, {B})), maybe(numbers_.total)};
            GM_FUZZ_CALL(projected_dot, a, {&a.gradient, &a.direction, &a.dot, &a.norm_squared});
            return;
        }
        case 9: {
            gm_row_dot_args a = {array(floating(), {B, T, O}), array(floating(), {B, T, O}), array(real, {B})};
            GM_FUZZ_CALL(row_dot, a, {&a.projected, &a.delta, &a.dot});
            return;
        }
        case 10: {
            gm_clip_scores_args a = {array(floating(), {B, I}),
                                     array(floating(), {B, I}),
                                     optional(array(floating(), {B, I})),
                                     optional(array(floating(), {B, I})),
                                     maybe(numbers_.terms),
                                     maybe(numbers_.norms),
                                     static_cast<int32_t>(bytes_.below(3)),
                                     optional(array(real, {B})),
                                     optional(array(real, {B})),
                                     maybe(numbers_.non_finite)};
            GM_FUZZ_CALL(clip_scores, a, {&a.image, &a.text, &a.image_tangent, &a.text_tangent, &a.loss, &a.score});
            return;
        }
        default: {
            std::string name;
            while (!bytes_.empty()) name += static_cast<char>(bytes_.byte());
            succeeded("gm_set_cpu_isa", gm_set_cpu_isa(bytes_.below(2) == 0 ? name.c_str() : nullptr));
            size_t bytes = 0;
            succeeded("gm_head_step", gm_head_step_workspace_size(queue_, nullptr, &bytes));
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Call(data, size).make();
    return 0;
}
