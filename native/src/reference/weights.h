// Scores to weights, for the operations that weigh.
#pragma once

#include <vector>

#include "gradmimic/gradmimic.h"

namespace gm::reference {

// What weights are made of; a vector that its kind does not need may be empty.
struct Statistics {
    std::vector<double> score;          // m_i; for rho the difference of losses
    std::vector<double> gradient_norm;  // |g_i|
    std::vector<bool> usable;           // false: weight 0 whatever the statistic
    double direction_norm = 0;          // |V|
};

// Weights by the definitions of gm_weighting. Samples whose statistic is not finite become unusable;
// non_finite counts all that are. Fails with GM_NON_FINITE if there are samples and none can be used.
std::vector<double> weights(const gm_weighting &weighting, Statistics &statistics, int64_t *non_finite);

// Not finite where either is not: a score over an infinite norm is no 0.
double cosine(double score, double norm);

// What the softmax kinds exponentiate for sample i.
double exponent(const gm_weighting &weighting, const Statistics &statistics, size_t i);

}  // namespace gm::reference
