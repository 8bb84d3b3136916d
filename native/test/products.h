// What the tests of the sums of products share.
#pragma once

#include <omp.h>
#include <sys/mman.h>

#include <cstring>

#include "arrays.h"

namespace check {

inline int32_t any_dtype(Random &random) { return static_cast<int32_t>(any_of(random, {GM_F32, GM_F16, GM_BF16})); }

// Sets this share of delta's tokens to zero.
inline void silence(Array &delta, Random &random, double share) {
    std::bernoulli_distribution silent(share);
    for (int64_t i = 0; i < delta.extent(0); i++) {
        for (int64_t t = 0; t < delta.extent(1); t++) {
            if (!silent(random)) continue;
            for (int64_t o = 0; o < delta.extent(2); o++) delta.set(0, i, t, o);
        }
    }
}

// |x|: an operation's result for these is the sum of magnitudes that rounding is relative to.
inline Array magnitudes(const Array &x) {
    Array copy(x);
    for (int64_t i = 0; i < x.extent(0); i++) {
        for (int64_t j = 0; j < x.extent(1); j++) {
            for (int64_t k = 0; k < x.extent(2); k++) copy.set(std::fabs(x.at(i, j, k)), i, j, k);
        }
    }
    return copy;
}

// The bound on a sum of products, in units of the sum of magnitudes: a float lane takes at most one in
// eight of 2048 terms before it goes over to double (two vectors of four lanes at least), each with one
// rounding; then the lanes, the result and the terms themselves are rounded.
inline double sum_bound(int64_t terms) {
    return unit_roundoff(GM_F32) * (static_cast<double>(std::min<int64_t>(terms, 2048)) / 8 + 10);
}

inline bool same_bits(const Array &a, const Array &b) {
    bool same = a.extent(0) == b.extent(0);
    for (int64_t i = 0; same && i < a.extent(0); i++) {
        const double x = a.at(i), y = b.at(i);
        same = std::memcmp(&x, &y, sizeof x) == 0;
    }
    return same;
}

// body with this many threads at most, then again with as many as before.
inline void with_threads(int threads, const std::function<void()> &body) {
    const int before = omp_get_max_threads();
    omp_set_num_threads(threads);
    body();
    omp_set_num_threads(before);
}

// Address space without memory: pages that are only read are one page of zeros.
class Virtual {
public:
    explicit Virtual(size_t bytes) : bytes_(bytes) {
        data_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
#ifdef MADV_HUGEPAGE
        if (there()) madvise(data_, bytes, MADV_HUGEPAGE);
#endif
    }
    ~Virtual() {
        if (there()) munmap(data_, bytes_);
    }
    Virtual(const Virtual &) = delete;
    Virtual &operator=(const Virtual &) = delete;
    bool there() const { return data_ != MAP_FAILED; }
    void *data() const { return data_; }

private:
    size_t bytes_;
    void *data_;
};

}  // namespace check
