#!/bin/sh
# seeds.sh [FIRST] [LAST]: all CUDA kernels in the emulator under AddressSanitizer and UndefinedBehaviorSanitizer, once for each
# seed from FIRST to LAST, 1 to 60 without numbers. A seed gives the inputs, the shapes and the order of blocks and threads. It
# prints a line a seed and ends with 1 if one failed. A seed takes one to two minutes of a processor.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd -P)
"$root/cmake/build.sh" configure sanitize
cmake --build "$root/native/build/sanitize" --parallel "$(nproc)" --target emulated_cuda_test
export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1 OMP_NUM_THREADS=1
failed=0
for seed in $(seq "${1:-1}" "${2:-60}"); do
  log=$root/native/build/sanitize/seed-$seed.log
  if GRADMIMIC_SEED=$seed "$root/native/build/sanitize/test/emulated_cuda_test" >"$log" 2>&1; then
    echo "seed $seed: $(tail -n 1 "$log")"
    rm "$log"
  else
    echo "seed $seed: FAILED, see $log"
    failed=1
  fi
done
exit $failed
