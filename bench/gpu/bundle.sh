#!/usr/bin/env bash
# Packs what the Java side needs on a machine with a GPU that has no JDK, Maven or network: for run.sh --bundle.
#
#   bench/gpu/bundle.sh OUT
#
# OUT gets jre (a runtime), lib (gradmimic with its benchmarks and all they depend on, LibTorch for CUDA among it) and test-classes; about
# 700 MB. It takes a JDK, Maven and nvcc: the kernels are compiled here, for all of gradmimic's architectures. CUDA's
# own libraries are not packed; over there gradmimic finds those of the system or of Python's nvidia packages.
set -euo pipefail

root=$(dirname "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")")
(($# == 1)) || { echo "bundle.sh: it takes one argument, the folder to write" >&2; exit 2; }
out=$(realpath -m "$1")
if [[ -e $out && -n $(ls -A "$out" 2>/dev/null) ]]; then
  echo "bundle.sh: $out is there already" >&2
  exit 2
fi
for tool in mvn nvcc jlink; do
  command -v "$tool" >/dev/null 2>&1 || { echo "bundle.sh: needs $tool" >&2; exit 2; }
done
mkdir -p "$out"

cd "$root"
junit=$(sed -n 's:.*<junit.version>\(.*\)</junit.version>.*:\1:p' pom.xml)
mvn -B -ntp -q -Pcuda -Dnative.preset=cuda -DskipTests -pl java/cli,bench -am package \
  org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies \
  -DincludeScope=test -DoverWriteSnapshots=true -DoutputDirectory="$out/lib"
mvn -B -ntp -q org.apache.maven.plugins:maven-dependency-plugin:copy \
  -Dartifact="org.junit.platform:junit-platform-console-standalone:$junit" -DoutputDirectory="$out/lib"
cp java/cli/target/gradmimic-cli.jar bench/target/gradmimic-bench-*.jar "$out/lib"
# One LibTorch, the one for CUDA; and the console has JUnit in it.
rm -f "$out"/lib/pytorch-*-linux-x86_64.jar "$out"/lib/junit-jupiter*.jar "$out"/lib/junit-platform-{commons,engine}*.jar
mkdir "$out/test-classes"
for module in kernel core models train; do cp -r "java/$module/target/test-classes/." "$out/test-classes"; done
jlink --add-modules java.base,java.logging,java.sql,java.desktop,java.management,java.naming,java.net.http,jdk.unsupported,jdk.management \
  --strip-debug --no-header-files --no-man-pages --output "$out/jre"
du -sh "$out"
