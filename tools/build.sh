#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs missing packages and builds the release preset. Prints nothing and is quick if there is nothing to do.
#   tools/build.sh [TARGET ...]     all targets by default
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools/install_dependencies.sh
if [ ! -f build/release/build.ninja ]; then
  cmake --preset release -Wno-dev >build/configure.log 2>&1 || { cat build/configure.log >&2; exit 2; }
  ln -sf build/release/compile_commands.json compile_commands.json
  echo "Building Cortexgrad for the first time, a few minutes on two cores; progress: build/build.log" >&2
fi
# Hides ninja's line "no work to do".
ninja -C build/release "$@" >build/build.log 2>&1 || { cat build/build.log >&2; exit 1; }
