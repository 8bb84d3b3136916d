// gm_ghost_dot on GM_CUDA against GM_REFERENCE.
#include "../products.h"
#include "device.h"

using check::Array;

namespace {

gm_ghost_dot_args arguments(const Array &input, const Array &delta, const Array &direction, const Array &dot,
                            int32_t form = GM_GHOST_DOT_AUTO) {
    return {input.get(), delta.get(), direction.get(), dot.get(), form, 0};
}

// A float takes up the I products of V a, then up to 48 of them times delta and those of four lanes; two roundings of each
// term.
double bound(int64_t I) { return check::unit_roundoff(GM_F32) * (static_cast<double>(I) + 56); }

void agree(check::Random &random, Array &a, Array &delta, Array &v, double silent, int32_t form = GM_GHOST_DOT_AUTO,
           int device = 0) {
    const int64_t B = a.extent(0), T = a.extent(1), I = a.extent(2), O = delta.extent(2);
    a.normal(random);
    delta.normal(random);
    v.normal(random);
    check::silence(delta, random, silent);
    Array fast(GM_F32, {B}), slow(GM_F64, {B}), magnitude(GM_F64, {B});
    fast.fill([] { return NAN; });
    CHECK_OK(check::call_on_device(gm_ghost_dot_workspace_size, gm_ghost_dot, arguments(a, delta, v, fast, form),
                                   random, device));
    CHECK_OK(GM_CALL(gm_ghost_dot, &check::reference_queue(), arguments(a, delta, v, slow)));
    CHECK_OK(GM_CALL(gm_ghost_dot, &check::reference_queue(),
                     arguments(check::magnitudes(a), check::magnitudes(delta), check::magnitudes(v), magnitude)));
    for (int64_t i = 0; i < B; i++) {
        CHECK_CLOSE(fast.at(i), slow.at(i), bound(I) * magnitude.at(i),
                    "dot " + std::to_string(i) + " of T = " + std::to_string(T) + ", I = " + std::to_string(I) +
                        ", O = " + std::to_string(O));
    }
}

void agree(check::Random &random, int64_t B, int64_t T, int64_t I, int64_t O, double silent) {
    Array a(check::any_dtype(random), {B, T, I}, check::any_of(random, {0, 3, 8}));
    Array delta(check::any_dtype(random), {B, T, O}, check::any_of(random, {0, 5}));
    Array v(check::any_dtype(random), {O, I}, check::any_of(random, {0, 1}));
    agree(random, a, delta, v, silent);
}

// The forms of the tensor cores that this device has.
std::vector<int32_t> tensor_forms(int device = 0) {
    Array x(GM_BF16, {1, 1, 8}), v(GM_BF16, {8, 8}), dot(GM_F32, {1});
    std::vector<int32_t> forms = {GM_GHOST_DOT_MMA};
    gm_ghost_dot_args args = arguments(x, x, v, dot, GM_GHOST_DOT_WGMMA);
    check::Device memory(device);
    check::move(memory, args);
    int32_t form = 0;
    if (gm_ghost_dot_form(&check::cuda_queue(device), &args, &form) == GM_OK) forms.push_back(GM_GHOST_DOT_WGMMA);
    return forms;
}

// What gm_ghost_dot would take, or what it says of a product of the caller's; shapes are enough, there is no memory.
int32_t choice(int64_t B, int64_t T, int64_t I, int64_t O, int32_t dtype, int32_t direction_dtype, int device) {
    alignas(16) static char somewhere[16];
    const auto array = [device](int32_t type, int rank, int64_t d0, int64_t d1, int64_t d2) {
        const int64_t stride[3] = {rank == 3 ? d1 * d2 : rank == 2 ? d1 : 1, rank == 3 ? d2 : 1, 1};
        return gm_array{somewhere, type, rank, {d0, d1, d2}, {stride[0], stride[1], stride[2]}, GM_DEVICE_CUDA, device};
    };
    const gm_ghost_dot_args args = {
        array(dtype, 3, B, T, I),  array(dtype, 3, B, T, O), array(direction_dtype, 2, O, I, 0),
        array(GM_F32, 1, B, 0, 0), GM_GHOST_DOT_AUTO,        0};
    int32_t form = -1;
    CHECK_OK(gm_ghost_dot_form(&check::cuda_queue(device), &args, &form));
    return form;
}

}  // namespace

