// The oracle: every operation in double precision by loops anyone can check. Arguments are valid
// (the entry points checked them). GM_REFERENCE runs these, and the tests hold all else against them.
#pragma once

#include "base/operations.h"

namespace gm::reference {

#define GM_DECLARE(name) void name(const gm_##name##_args &args);
GM_OPERATIONS(GM_DECLARE)
#undef GM_DECLARE

void mimic_weights_reduce(const gm_mimic_weights_args &args, double *max_and_sum);
void mimic_weights_apply(const gm_mimic_weights_args &args, const double *max_and_sum);

}  // namespace gm::reference
