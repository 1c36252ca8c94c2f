#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compares our training step with PyTorch's: new processes in turn (A B A B …), the same threads, volumes, weights.
#   tools/benchmark/compare_with_pytorch.sh [CASE ...]       cases: full2 full8 full32 small epoch; all by default
#   PAIRS=5 tools/benchmark/compare_with_pytorch.sh small    pairs per case (default 5; full32 and epoch 1)
#       full32 runs one step per process, epoch runs one epoch after one for the warm-up
#   PRECISIONS=float32 tools/benchmark/compare_with_pytorch.sh full2    default "float32 bfloat16"
# PyTorch runs in its fastest setting of default layout, channels_last, and channels_last with torch.compile. They are
# tried first, for full32 at batch 2 and for epoch with one step. CORTEXGRAD_PYTHON names a Python with PyTorch;
# otherwise the pinned build of tools/benchmark/pytorch_requirements.txt is installed into build/pytorch.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../script.sh"
for word in "$@"; do
  case $word in
    full2 | full8 | full32 | small | epoch) ;;
    *) unknown_word "$word" --help ;;
  esac
done
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
tools/build.sh benchmark
python=${CORTEXGRAD_PYTHON:-build/pytorch/bin/python}
if [ ! -x "$(command -v "$python")" ]; then
  python3 -m venv build/pytorch
  build/pytorch/bin/pip install --quiet --require-hashes -r tools/benchmark/pytorch_requirements.txt
fi
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$(nproc)}
export TORCHINDUCTOR_CACHE_DIR=$PWD/build/pytorch-compiled  # so that only the first of many processes compiles
[ $# -gt 0 ] && cases=("$@") || cases=(full2 full8 full32 small epoch)

arguments() {
  case $1 in
    full2) echo "step --size 91 109 91 --batch 2 --steps 7 --warmup 2" ;;
    full8) echo "step --size 91 109 91 --batch 8 --steps 3 --warmup 1" ;;
    full32) echo "step --size 91 109 91 --batch 32 --steps 1 --warmup 0" ;;
    small) echo "step --size 46 55 46 --batch 16 --steps 7 --warmup 2" ;;
    epoch) echo "epoch --size 46 55 46 --batch 32 --subjects 248 --steps 1 --warmup 1" ;;
  esac
}
torch() { "$python" tools/benchmark/benchmark_pytorch.py $1 --precision "$2" --layout $3 --json; }
seconds() { python3 -c 'import json, sys; print(json.loads(sys.stdin.read())["seconds_min"])'; }
# The fastest of PyTorch's settings for a case and a precision.
fastest() {
  case $1 in full32) trial=$(arguments full2) ;; epoch) trial=$(arguments small) ;; *) trial=$(arguments "$1") ;; esac
  for setting in default channels_last "channels_last --compile"; do
    took=$(torch "${trial%--steps*}--steps 2 --warmup 1" "$2" "$setting" | seconds) || {
      echo "trial: PyTorch, $1, $2, $setting: failed, skipped" >&2
      continue
    }
    echo "trial: PyTorch, $1, $2, $setting: $took s" >&2
    echo "$took $setting"
  done | sort -g | head -n 1 | cut -d' ' -f2-
}

grep -m1 'model name' /proc/cpuinfo || true
echo "instruction sets: $(grep -m1 flags /proc/cpuinfo | tr ' ' '\n' | grep -E 'avx512f|avx512_bf16|amx_bf16' | tr '\n' ' ')"
echo "threads $OMP_NUM_THREADS, load $(cut -d' ' -f1-3 /proc/loadavg), PyTorch $("$python" -c 'import torch; print(torch.__version__)')"
results=$(mktemp)
trap 'rm -f "$results"' EXIT
for name in "${cases[@]}"; do
  settings=$(arguments "$name")
  pairs=${PAIRS:-5}; case $name in full32 | epoch) pairs=${PAIRS:-1} ;; esac
  for precision in ${PRECISIONS:-float32 bfloat16}; do
    setting=$(fastest "$name" "$precision")
    [ -n "$setting" ] || { echo "PyTorch did not run in any of its settings" >&2; exit 1; }
    for pair in $(seq "$pairs"); do
      ours=$(build/release/bin/benchmark $settings --precision $precision --json)
      theirs=$(torch "$settings" "$precision" "$setting")
      echo "{\"case\": \"$name $precision\", \"pair\": $pair, \"ours\": $ours, \"pytorch\": $theirs}" >>"$results"
    done
  done
done
python3 tools/benchmark/ratios.py <"$results"
