#include "base/array.h"

#include <algorithm>

#include "base/element.h"

namespace gm {

const char *dtype_name(int32_t dtype) {
    switch (dtype) {
        case GM_F32: return "f32";
        case GM_F16: return "f16";
        case GM_BF16: return "bf16";
        case GM_F64: return "f64";
        case GM_I64: return "i64";
        default: return "unknown";
    }
}

int64_t dtype_bytes(int32_t dtype) {
    switch (dtype) {
        case GM_F32: return 4;
        case GM_F16:
        case GM_BF16: return 2;
        default: return 8;
    }
}

std::string shape_text(const gm_array &array) {
    std::string text = "[";
    for (int d = 0; d < array.rank && d < GM_MAX_RANK; d++) {
        text += (d ? ", " : "") + std::to_string(array.shape[d]);
    }
    return text + "]";
}

std::string Name::text() const { return index < 0 ? argument : argument + ("[" + std::to_string(index) + "]"); }

void check_array(const Name &name, const gm_array &array) {
    if (!present(array)) fail(GM_INVALID_ARGUMENT, "%s is NULL", name.text().c_str());
    if (array.rank < 1 || array.rank > GM_MAX_RANK) {
        fail(GM_INVALID_ARGUMENT, "%s has rank %d; 1 to %d are possible", name.text().c_str(), array.rank, GM_MAX_RANK);
    }
    if (array.dtype < GM_F32 || array.dtype > GM_I64) {
        fail(GM_INVALID_ARGUMENT, "%s has the unknown dtype %d", name.text().c_str(), array.dtype);
    }
    int64_t last = 0;  // the largest element offset, which must stay addressable in bytes
    bool empty = false;
    for (int d = 0; d < array.rank; d++) {
        if (array.shape[d] < 0)
            fail(GM_INVALID_ARGUMENT, "%s has the shape %s", name.text().c_str(), shape_text(array).c_str());
        if (array.shape[d] == 0) empty = true;
        if (array.stride[d] < 0) {
            fail(GM_INVALID_ARGUMENT, "%s has the stride %lld in dimension %d; strides are not negative",
                 name.text().c_str(), static_cast<long long>(array.stride[d]), d);
        }
    }
    int64_t elements = 1;  // more than `last` + 1 where a stride of 0 repeats them
    for (int d = 0; d < array.rank; d++) {
        int64_t reach = 0;
        if (__builtin_mul_overflow(elements, array.shape[d] == 0 ? 1 : array.shape[d], &elements) ||
            (!empty && __builtin_mul_overflow(array.shape[d] - 1, array.stride[d], &reach)) ||
            __builtin_add_overflow(last, reach, &last) || last > (INT64_MAX >> 4)) {
            fail(GM_INVALID_ARGUMENT, "%s %s with these strides does not fit into the address space",
                 name.text().c_str(), shape_text(array).c_str());
        }
    }
    const int inner = array.rank - 1;
    if (!empty && array.shape[inner] > 1 && array.stride[inner] != 1) {
        fail(GM_INVALID_ARGUMENT, "%s %s has the stride %lld in its last dimension, which must be contiguous",
             name.text().c_str(), shape_text(array).c_str(), static_cast<long long>(array.stride[inner]));
    }
}

void check_shape(const Name &name, const gm_array &array, std::initializer_list<int64_t> shape) {
    check_array(name, array);
    if (array.rank == static_cast<int>(shape.size()) && std::equal(shape.begin(), shape.end(), array.shape)) return;
    gm_array expected = {};
    expected.rank = static_cast<int32_t>(shape.size());
    std::copy(shape.begin(), shape.end(), expected.shape);
    fail(GM_INVALID_ARGUMENT, "%s has the shape %s, expected %s", name.text().c_str(), shape_text(array).c_str(),
         shape_text(expected).c_str());
}

void check_same_shape(const Name &name, const gm_array &array, const gm_array &other) {
    check_array(name, array);
    if (array.rank == other.rank && std::equal(array.shape, array.shape + array.rank, other.shape)) return;
    fail(GM_INVALID_ARGUMENT, "%s has the shape %s, expected %s", name.text().c_str(), shape_text(array).c_str(),
         shape_text(other).c_str());
}

void check_rank(const Name &name, const gm_array &array, int rank, const char *expected) {
    check_array(name, array);
    check_floating(name, array);
    if (array.rank == rank) return;
    fail(GM_INVALID_ARGUMENT, "%s has the shape %s, expected %s", name.text().c_str(), shape_text(array).c_str(),
         expected);
}

void check_floating(const Name &name, const gm_array &array) {
    if (array.dtype == GM_I64) fail(GM_INVALID_ARGUMENT, "%s is i64; a floating type is expected", name.text().c_str());
}

void check_real(const Name &name, const gm_array &array) {
    if (array.dtype != GM_F32 && array.dtype != GM_F64) {
        fail(GM_INVALID_ARGUMENT, "%s is %s; f32 is expected", name.text().c_str(), dtype_name(array.dtype));
    }
}

void check_no_overlap(const Name &name, const gm_array &array) {
    // Without elements nothing overlaps, and strides may be anything.
    if (std::count(array.shape, array.shape + array.rank, 0) > 0) return;
    // Strides sorted from the inside out must each step over everything inside it.
    int64_t inside = 1;
    for (int d = array.rank - 1; d >= 0; d--) {
        if (array.shape[d] == 1) continue;
        if (array.stride[d] < inside) {
            fail(GM_INVALID_ARGUMENT, "%s %s is an output and its stride %lld in dimension %d makes it overlap itself",
                 name.text().c_str(), shape_text(array).c_str(), static_cast<long long>(array.stride[d]), d);
        }
        inside = array.stride[d] * array.shape[d];
    }
}

void check_vector(const Name &name, const gm_array &array, int64_t n) {
    check_shape(name, array, {n});
    check_real(name, array);
}

void check_output_vector(const Name &name, const gm_array &array, int64_t n) {
    check_vector(name, array, n);
    check_no_overlap(name, array);
}

void check_labels(const gm_array &labels, int64_t B) {
    check_shape("labels", labels, {B});
    if (labels.dtype != GM_I64) fail(GM_INVALID_ARGUMENT, "labels is %s; i64 is expected", dtype_name(labels.dtype));
}

void check_label_values(const gm_array &labels, int64_t classes) {
    for (int64_t i = 0; i < labels.shape[0]; i++) {
        const int64_t y = get_label(labels, i);
        if (y >= 0 && y < classes) continue;
        fail(GM_INVALID_ARGUMENT, "labels[%lld] = %lld is outside [0, %lld)", static_cast<long long>(i),
             static_cast<long long>(y), static_cast<long long>(classes));
    }
}

}  // namespace gm
