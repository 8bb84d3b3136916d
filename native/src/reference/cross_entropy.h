#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace gm::reference {

// Softmax cross-entropy of one row; delta becomes softmax(z) - onehot(label).
inline double cross_entropy(const std::vector<double> &z, int64_t label, std::vector<double> &delta) {
    double max = -std::numeric_limits<double>::infinity();
    for (double x : z) max = x > max || std::isnan(x) ? x : max;
    double others = 0;
    for (size_t c = 0; c < z.size(); c++) {
        delta[c] = std::exp(z[c] - max);
        if (static_cast<int64_t>(c) != label) others += delta[c];
    }
    const double own = delta[label], sum = own + others;
    for (double &d : delta) d /= sum;
    delta[label] = -others / sum;
    // A label with nearly all of the probability: 1 + others would lose the others.
    return own == 1 ? std::log1p(others) : max - z[label] + std::log(sum);
}

}  // namespace gm::reference
