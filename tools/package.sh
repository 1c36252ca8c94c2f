#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the programs for other machines than this one, any x86-64 with AVX2, and packs them as a .deb.
#   tools/package.sh                about 10 minutes on two cores the first time
#   tools/package.sh --arch NAME    for another processor: a name that the compiler's -march= knows, such as x86-64-v4
# It prints the path of the package. Examples:
#   tools/package.sh
#   tools/package.sh --arch x86-64-v4
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/script.sh"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
arch=x86-64-v3
while [ $# -gt 0 ]; do
  case $1 in
    --arch)
      [ $# -gt 1 ] || wrong_command '--arch: expected one value'
      arch=$2
      shift 2
      ;;
    *) unknown_word "$1" --arch ;;
  esac
done
tools/install_dependencies.sh
command -v dpkg-shlibdeps >/dev/null || script_error 2 'dpkg-shlibdeps is missing. Install the package dpkg-dev.'
# A package has no CUDA backend.
cmake --preset package "-DCG_ARCH=$arch" -DCMAKE_DISABLE_FIND_PACKAGE_CUDAToolkit=ON -Wno-dev >build/package.log 2>&1 || { cat build/package.log >&2; exit 2; }
echo "Building; progress: build/package.log" >&2
ninja -C build/package programs >>build/package.log 2>&1 || { tail -40 build/package.log >&2; exit 1; }
cd build/package
cpack >>../package.log 2>&1 || { tail -40 ../package.log >&2; exit 1; }
echo "$PWD/$(ls -t cortexgrad_*.deb | head -1)"
