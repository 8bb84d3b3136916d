// Calls on GM_CUDA for the tests, on a device or on the emulated one: arrays are copied to the device, every
// pointer in the arguments is turned into the device's, and everything is copied back.
#pragma once

#include <cuda_runtime.h>

#include <memory>

#include "../arrays.h"

#if defined(GM_EMULATED)
#include "emulator.h"
#endif

namespace check {

// On the emulated device: blocks and threads take turns in another order from now on.
inline void new_order([[maybe_unused]] Random &random) {
#if defined(GM_EMULATED)
    emulator::seed(random());
#endif
}

inline bool ran(cudaError_t status) {
    return that(status == cudaSuccess, __FILE__, __LINE__,
                std::string(cudaGetErrorName(status)) + ": " + cudaGetErrorString(status));
}

// A stream that is not the default one, of the first device; and on the emulated machine the same of others.
inline const gm_queue &cuda_queue(int device = 0) {
    static const std::vector<gm_queue> queues = [] {
        cudaStream_t stream = nullptr;
        ran(cudaStreamCreate(&stream));
        std::vector<gm_queue> all;
        for (int n = 0; n < 8; n++) all.push_back({GM_CUDA, n, stream});
        return all;
    }();
    return queues.at(static_cast<size_t>(device));
}

// Copies of host memory on the device, of exactly its size, so that memcheck and the sanitizer see every
// step beyond it.
class Device {
public:
    // `index` names the CUDA device; the emulated machine has one memory for all of them.
    explicit Device(int index = 0) : index_(index) {}
    Device(const Device &) = delete;
    Device &operator=(const Device &) = delete;
    ~Device() {
        for (const Copy &copy : copies_) ran(cudaFree(copy.device));
    }

    // Memory that lies on the host at `host`; the same twice gives the same.
    template <class T>
    void move(T *&host, size_t count = 1) {
        if (host == nullptr) return;
        void *memory = const_cast<void *>(static_cast<const void *>(host));
        host = static_cast<T *>(copy_of(memory, count * sizeof(T), !std::is_const<T>::value));
    }

    void move(gm_array &array) {
        if (array.data == nullptr) return;
        size_t elements = 1;
        for (int d = 0; d < array.rank; d++) {
            elements = array.shape[d] == 0 || elements == 0
                           ? 0
                           : elements + static_cast<size_t>((array.shape[d] - 1) * array.stride[d]);
        }
        const size_t width = array.dtype == GM_F32 ? 4 : array.dtype == GM_F64 || array.dtype == GM_I64 ? 8 : 2;
        array.data = copy_of(array.data, elements * width, true);
        array.device_type = GM_DEVICE_CUDA;
        array.device = index_;
    }

    // A list of arrays, which itself stays on the host.
    void move(const gm_array *&arrays, int64_t count) {
        if (arrays == nullptr) return;
        lists_.push_back(std::make_unique<std::vector<gm_array>>(arrays, arrays + count));
        for (gm_array &array : *lists_.back()) move(array);
        arrays = lists_.back()->data();
    }

    void fetch() const {
        for (const Copy &copy : copies_) {
            if (copy.output && copy.bytes > 0)
                ran(cudaMemcpy(copy.host, copy.device, copy.bytes, cudaMemcpyDeviceToHost));
        }
    }

private:
    struct Copy {
        void *host, *device;
        size_t bytes;
        bool output;
    };

    void *copy_of(void *host, size_t bytes, bool output) {
        for (const Copy &copy : copies_) {
            if (copy.host == host && copy.bytes == bytes) return copy.device;
        }
        Copy copy = {host, nullptr, bytes, output};
        ran(cudaMalloc(&copy.device, bytes == 0 ? 1 : bytes));
        if (bytes > 0) ran(cudaMemcpy(copy.device, host, bytes, cudaMemcpyHostToDevice));
        copies_.push_back(copy);
        return copy.device;
    }

