#!/usr/bin/env bash
# Makes what first_run.sh takes along to a GPU: prebuilt, stripped libraries and the tests, for Hopper (90a-real).
#
#   bench/gpu/pack.sh [--rehearse] [OUT]          OUT: bench/gpu/pack, which git ignores
#
# libgradmimic.so; libgradmimic_old.so, of the revision before the loader of ghost_dot's wgmma form was written anew (left
# out by name where git does not have it); libgradmimic_without_copies.so, whose loader only arrives, for what the tensor cores
# do alone; cuda_test; libgomp. --rehearse packs the tests' emulator in their place, for a machine without a GPU.
set -euo pipefail

root=$(dirname "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")")
old_revision=9176108
rehearse=
if [[ ${1-} == --rehearse ]]; then rehearse=1; shift; fi
out=$(realpath -m "${1:-$root/bench/gpu/pack}")
mkdir -p "$out"
rm -f "$out"/*

# build SOURCE FOLDER TARGET OPTION...
build() {
  local source=$1 folder=$2 target=$3
  shift 3
  cmake -S "$source" -B "$folder" -DCMAKE_BUILD_TYPE=Release -Wno-dev --log-level=WARNING "$@"
  # shellcheck disable=SC2086  # several targets
  cmake --build "$folder" --parallel "$(nproc)" --target $target
}

if [[ $rehearse ]]; then
  build "$root/native" "$root/native/build-pack-emulated" "gradmimic_emulated emulated_cuda_test" -DGRADMIMIC_TESTS=ON -DGRADMIMIC_CUDA=OFF
  for name in libgradmimic libgradmimic_old libgradmimic_without_copies; do cp "$root/native/build-pack-emulated/test/libgradmimic_emulated.so" "$out/$name.so"; done
  cp "$root/native/build-pack-emulated/test/emulated_cuda_test" "$out/cuda_test"
else
  cuda=(-DGRADMIMIC_CUDA=ON -DGRADMIMIC_CUDA_ARCHITECTURES=90a-real)
  build "$root/native" "$root/native/build-pack" "gradmimic cuda_test" "${cuda[@]}" -DGRADMIMIC_TESTS=ON
  cp "$(find "$root/native/build-pack" -name libgradmimic.so | head -n 1)" "$(find "$root/native/build-pack" -name cuda_test -type f | head -n 1)" "$out/"
  build "$root/native" "$root/native/build-pack-without" gradmimic "${cuda[@]}" -DGRADMIMIC_TESTS=OFF -DCMAKE_CUDA_FLAGS=-DGM_WITHOUT_COPIES
  cp "$(find "$root/native/build-pack-without" -name libgradmimic.so | head -n 1)" "$out/libgradmimic_without_copies.so"
  if git -C "$root" cat-file -e "$old_revision^{commit}" 2>/dev/null; then
    mkdir -p "$root/native/build-pack-old/source"
    git -C "$root" archive "$old_revision" native cmake | tar -x -C "$root/native/build-pack-old/source"
    build "$root/native/build-pack-old/source/native" "$root/native/build-pack-old/build" gradmimic "${cuda[@]}" -DGRADMIMIC_TESTS=OFF
    cp "$root/native/build-pack-old/build/libgradmimic.so" "$out/libgradmimic_old.so"
  else
    echo "pack.sh: no libgradmimic_old.so: git does not have $old_revision" >&2
  fi
fi
cp -L "$("${CXX:-c++}" -print-file-name=libgomp.so.1)" "$out/"
strip "$out"/*.so* "$out/cuda_test"
git -C "$root" describe --always --dirty >"$out/revision"
bytes=$(du -sb "$out" | cut -f 1)
printf '%s: %d bytes\n' "$out" "$bytes"
if ((bytes > 40000000)); then
  echo "pack.sh: more than 40 MB" >&2
  exit 1
fi
