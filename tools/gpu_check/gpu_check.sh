#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs all checks that need a GPU in one command, also on a machine without our libraries and without a network.
#   tools/gpu_check/gpu_check.sh bundle [FOLDER]  builds, and packs what that machine needs (default: .bundle; ≤ 64 MiB)
#       --build FOLDER    packs this build instead
#   FOLDER/gpu_check.sh run [STAGE ...]        on that machine, from the bundle; or here, from this repository
#       stages: tests sanitizer benchmark-bfloat16 benchmark-float32 memory profile main-job table-3; benchmark; all
#       --out FOLDER      STAGE.json and STAGE.txt, summary.json and summary.md (default: gpu-results)
#       --seconds N       limit for each stage (default 540)        --rehearse   tiny sizes on the CPU
#       --without STAGE ...    leaves stages out
#   FOLDER/gpu_check.sh run lease              if the machine is there for a few minutes; then run lease-2 --table FILE
#       stages: card parity sweep step kernels rival determinism memory-bfloat16 memcheck; rival-compiled
#       --deadline N      seconds for all stages together (default 370; of lease-2 300)
#       --out FOLDER      summary.txt, results.tar, engines.txt
#   FOLDER/gpu_check.sh summary FOLDER ... --out FOLDER     one summary of stages that ran in several commands
# Exit code: 0 all stages passed; 1 a stage failed; 3 no stage failed but a part could not run, and the reason is
# listed.
#
# The machine needs an NVIDIA driver for CUDA 13, glibc 2.36 or newer, and a Python with PyTorch (CORTEXGRAD_PYTHON,
# default python3). cuDNN 9 and cuBLAS 13 are not in the bundle: they come from PyTorch's pip packages
# (site-packages/nvidia/*/lib, put on our programs' LD_LIBRARY_PATH by gpu_job.py) or from the loader's path.
# CG_GPU_ARCHITECTURES: the architectures to compile for (default 80-real;90-real;90-virtual).
# CG_XZ_LEVEL: how much the bundle is compressed (default 6; 0 is quick).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${CORTEXGRAD_PYTHON:-python3}
programs=(run_experiment benchmark profile_memory)
optional=(sweep_engines)  # packed if this version of the sources has them
most_bytes=$((64 * 1024 * 1024))
# These system libraries are on all machines; CUDA's are found as described above.
system='^(linux-vdso|ld-linux-x86-64|libc|libm|libpthread|libdl|librt|libresolv|libstdc\+\+|libgcc_s)\.so'
cuda='^lib(cudnn|cublas|cudart|cuda|nvrtc|nvidia)[A-Za-z_]*\.so'

stop() {
  echo "error: $*" >&2
  exit 2
}

# A program of the list `optional` that is a target is built and packed.
add_optional() {
  local name
  for name in "${optional[@]}"; do
    ! grep -q "^$name: phony\$" <<<"$1" || programs+=("$name")
  done
}

# "NAME PATH" of each library of the given programs; PATH is "not" if the library is missing.
libraries() {
  for program in "$@"; do ldd "$program"; done |
    awk '$2 == "=>" { print $1, $3 } $1 ~ /^\// { n = split($1, p, "/"); print p[n], $1 }' | sort -u
}

