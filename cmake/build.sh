#!/bin/sh
# build.sh configure|build PRESET: configures or builds native/build/PRESET (native/CMakePresets.json).
#
# A folder that was configured somewhere else, because the checkout was moved or copied, is begun anew: CMake
# would refuse it.
set -eu

source=$(cd "$(dirname "$0")/../native" && pwd -P)
build=$source/build/$2
case $1 in
  configure)
    cache=$build/CMakeCache.txt
    if [ -f "$cache" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$source" "$cache"; then
      echo "build.sh: $build was configured in another place; it is begun anew"
      rm -rf "$build"
    fi
    exec cmake -S "$source" --preset "$2" -Wno-dev --log-level=NOTICE
    ;;
  build)
    # A number of jobs: without one make starts all of them at once.
    exec cmake --build "$build" --parallel "$(nproc)"
    ;;
  *)
    echo "build.sh: configure or build, not $1" >&2
    exit 2
    ;;
esac