TEST(ghost_dot_agrees_with_the_reference) {
    for (int round = 0; round < 40; round++) {
        agree(random, check::any_of(random, {0, 1, 2, 5}), check::any_of(random, {0, 1, 3, 4, 9}),
              check::any_of(random, {0, 1, 7, 16, 33, 70}), check::any_of(random, {0, 1, 2, 5, 13, 40, 65}),
              static_cast<double>(check::any_of(random, {0, 1, 2})) / 2);
    }
    agree(random, 1, 129, 40, 97, 0);  // tiles of tokens and of outputs
    agree(random, 63, 1, 30, 130, 0);
    agree(random, 65, 1, 64, 64, 0.3);
    agree(random, 150, 9, 8, 7, 0.8);   // the grid that finds the tokens lists them too
    agree(random, 260, 9, 8, 7, 0.8);   // more tokens than that: a grid for the list, of several blocks
    agree(random, 2048, 1, 8, 7, 0.8);  // as many as one block lists, and one more
    agree(random, 2049, 1, 8, 7, 0.8);
}

// Few tokens, so that every part of the inputs has its own blocks: in float and on the tensor cores, whole parts or not.
TEST(ghost_dot_agrees_in_parts) {
    agree(random, 3, 1, 700, 20, 0);
    for (const int64_t I : {1024, 1096}) {
        Array a(GM_F16, {7, 2, I}, 8), delta(GM_BF16, {7, 2, 24}), v(GM_F16, {24, I}, 8);
        agree(random, a, delta, v, 0.3, GM_GHOST_DOT_MMA);
        agree(random, a, delta, v, 0.3, GM_GHOST_DOT_FLOAT);
    }
}

// bf16 and f16 with rows that begin on 16 bytes: a lane's, a slice's and a tile's ends, several slices, and more tiles than
// blocks that stay.
TEST(ghost_dot_agrees_on_the_tensor_cores) {
    const int64_t shapes[][4] = {{1, 1, 64, 8},      {3, 7, 72, 40},     {2, 100, 128, 129}, {5, 12, 200, 65},
                                 {1, 129, 264, 128}, {130, 1, 136, 250}, {40, 9, 64, 3},     {2, 40, 1000, 64},
                                 {1, 300, 40, 400},  {6, 90, 64, 200}};
    for (const auto &shape : shapes) {
        for (const int32_t form : tensor_forms()) {
            const int32_t dtype = check::any_of(random, {0, 1}) ? GM_BF16 : GM_F16,
                          delta_dtype = check::any_of(random, {0, 1}) ? GM_BF16 : GM_F16;
            const int64_t O = shape[3], past = (8 - O % 8) % 8, padding = check::any_of(random, {0, 8});
            Array a(dtype, {shape[0], shape[1], shape[2]}, padding),
                delta(delta_dtype, {shape[0], shape[1], O + past}, padding), v(dtype, {O, shape[2]}, padding);
            delta.get().shape[2] = O;
            const double silent = static_cast<double>(check::any_of(random, {0, 0, 1})) / 2;
            agree(random, a, delta, v, silent, form);
        }
    }
}

TEST(ghost_dot_takes_the_form_that_is_asked_for) {
    for (const int which : {0, 1, 2, 3}) {  // rows that begin elsewhere, or another dtype
        Array a(GM_BF16, {2, 9, 64}, which == 0), delta(which == 3 ? GM_F32 : GM_BF16, {2, 9, 64}, which == 1),
            v(GM_BF16, {64, 64}, which == 2);
        Array dot(GM_F32, {2});
        agree(random, a, delta, v, 0);
        for (const int32_t form : {GM_GHOST_DOT_MMA, GM_GHOST_DOT_WGMMA}) {
            CHECK_REFUSED(GM_DEVICE_CALL(gm_ghost_dot, arguments(a, delta, v, dot, form)), GM_UNSUPPORTED,
                          "gm_ghost_dot: the tensor cores take bf16 or f16");
        }
    }
    Array x(GM_BF16, {2, 9, 64}), v(GM_BF16, {64, 64}), dot(GM_F32, {2});
    for (const int32_t form : {-1, static_cast<int32_t>(GM_GHOST_DOT_PRODUCT)}) {
        CHECK_REFUSED(GM_DEVICE_CALL(gm_ghost_dot, arguments(x, x, v, dot, form)), GM_INVALID_ARGUMENT,
                      "form is " + std::to_string(form));
    }
    const gm_ghost_dot_args args = arguments(x, x, v, dot, GM_GHOST_DOT_FLOAT);
    CHECK_REFUSED(gm_ghost_dot(&check::reference_queue(), &args, nullptr, 0), GM_UNSUPPORTED,
                  "this provider has one only");
    int32_t form = 0;
    CHECK_REFUSED(gm_ghost_dot_form(&check::reference_queue(), &args, &form), GM_UNSUPPORTED,
                  "this provider has one only");
}

