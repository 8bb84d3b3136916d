#!/usr/bin/env bash
# Proves and measures GM_CUDA on a machine with a GPU.
#
#   bench/gpu/run.sh [--dry-run] [--build DIR] [--out DIR] [--bundle DIR] [--model "OPTION ..."] [STAGE ...]
#
# Stages, each within ten minutes, in this order where none is named:
#   build       libgradmimic and its tests for this machine's GPU
#   test        cuda_test: every operation on the device against the double-precision reference
#   memcheck, racecheck, initcheck, synccheck
#               the same under that tool of compute-sanitizer
#   accuracy    errors of every operation against float64 beside torch's own: accuracy.py
#   java        the tests of the Java side that need a device, from BUNDLE (bundle.sh makes it). Skipped by name
#               without one
#   bench       kernels against torch (eager and compiled), a device copy and plain products: bench.py
#   model       training steps of ViT-B/16 in Java against plain ones and per-sample gradients, from BUNDLE. Skipped by
#               name without one. --model takes other options for it than "--device cuda"; a try without a GPU:
#               --model "--device cpu --side 32 --batch 2 --quick"
#
# It needs nvcc, CMake and a C++ compiler; accuracy and bench also need Python with torch 2.10 or newer for this GPU, and model has it compared if it is there. No
# network, no JDK. What ran and how it ended is written to OUT (bench/results/gpu) as it goes, so that a stage that
# is cut off costs only itself. --dry-run prints the commands instead of running them.
set -euo pipefail

root=$(dirname "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")")
build=$root/native/build-gpu
out=$root/bench/results/gpu
bundle=
model=(--device cuda)
dry=
stages=()
while (($# > 0)); do
  case $1 in
    --dry-run) dry=1 ;;
    --build | --out | --bundle | --model)
      (($# > 1)) || { echo "run.sh: $1 needs $([[ $1 == --model ]] && echo options || echo a folder)" >&2; exit 2; }
      case $1 in
        --build) build=$2 ;;
        --out) out=$2 ;;
        --bundle) bundle=$2 ;;
        --model) read -r -a model <<<"$2" ;;
      esac
      shift
      ;;
    build | test | memcheck | racecheck | initcheck | synccheck | accuracy | java | bench | model) stages+=("$1") ;;
    *)
      echo "run.sh: '$1' is no stage; there are build, test, memcheck, racecheck, initcheck, synccheck, accuracy, java, bench and model" >&2
      exit 2
      ;;
  esac
  shift
done
out=$(realpath -m "$out")
[[ -z $bundle ]] || bundle=$(realpath -m "$bundle")
((${#stages[@]} > 0)) || stages=(build test memcheck racecheck initcheck synccheck accuracy java bench model)

run() {
  printf '+ %s\n' "$*" >&2
  [[ $dry ]] || "$@"
}

has() {
  command -v "$1" >/dev/null 2>&1
}

need() {
  [[ $dry ]] || has "$1" || { echo "run.sh: $2 needs $1" >&2; exit 2; }
}

# One line a step: stage, what, how it ended, seconds, revision, device.
note() {
  [[ $dry ]] && return
  mkdir -p "$out"
  printf '{"stage": "%s", "what": "%s", "status": %d, "seconds": %d, "revision": "%s", "device": "%s"}\n' "$1" "$2" "$3" "$4" \
    "$(git -C "$root" describe --always --dirty 2>/dev/null || echo unknown)" \
    "$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null | head -n 1 || echo unknown)" >>"$out/steps.jsonl"
}

# step STAGE WHAT SECONDS COMMAND...: runs it with a limit and notes its end; its status is the step's.
step() {
  local stage=$1 what=$2 limit=$3 started=$SECONDS status=0
  shift 3
  run timeout "$limit" "$@" || status=$?
  note "$stage" "$what" "$status" $((SECONDS - started))
  if ((status != 0)); then
    echo "run.sh: $stage, $what: FAILED with $status" >&2
    failed=1
  fi
}

export CUDA_MODULE_LOADING=EAGER  # nothing is loaded while a graph is captured
failed=
for stage in "${stages[@]}"; do
  case $stage in
    build)
      need nvcc build
      need cmake build
      # A Hopper by its name: its own instructions are in no code that "native" would have to guess.
      architectures=native
      [[ $(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -n 1) != 9.0 ]] || architectures=90a-real
      step build configure 100 cmake -S "$root/native" -B "$build" -DGRADMIMIC_TESTS=ON -DGRADMIMIC_CUDA=ON -DGRADMIMIC_CUDA_ARCHITECTURES="$architectures"
      step build compile 490 cmake --build "$build" --parallel "$(nproc)" --target gradmimic cuda_test
      ;;
    test)
      # ctest calls a test without a device skipped; here that is a failure: status 77.
      step test cuda_test 520 "$build/test/cuda_test"
      step test cuda_spills 60 ctest --test-dir "$build" -R cuda_spills --output-on-failure
      ;;
    memcheck | racecheck | initcheck | synccheck)
      need compute-sanitizer "$stage"
      step "$stage" cuda_test 580 compute-sanitizer --tool "$stage" --error-exitcode 9 "$build/test/cuda_test"
      ;;
    java)
      if [[ ! -x $bundle/jre/bin/java && ! ( $dry && $bundle ) ]]; then
        echo "run.sh: java: skipped, there is no jre/bin/java in ${bundle:-what --bundle would name}" >&2
        continue
      fi
      java=("$bundle/jre/bin/java" -Xmx4g -Djava.awt.headless=true)
      step java doctor 120 "${java[@]}" -cp "$bundle/lib/*" org.gradmimic.cli.Main doctor
      # Without a device these tests are skipped; here that is a failure.
      step java tests 450 "${java[@]}" -Dgradmimic.gpu=required -cp "$bundle/test-classes:$bundle/lib/*" \
        org.junit.platform.console.ConsoleLauncher execute --scan-classpath "$bundle/test-classes" --include-tag gpu \
        --fail-if-no-tests --details tree --disable-banner
      ;;
    accuracy)
      need python3 accuracy
      step accuracy accuracy.py 560 python3 "$root/bench/gpu/accuracy.py" --library "$build/libgradmimic.so" --out "$out/accuracy.json"
      ;;
    bench)
      need python3 bench
      step bench bench.py 560 python3 "$root/bench/gpu/bench.py" --library "$build/libgradmimic.so" --out "$out/bench.json"
      ;;
    model)
      if [[ ! -x $bundle/jre/bin/java && ! ( $dry && $bundle ) ]]; then
        echo "run.sh: model: skipped, there is no jre/bin/java in ${bundle:-what --bundle would name}" >&2
        continue
      fi
      # Its peers lie where this file does.
      step model Bench 580 env -C "$root" LD_LIBRARY_PATH="$bundle/natives${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" \
        "$bundle/jre/bin/java" -Xmx4g -Dorg.bytedeco.javacpp.maxPhysicalBytes=0 -Dorg.bytedeco.javacpp.platform.extension=-gpu \
        -cp "$bundle/classpath-root:$bundle/lib/*" \
        org.gradmimic.bench.Bench "${model[@]}" --out "$out" model-step
      ;;
  esac
done
[[ -z $failed ]]
