#!/usr/bin/env bash
# Builds what the benchmarks need and runs them.
#
#   bench/run.sh [--quick] [--out DIR] [STAGE ...]   ratios from interleaved rounds, to DIR (bench/results)
#   bench/run.sh --one-thread [...]                  the same on one thread, in its processor time: for a
#                                                    machine that others use too (bench/results/one-thread)
#   bench/run.sh --default-malloc [...]              the same with malloc as it comes (bench/results/default-malloc)
#   bench/run.sh --busy [...]                        keeps every round, however busy others are (bench/neighbours.py)
#   bench/run.sh jmh [ARGUMENT ...]                  JMH itself; arguments are JMH's own
#
# Stages: probe-step, backbone-step, per-sample-gradient, model-step, score-rows; all where none is named.
# GRADMIMIC_BENCH_PYTHON is a python with torch, for the peers of model-step (python3; skipped where it has none).
# GRADMIMIC_JAVA_OPTS holds further options for java.
set -euo pipefail

root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
cd "$root"
mvn -B -q -ntp -DskipTests -pl bench -am package >&2

# LibTorch is what everything is compared with, so it gets the best this machine has: OpenBLAS chooses its
# kernels itself, and malloc keeps freed memory instead of returning it to the system, which would cost
# LibTorch's step with a large head more than its arithmetic (Grad-Mimic's buffers are kept anyway).
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE MALLOC_TRIM_THRESHOLD_ MALLOC_MMAP_THRESHOLD_
keeping=(env MALLOC_TRIM_THRESHOLD_=4294967296 MALLOC_MMAP_THRESHOLD_=4294967296)
main=org.gradmimic.bench.Bench
command="bench/run.sh $*"
more=()
case ${1-} in
  jmh)
    shift
    main=org.openjdk.jmh.Main
    ;;
  --one-thread)
    shift
    export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
    more=(--thread-clock --out bench/results/one-thread)
    ;;
  --default-malloc)
    shift
    keeping=()
    more=(--out bench/results/default-malloc)
    ;;
esac
read -r -a options <<<"${GRADMIMIC_JAVA_OPTS-}"
# Folders before jars: JavaCPP then loads the native library that was just built, not one it unpacked once.
classes=bench/target/classes$(printf ':%s' java/*/target/classes)
# JavaCPP would otherwise ask the system for the process's size at every new tensor (docs/layers.md).
java=("${JAVA_HOME:+$JAVA_HOME/bin/}java" -Dorg.bytedeco.javacpp.maxPhysicalBytes=0 "-Dgradmimic.bench.command=$command" ${options[@]+"${options[@]}"}
  -cp "$classes:bench/target/lib/*" "$main" ${more[@]+"${more[@]}"})
exec ${keeping[@]+"${keeping[@]}"} "${java[@]}" "$@"