// Of the model only what does not hang on its constants: that a form which the device or the arrays do not have is never
// chosen, and that a product is advised where it can be made.
TEST(ghost_dot_chooses_what_there_is) {
#if defined(GM_EMULATED)
    const int devices = static_cast<int>(emulator::usual_devices().size());
#else
    const int devices = 1;
#endif
    for (int device = 0; device < devices; device++) {
        const bool wgmma = tensor_forms(device).size() == 2;
        for (const int32_t dtype : {GM_BF16, GM_F16}) {
            for (const int64_t B : {1, 32, 256, 16384}) {
                const int32_t form = choice(B, 1, 768, 3072, dtype, dtype, device);
                CHECK(form == GM_GHOST_DOT_MMA || form == GM_GHOST_DOT_PRODUCT || form == GM_GHOST_DOT_FLOAT ||
                      (wgmma && form == GM_GHOST_DOT_WGMMA));
            }
        }
        CHECK(choice(256, 64, 768, 3072, GM_BF16, GM_F32, device) == GM_GHOST_DOT_FLOAT);  // a product takes one dtype
        const int32_t none = choice(0, 1, 64, 64, GM_BF16, GM_BF16, device);
        CHECK(none == GM_GHOST_DOT_FLOAT || none == GM_GHOST_DOT_PRODUCT);
    }
}

// As much shared memory as each kind of device gives a block, and not more.
#if defined(GM_EMULATED)
TEST(ghost_dot_agrees_on_every_kind_of_device) {
    for (int device = 0; device < static_cast<int>(emulator::usual_devices().size()); device++) {
        const bool wgmma = tensor_forms(device).size() == 2;
        CHECK(wgmma == (device == 0));
        Array a(GM_BF16, {3, 50, 200}), delta(GM_BF16, {3, 50, 136}), v(GM_BF16, {136, 200}), dot(GM_F32, {3});
        agree(random, a, delta, v, 0.3, GM_GHOST_DOT_FLOAT, device);
        agree(random, a, delta, v, 0.3, GM_GHOST_DOT_AUTO, device);
        if (emulator::usual_devices()[static_cast<size_t>(device)].shared ==
            48 << 10) {  // no room for mma's smallest tiles
            CHECK_REFUSED(check::call_on_device(gm_ghost_dot_workspace_size, gm_ghost_dot,
                                                arguments(a, delta, v, dot, GM_GHOST_DOT_MMA), random, device),
                          GM_UNSUPPORTED, "needs a device that gives a block 62976 bytes of shared memory");
        } else {
            agree(random, a, delta, v, 0.3, GM_GHOST_DOT_MMA, device);
        }
        if (wgmma) continue;
        CHECK_REFUSED(check::call_on_device(gm_ghost_dot_workspace_size, gm_ghost_dot,
                                            arguments(a, delta, v, dot, GM_GHOST_DOT_WGMMA), random, device),
                      GM_UNSUPPORTED, "needs a device of compute capability 9.0");
    }
}
#endif

#if defined(GM_EMULATED)
TEST(ghost_dot_takes_as_few_launches_as_it_says) {
    for (const int64_t B : {1, 256, 257}) {  // up to 2048 tokens are found and listed by one grid
        for (const int32_t none : {0, 1}) {
            Array a(GM_F32, {B, 8, 8}), delta(GM_F32, {B, 8, 8}), v(GM_F32, {8, 8}), dot(GM_F32, {B});
            gm_ghost_dot_args args = arguments(a, delta, v, dot);
            args.no_zero_tokens = none;
            const emulator::Calls before = emulator::calls();
            CHECK_OK(GM_DEVICE_CALL(gm_ghost_dot, args));
            CHECK(emulator::calls().launches - before.launches == 3 + (B > 256 && none == 0));
        }
    }
}
#endif