# Finds programs and tests of a build that is there.
use_build() {
  local name
  for name in "${programs[@]}" libcortexgrad_cuda.so; do
    [ -e "$build/bin/$name" ] || stop "$build has no bin/$name; build it, or leave --build out"
  done
  for name in "${optional[@]}"; do [ ! -x "$build/bin/$name" ] || programs+=("$name"); done
  mapfile -t tests < <(find "$build/tests" -maxdepth 1 -name '*cuda*_test' -printf '%f\n' | sort)
  [ ${#tests[@]} -gt 0 ] || stop "$build has no tests of the CUDA backend"
}

build() {
  tools/install_dependencies.sh
  if [ ! -f build/gpu/build.ninja ]; then
    local architectures=${CG_GPU_ARCHITECTURES:-80-real;90-real;90-virtual}
    cmake --preset cuda -B build/gpu -Wno-dev "-DCMAKE_CUDA_ARCHITECTURES=$architectures" \
      >build/configure-gpu.log 2>&1 || { cat build/configure-gpu.log >&2; exit 2; }
  fi
  local targets
  targets=$(ninja -C build/gpu -t targets all)
  grep -q '^cortexgrad_cuda: phony$' <<<"$targets" ||
    stop "the CUDA backend is not built here: $(grep -h 'No CUDA backend' build/configure-gpu.log)"
  add_optional "$targets"
  mapfile -t tests < <(grep -v '^cmake_' <<<"$targets" |  # targets of CMake
    sed -n 's/^\([a-z0-9_.]*cuda[a-z0-9_.]*_test\): phony$/\1/p' | sort -u)
  echo "Building ${#programs[@]} programs and ${#tests[@]} tests; progress: build/build-gpu.log"
  ninja -C build/gpu cortexgrad_cuda "${programs[@]}" "${tests[@]}" >build/build-gpu.log 2>&1 ||
    { cat build/build-gpu.log >&2; exit 1; }
}

# Gives the bundle the layout of the repository, so that programs find their files.
lay_out() {
  local root=$1 name path
  mkdir -p "$root"/{build/release/bin,build/release/tests,lib,tests,tools/gpu_check,tools/benchmark}
  for name in "${programs[@]}" libcortexgrad_cuda.so; do
    strip -o "$root/build/release/bin/$name" "$build/bin/$name"
  done
  for name in "${tests[@]}"; do strip -o "$root/build/release/tests/$name" "$build/tests/$name"; done
  while read -r name path; do
    [[ $name =~ $system || $name =~ $cuda ]] && continue
    [ "$path" != not ] || stop "$name is not on this machine"
    strip -o "$root/lib/$name" "$(readlink -f "$path")"
  done < <(libraries "$root"/build/release/{bin,tests}/*)
  cp -r tests/golden "$root/tests/"
  mkdir "$root/experiments" && cp experiments/*.toml "$root/experiments/"
  cp tools/gpu_check/gpu_*.py tools/gpu_check/gpu_check.sh "$root/tools/gpu_check/"
  cp tools/benchmark/benchmark_pytorch*.py tools/benchmark/folded_stem.py "$root/tools/benchmark/"
  git rev-parse HEAD >"$root/COMMIT" 2>/dev/null || echo unknown >"$root/COMMIT"
}

# Checks that the bundle needs nothing of this machine except its C and C++ libraries and CUDA's.
require_complete() {
  local root=$1 name path bad=0
  while read -r name path; do
    [[ $name =~ $system || $name =~ $cuda || $path == "$root"/lib/* ]] && continue
    echo "error: the bundle needs $name, which it does not contain: it is $path" >&2
    bad=1
  done < <(export LD_LIBRARY_PATH="$root/lib"; libraries "$root"/build/release/{bin,tests}/* "$root"/lib/*)
  [ $bad = 0 ] || exit 1
}

bundle() {
  local folder=.bundle root size
  build=
  while [ $# -gt 0 ]; do
    case $1 in
      --build)
        [ $# -gt 1 ] || stop "--build needs a folder"
        build=$2
        shift
        ;;
      -*) stop "there is no option $1; run $0 help" ;;
      *) folder=$1 ;;
    esac
    shift
  done
  cd "$here/../.."
  folder=$(realpath -m "$folder")
  if [ -n "$build" ]; then
    use_build
  else
    build=build/gpu
    build
  fi
  root=$(mktemp -d)
  # shellcheck disable=SC2064
  trap "rm -rf '$root'" EXIT
  lay_out "$root"
  require_complete "$root"
  mkdir -p "$folder"
  tar -C "$root" -c . | xz -T0 "-${CG_XZ_LEVEL:-6}" >"$folder/bundle.tar.xz"
  cp tools/gpu_check/gpu_check.sh "$folder/"
  size=$(stat -c %s "$folder/bundle.tar.xz")
  echo "$folder: $((size / 1024)) KiB compressed, $(du -sk "$root" | cut -f1) KiB unpacked," \
    "commit $(cut -c1-12 "$root/COMMIT")"
  [ "$size" -le $most_bytes ] || stop "the bundle is larger than 64 MiB"
  echo "On the other machine: bash $(basename "$folder")/gpu_check.sh run --out RESULTS" \
    "(if it is there for a few minutes: run lease --out RESULTS)"
}

# The folder with the programs: an unpacked bundle, the bundle beside the script (after unpacking it), or the
# repository.
find_root() {
  if [ -f "$here/bundle.tar.xz" ]; then
    root=$here/unpacked
    if [ ! "$root/COMMIT" -nt "$here/bundle.tar.xz" ]; then
      rm -rf "$root" && mkdir "$root"
      # With Python, because the machine may not have xz.
      "$python" -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' \
        "$here/bundle.tar.xz" "$root"
      touch "$root/COMMIT"
    fi
  else
    root=$(dirname "$(dirname "$here")")
    [ -f "$root/COMMIT" ] || "$root/tools/build.sh" >&2
  fi
}

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
  bundle) bundle "$@" ;;
  run | summary)
    command -v "$python" >/dev/null || stop "there is no $python; name a Python with PyTorch in CORTEXGRAD_PYTHON"
    find_root
    script=gpu_check.py
    [ "$command" = run ] || script=gpu_summary.py
    PYTHONDONTWRITEBYTECODE=1 "$python" "$root/tools/gpu_check/$script" "$@"
    ;;
  help | -h | --help) sed -n '2,/^set /{/^set /d;/SPDX-/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" ;;
  *) stop "there is no command $command; choose bundle, run or summary" ;;
esac