    int index_;
    std::vector<Copy> copies_;
    std::vector<std::unique_ptr<std::vector<gm_array>>> lists_;
};

// Every pointer of an operation's arguments, turned into the device's.
inline void move(Device &device, gm_row_dot_args &args) {
    for (gm_array *array : {&args.projected, &args.delta, &args.dot}) device.move(*array);
}
inline void move(Device &device, gm_scale_rows_args &args) {
    for (gm_array *array : {&args.input, &args.weight, &args.output}) device.move(*array);
}
inline void move(Device &device, gm_projected_dot_args &args) {
    for (gm_array *array : {&args.gradient, &args.direction, &args.dot, &args.norm_squared}) device.move(*array);
    device.move(args.direction_norm_squared);
}
inline void move(Device &device, gm_ghost_dot_args &args) {
    for (gm_array *array : {&args.input, &args.delta, &args.direction, &args.dot}) device.move(*array);
}
inline void move(Device &device, gm_ghost_norm_args &args) {
    for (gm_array *array : {&args.input, &args.delta, &args.norm_squared}) device.move(*array);
}
inline void move(Device &device, gm_mimic_weights_args &args) {
    for (gm_array *array : {&args.score, &args.gradient_norm, &args.weight}) device.move(*array);
    device.move(args.direction_norm_squared);
    device.move(args.non_finite);
}
inline void move(Device &device, gm_head_step_args &args) {
    const int64_t K = args.projected.data != nullptr ? args.projected.rank == 3 ? args.projected.shape[1] : 1
                      : args.reference_logits.data != nullptr
                          ? args.reference_logits.rank == 3 ? args.reference_logits.shape[1] : 1
                          : 0;
    for (gm_array *array :
         {&args.logits, &args.bias, &args.labels, &args.projected, &args.reference_logits, &args.feature_norm_squared,
          &args.reference_loss, &args.loss, &args.score, &args.gradient_norm, &args.weight, &args.delta,
          &args.weighted_delta, &args.mean_delta, &args.weighted_delta_sum}) {
        device.move(*array);
    }
    if (K > 0) device.move(args.direction_norm_squared, static_cast<size_t>(K));
    device.move(args.non_finite);
}
inline void move(Device &device, gm_head_score_args &args) {
    for (gm_array *array : {&args.features, &args.labels, &args.weight, &args.bias, &args.direction, &args.loss,
                            &args.score, &args.gradient_norm}) {
        device.move(*array);
    }
    device.move(args.direction_norm_squared);
    device.move(args.non_finite);
}
inline void move(Device &device, gm_clip_scores_args &args) {
    for (gm_array *array : {&args.image, &args.text, &args.image_tangent, &args.text_tangent, &args.loss, &args.score})
        device.move(*array);
    device.move(args.logit_terms, 4);
    device.move(args.direction_norm_squared);
    device.move(args.non_finite);
}
inline void move(Device &device, gm_direction_args &args) {
    for (const gm_array **arrays : {&args.reference, &args.parameter, &args.direction})
        device.move(*arrays, args.count);
    for (double **norms : {&args.norm_squared, &args.parameter_norm_squared})
        device.move(*norms, static_cast<size_t>(args.count));
    device.move(args.total_norm_squared);
}

inline cudaStream_t stream_of_tests() { return static_cast<cudaStream_t>(cuda_queue().stream); }

#if !defined(GM_EMULATED)
// What `call` launches, as a CUDA graph that is launched this often. Its status.
template <class Call>
gm_status replayed(Call call, int times) {
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t ready = nullptr;
    ran(cudaStreamBeginCapture(stream_of_tests(), cudaStreamCaptureModeThreadLocal));
    const gm_status status = call();
    if (!ran(cudaStreamEndCapture(stream_of_tests(), &graph))) return status;
    ran(cudaGraphInstantiate(&ready, graph, 0));
    for (int n = 0; n < times && status == GM_OK; n++) ran(cudaGraphLaunch(ready, stream_of_tests()));
    ran(cudaStreamSynchronize(stream_of_tests()));
    ran(cudaGraphExecDestroy(ready));
    ran(cudaGraphDestroy(graph));
    return status;
}
#endif

// Makes the call, which launches and does nothing else, and waits for it. On a device every second one, at random, is captured in
// a CUDA graph, which takes nothing but launches, and replayed; the emulator counts what is asked of the runtime.
template <class Call>
gm_status waited_for(Call call, [[maybe_unused]] Random &random) {
#if defined(GM_EMULATED)
    const emulator::Calls before = emulator::calls();
    const gm_status status = call();
    const emulator::Calls after = emulator::calls();
    that(after.allocations == before.allocations && after.frees == before.frees && after.copies == before.copies &&
             after.synchronisations == before.synchronisations,
         __FILE__, __LINE__, "a call launches and does nothing else");
#else
    if (any_of(random, {0, 1}) == 1) return replayed(call, 1);
    const gm_status status = call();
#endif
    if (status == GM_OK) ran(cudaStreamSynchronize(stream_of_tests()));
    return status;
}

// As call() of arrays.h on GM_CUDA: results are on the host when it returns. The workspace is exactly as
// large as was asked for and holds nothing of use.
template <class Args, class Size, class Run>
gm_status call_on_device(Size size, Run run, Args args, Random &random, int number = 0) {
    const gm_queue &queue = cuda_queue(number);
    new_order(random);
    Device device(number);
    move(device, args);
    size_t bytes = 0;
    gm_status status = size(&queue, &args, &bytes);
    if (status != GM_OK) return status;
    void *workspace = nullptr;
    ran(cudaMalloc(&workspace, bytes == 0 ? 1 : bytes));
    ran(cudaMemsetAsync(workspace, 0xff, bytes, stream_of_tests()));
    status = waited_for([&] { return run(&queue, &args, workspace, bytes); }, random);
    device.fetch();
    ran(cudaFree(workspace));
    return status;
}

#define GM_DEVICE_CALL(operation, args) check::call_on_device(operation##_workspace_size, operation, args, random)

}  // namespace check