TEST(ghost_dot_keeps_a_nan_in_its_sample) {
    std::vector<int32_t> forms = tensor_forms();
    forms.push_back(GM_GHOST_DOT_FLOAT);
    for (const int32_t form : forms) {
        const int32_t dtype = form == GM_GHOST_DOT_FLOAT ? GM_F32 : GM_BF16;
        Array a(dtype, {9, 15, 72}), delta(dtype, {9, 15, 136}), v(dtype, {136, 72}), clean(GM_F32, {9}),
            dirty(GM_F32, {9});
        a.normal(random);
        delta.normal(random);
        v.normal(random);
        CHECK_OK(GM_DEVICE_CALL(gm_ghost_dot, arguments(a, delta, v, clean, form)));
        a.set(NAN, 4, 3, 71);
        a.set(std::numeric_limits<double>::infinity(), 8, 14, 0);
        delta.set(NAN, 0, 0, 135);
        CHECK_OK(GM_DEVICE_CALL(gm_ghost_dot, arguments(a, delta, v, dirty, form)));
        for (int64_t i = 0; i < 9; i++)
            CHECK(i == 0 || i == 4 || i == 8 ? !std::isfinite(dirty.at(i)) : dirty.at(i) == clean.at(i));
    }
}

// 0 times whatever the input holds there.
TEST(ghost_dot_leaves_out_tokens_without_gradient) {
    Array a(GM_F32, {2, 4, 20}), delta(GM_F32, {2, 4, 70}), v(GM_F32, {70, 20}), clean(GM_F32, {2}), dirty(GM_F32, {2});
    a.normal(random);
    delta.normal(random);
    v.normal(random);
    for (int64_t o = 0; o < 70; o++) delta.set(0, 1, 2, o);
    CHECK_OK(GM_DEVICE_CALL(gm_ghost_dot, arguments(a, delta, v, clean)));
    for (int64_t c = 0; c < 20; c++) a.set(NAN, 1, 2, c);
    CHECK_OK(GM_DEVICE_CALL(gm_ghost_dot, arguments(a, delta, v, dirty)));
    CHECK(check::same_bits(clean, dirty));
    delta.set(1, 1, 2, 69);
    CHECK_OK(GM_DEVICE_CALL(gm_ghost_dot, arguments(a, delta, v, dirty)));
    CHECK(std::isnan(dirty.at(1)) && dirty.at(0) == clean.at(0));
}

// Told that no token is all zero, a call gives the bits that it finds without being told.
TEST(ghost_dot_need_not_look_for_zero_tokens) {
    for (const auto &shape :
         std::vector<std::vector<int64_t>>{{9, 17, 40, 72}, {0, 3, 8, 8}, {3, 0, 8, 8}, {300, 9, 8, 16}}) {
        const int64_t B = shape[0], T = shape[1], I = shape[2], O = shape[3];
        Array a(GM_BF16, {B, T, I}), delta(GM_BF16, {B, T, O}), v(GM_BF16, {O, I}), found(GM_F32, {B}),
            told(GM_F32, {B});
        a.normal(random);
        delta.normal(random);
        v.normal(random);
        gm_ghost_dot_args args = arguments(a, delta, v, told);
        args.no_zero_tokens = 1;
        CHECK_OK(GM_DEVICE_CALL(gm_ghost_dot, arguments(a, delta, v, found)));
        CHECK_OK(GM_DEVICE_CALL(gm_ghost_dot, args));
        CHECK(check::same_bits(found, told));
        args.no_zero_tokens = 2;
        CHECK_REFUSED(GM_DEVICE_CALL(gm_ghost_dot, args), GM_INVALID_ARGUMENT, "no_zero_tokens is 2, not 0 or 1");
    }
}

TEST(ghost_dot_gives_the_same_bits_again) {
    Array a(GM_BF16, {9, 17, 40}), delta(GM_BF16, {9, 17, 72}), v(GM_BF16, {72, 40}), once(GM_F32, {9}),
        again(GM_F32, {9});
    a.normal(random);
    delta.normal(random);
    v.normal(random);
    for (const int32_t form : tensor_forms()) {
        CHECK_OK(GM_DEVICE_CALL(gm_ghost_dot, arguments(a, delta, v, once, form)));
        CHECK_OK(GM_DEVICE_CALL(gm_ghost_dot, arguments(a, delta, v, again, form)));
        CHECK(check::same_bits(once, again));
    }
}
