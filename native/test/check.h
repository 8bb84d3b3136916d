// A test harness in a page, so that a fresh machine needs a compiler and nothing else. A failing
// check prints the seed of its test, which GRADMIMIC_SEED repeats; a NaN is close to nothing.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "gradmimic/gradmimic.h"

namespace check {

using Random = std::mt19937_64;

struct Test {
    const char *name;
    std::function<void(Random &)> body;
};

inline std::vector<Test> &tests() {
    static std::vector<Test> all;
    return all;
}

struct State {
    const char *test = "";
    uint64_t seed = 0;
    int64_t checks = 0;
    int failures = 0;
};

inline State &state() {
    static State only;
    return only;
}

inline std::string text(double value) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.9g", value);
    return digits;
}

inline bool that(bool holds, const char *file, int line, const std::string &what) {
    state().checks++;
    if (!holds && ++state().failures <= 20) {
        std::printf("%s:%d: %s: %s (GRADMIMIC_SEED=%llu)\n", file, line, state().test, what.c_str(),
                    static_cast<unsigned long long>(state().seed));
    }
    return holds;
}

// |actual - expected| <= bound; both infinite with one sign also passes.
inline bool close(double actual, double expected, double bound, const char *file, int line, const std::string &what) {
    const bool holds = actual == expected || std::fabs(actual - expected) <= bound;
    if (holds) return that(true, file, line, {});  // the text only where it is read
    return that(false, file, line,
                what + ": " + text(actual) + ", expected " + text(expected) + " within " + text(bound));
}

// All tests whose names begin with one of `prefixes`, or with none of them if the first is "--not"; all if there are none.
// So an entry of ctest can take some tests of a program and another one all that are left.
inline int main(std::vector<std::string> prefixes = {}) {
    const bool others = !prefixes.empty() && prefixes.front() == "--not";
    if (others) prefixes.erase(prefixes.begin());
    const char *fixed = std::getenv("GRADMIMIC_SEED");
    size_t ran = 0;
    for (const Test &test : tests()) {
        bool named = false;
        for (const std::string &prefix : prefixes) named = named || std::string(test.name).rfind(prefix, 0) == 0;
        if (!prefixes.empty() && named == others) continue;
        ran++;
        state().test = test.name;
        state().seed = fixed ? std::strtoull(fixed, nullptr, 10) : std::random_device{}();
        const int64_t before = state().checks;
        Random random(state().seed);
        test.body(random);
        that(state().checks > before, __FILE__, __LINE__, "the test checked nothing");
    }
    std::printf("%zu tests, %lld checks, %d failures, instruction set %s\n", ran,
                static_cast<long long>(state().checks), state().failures, gm_cpu_isa());
    return state().failures == 0 && ran > 0 ? 0 : 1;
}

}  // namespace check

// TEST(name) { ... } with `random`, seeded afresh for every test, in scope.
#define TEST(name) \
    static void test_##name(check::Random &random); \
    static const bool registered_##name = (check::tests().push_back({#name, test_##name}), true); \
    static void test_##name([[maybe_unused]] check::Random &random)

#define CHECK(holds) check::that((holds), __FILE__, __LINE__, #holds)
#define CHECK_CLOSE(actual, expected, bound, what) \
    check::close((actual), (expected), (bound), __FILE__, __LINE__, (what))
#define CHECK_OK(call) check::that((call) == GM_OK, __FILE__, __LINE__, std::string(#call) + ": " + gm_last_error())
// The call is refused with this status and a message that holds this text.
#define CHECK_REFUSED(call, expected_status, text) \
    do { \
        const gm_status status_ = (call); \
        check::that(status_ == (expected_status) && std::string(gm_last_error()).find(text) != std::string::npos, \
                    __FILE__, __LINE__, \
                    std::string(#call) + " gave " + std::to_string(status_) + " \"" + gm_last_error() + "\""); \
    } while (0)
