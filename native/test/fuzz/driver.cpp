// Runs abi_fuzz.cpp without libFuzzer, for compilers that do not bring one: the files that are named, and then for so many
// seconds random bytes, half of them changes of what came before.
//
//   abi_fuzz [--seconds N] [--seed N] [FILE ...]
#include <sanitizer/common_interface_defs.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace {

using Input = std::vector<uint8_t>;

Input current;

// The bytes that a failure came of: a file of them is an argument of the next run.
void print_input() {
    std::fprintf(stderr, "the input (xxd -r -p makes a file of it): ");
    for (const uint8_t byte : current) std::fprintf(stderr, "%02x", byte);
    std::fprintf(stderr, "\n");
}

void run(const Input &input) {
    current = input;
    LLVMFuzzerTestOneInput(current.data(), current.size());
}

Input changed(Input input, std::mt19937_64 &random) {
    const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
    for (size_t n = 1 + below(4); n > 0; n--) {
        const size_t at = below(input.size() + 1);
        const uint8_t byte = static_cast<uint8_t>(below(4) == 0 ? below(256) : below(16));
        if (at == input.size() || below(4) == 0) input.insert(input.begin() + static_cast<std::ptrdiff_t>(at), byte);
        else input[at] = byte;
    }
    if (input.size() > 256) input.resize(256);
    return input;
}

}  // namespace

int main(int argc, char **argv) {
    double seconds = 10;
    uint64_t seed = std::random_device{}();
    std::vector<Input> inputs = {{}};
    __sanitizer_set_death_callback(print_input);
    std::signal(SIGABRT, [](int) { print_input(); });
    for (int n = 1; n < argc; n++) {
        const std::string word = argv[n];
        if (word == "--seconds" && n + 1 < argc) seconds = std::atof(argv[++n]);
        else if (word == "--seed" && n + 1 < argc) seed = std::strtoull(argv[++n], nullptr, 10);
        else {
            std::ifstream file(word, std::ios::binary);
            if (!file) {
                std::fprintf(stderr, "abi_fuzz: cannot read %s\n", word.c_str());
                return 2;
            }
            inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
            run(inputs.back());
        }
    }
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
    std::fflush(stdout);
    std::mt19937_64 random(seed);
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    int64_t count = 0;
    for (; std::chrono::steady_clock::now() < end; count++) {
        Input input;
        if (random() % 2 == 0) {
            input.resize(random() % 200);
            for (uint8_t &byte : input) byte = static_cast<uint8_t>(random() % (random() % 2 == 0 ? 16 : 256));
        } else {
            input = changed(inputs[random() % inputs.size()], random);
        }
        run(input);
        // A few of them are kept for changes.
        if (inputs.size() < 1000) inputs.push_back(input);
        else inputs[random() % inputs.size()] = input;
    }
    std::printf("%lld inputs, no fault\n", static_cast<long long>(count));
    return 0;
}
