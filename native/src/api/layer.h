// What the operations on a linear layer's activations and output gradients check alike.
#pragma once

#include "base/array.h"

namespace gm {

// input [B,T,I] and delta [B,T,O] of one layer.
inline void check_layer(const gm_array &input, const gm_array &delta) {
    check_rank("input", input, 3, "[B, T, I]");
    check_rank("delta", delta, 3, "[B, T, O]");
    check_shape("delta", delta, {input.shape[0], input.shape[1], delta.shape[2]});
}

}  // namespace gm
