#!/usr/bin/env bash
# From shards to scores and back, with 20,000 and 200,000 pairs; to bench/results/shards-score.json.
#
#   bench/shards/run.sh CIFAR10_JPEG.tar.gz WORK
#
# WORK is a new folder; it takes 0.3 GB. PYTHON names a Python with numpy, pyarrow, duckdb, torch and open_clip. ./gradmimic build
# comes before.
set -euo pipefail

root=$(dirname "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")")
tool() { "${PYTHON:-python3}" "$root/bench/shards/shards.py" "$@"; }
mkdir "$2"
tool make --cifar "$1" --out "$2/shards"
tool make --cifar "$1" --out "$2/once" --uids parquet
tool repeat --shards "$2/once" --out "$2/more"
tool model --out "$2/clip"
tool run --work "$2" --out "$root/bench/results/shards-score.json"
