#!/usr/bin/env bash
# gradmimic's filter beside scikit-learn's and Snorkel's, on the same data; to bench/results/filter-peers.json.
#
#   bench/peers/filter.sh [--samples N] [--rounds N]
#
# PYTHON names a Python with scikit-learn, and with Snorkel if it is to be measured too.
set -euo pipefail

root=$(dirname "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")")
cd "$root"
mvn -B -q -ntp -DskipTests -pl java/select -am package >&2
# NumPy and its BLAS choose their kernels themselves.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
revision=$(git rev-parse --short=12 HEAD)$(git diff --quiet HEAD -- java bench/peers || echo -modified)
"${PYTHON:-python3}" bench/peers/filter_peers.py --class-path java/select/target/classes:java/io/target/classes:java/base/target/classes --revision "$revision" \
  --out bench/results/filter-peers.json "$@"
