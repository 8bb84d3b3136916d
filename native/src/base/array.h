// What the contract says of arrays, checked once for all providers. Each check names the argument.
#pragma once

#include <initializer_list>
#include <string>

#include "base/failure.h"

namespace gm {

inline bool present(const gm_array &array) { return array.data != nullptr; }

const char *dtype_name(int32_t dtype);
int64_t dtype_bytes(int32_t dtype);

// "[32, 768]"
std::string shape_text(const gm_array &array);

// An argument as messages name it: "labels", or "parameter[7]" of several arrays. The text is made for a message alone.
struct Name {
    const char *argument;
    int64_t index = -1;
    Name(const char *argument_, int64_t index_ = -1) : argument(argument_), index(index_) {}
    std::string text() const;
};

// Rank and strides within the contract, a known dtype; says nothing of the extents.
void check_array(const Name &name, const gm_array &array);

// As check_array, with exactly this shape. An array without elements may have any pointer but NULL.
void check_shape(const Name &name, const gm_array &array, std::initializer_list<int64_t> shape);

// As check_array, with the shape of `other`.
void check_same_shape(const Name &name, const gm_array &array, const gm_array &other);

// As check_array, of a floating type and this rank; `expected` is the shape in words, "[B, T, I]".
void check_rank(const Name &name, const gm_array &array, int rank, const char *expected);

// f32, f16, bf16 or f64.
void check_floating(const Name &name, const gm_array &array);

// f32, or f64 for the reference.
void check_real(const Name &name, const gm_array &array);

// Two elements of an output may not share a place.
void check_no_overlap(const Name &name, const gm_array &array);

// A present real vector [n]; `output` also refuses overlap.
void check_vector(const Name &name, const gm_array &array, int64_t n);
void check_output_vector(const Name &name, const gm_array &array, int64_t n);

// i64 [B]; then its values, each in [0, classes).
void check_labels(const gm_array &labels, int64_t B);
void check_label_values(const gm_array &labels, int64_t classes);

inline bool is_f64(const gm_array &array) { return present(array) && array.dtype == GM_F64; }

}  // namespace gm
