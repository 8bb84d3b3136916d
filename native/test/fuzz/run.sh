#!/bin/sh
# run.sh [SECONDS]: random arguments of every call of the C ABI by clang's libFuzzer, guided by coverage, under AddressSanitizer
# and UndefinedBehaviorSanitizer; 60 seconds without a number. The corpus grows in native/build/fuzz/corpus from run to run,
# and an input that fails is left there as crash-*. CXX names clang++ where it has another name.
set -eu

source=$(cd "$(dirname "$0")" && pwd -P)
build=$source/../../build/fuzz
compiler=${CXX:-$(command -v clang++ || command -v clang++-14 || true)}
[ -n "$compiler" ] || { echo "run.sh: libFuzzer comes with clang, and no clang++ was found; CXX can name it" >&2; exit 2; }
cmake -S "$source" -B "$build" -DCMAKE_CXX_COMPILER="$compiler" -Wno-dev --log-level=WARNING
cmake --build "$build" --parallel "$(nproc)"
mkdir -p "$build/corpus"
cd "$build"
exec ./abi_fuzz -max_total_time="${1:-60}" -max_len=256 -print_final_stats=1 -verbosity=1 corpus "$source/inputs"
