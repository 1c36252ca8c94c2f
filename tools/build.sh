#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs missing packages and builds the release preset. Prints nothing and is quick if there is nothing to do.
#   tools/build.sh [TARGET ...]     all targets by default: about 18 minutes on two cores the first time
#   tools/build.sh programs         what `cmake --install build/release --prefix FOLDER` installs
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/script.sh"
for word in "$@"; do
  [[ $word != -* ]] || unknown_word "$word" --help
done
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ -e build/release/bin ] && [ ! -w build/release ]; then  # built by another user, who alone can build it again
  for target in "${@:-run_experiment}"; do
    [ -x "build/release/bin/$target" ] || {
      script_error 8 "$PWD: $target is not built, and you cannot write there. Ask the owner to run tools/build.sh."
    }
  done
  exit 0
fi
tools/install_dependencies.sh
if [ ! -f build/release/build.ninja ]; then
  echo "First build: a few minutes for run_experiment, about 18 minutes for everything, on two cores" >&2
  cmake --preset release -Wno-dev >build/configure.log 2>&1 || { cat build/configure.log >&2; exit 2; }
  ln -sf build/release/compile_commands.json compile_commands.json
fi
# A reader at the other end of descriptor 3 speaks if the build takes longer than a second.
exec 3> >(read -r -t 1 || [ $? -le 128 ] || echo "Building; progress: build/build.log" >&2)
# The log hides ninja's line "no work to do".
ninja -C build/release "$@" >build/build.log 2>&1 3>&- || { cat build/build.log >&2; exit 1; }
