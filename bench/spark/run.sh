#!/usr/bin/env bash
# How the cost of a filter on Spark grows with samples and executors; to bench/results/filter-spark.json.
#
#   bench/spark/run.sh [SAMPLES:EXECUTORS ...]
#
# Needs up to 100 bytes of disk a sample in TMPDIR while it runs.
set -euo pipefail

root=$(dirname "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")")
cd "$root"
mvn -B -q -ntp -DskipTests -pl java/spark -am package >&2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/home/jars"
tr ':' '\n' <java/spark/target/spark-jars.txt | xargs -I{} ln -sf {} "$work/home/jars/"

export SPARK_HOME=$work/home SPARK_SCALA_VERSION=2.13 SPARK_LOCAL_IP=127.0.0.1 SPARK_LOCAL_DIRS=$work/local
REVISION=$(git rev-parse --short=12 HEAD)$(git diff --quiet HEAD -- java bench/spark || echo -modified)
export REVISION
repository=$(tr ':' '\n' <java/spark/target/spark-jars.txt | sed -n 's#/org/apache/spark/spark-sql_.*##p')
duckdb=$(find "$repository/org/duckdb" -name 'duckdb_jdbc-*.jar' | sort | tail -n 1)
if (($# == 0)); then set -- 1000000:2 4000000:2 16000000:2 16000000:1; fi
"${JAVA_HOME:+$JAVA_HOME/bin/}java" -Xmx2g -cp "java/select/target/classes:java/io/target/classes:java/base/target/classes:$duckdb" \
  bench/spark/FilterSpark.java "$work/home" "$root/java/spark/target/gradmimic-spark-submit.jar" "$work" \
  bench/results/filter-spark.json "$@"
