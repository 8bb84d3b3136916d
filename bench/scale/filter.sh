#!/usr/bin/env bash
# Time and peak memory of gradmimic filter from a large Parquet score log to a subset file, for each number of samples;
# to bench/results/filter-scale.json.
#
#   bench/scale/filter.sh --work DIR [--generate-only] [--threads N] [--heap 1g] SAMPLES ...
#
# DIR keeps the generated logs: about 75 bytes a sample for 5 epochs, 16 for the uids, and 20 while it runs.
set -euo pipefail

root=$(dirname "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")")
cd "$root"
mvn -B -q -ntp -DskipTests -Dmaven.test.skip=true -pl java/cli -am package >&2
CLASS_PATH=java/cli/target/gradmimic-cli.jar:java/cli/target/lib/*
REVISION=$(git rev-parse --short=12 HEAD)$(git diff --quiet HEAD -- java bench/scale || echo -modified)
export CLASS_PATH REVISION
exec python3 bench/scale/filter_scale.py "$@"
