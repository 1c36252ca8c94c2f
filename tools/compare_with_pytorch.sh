#!/usr/bin/env bash
# Our training step and PyTorch's side by side: fresh processes in turn (A B A B …), the same threads, volumes, weights.
#   tools/compare_with_pytorch.sh [CASE ...]       cases: full2 full8 full32 small epoch; all by default
#   PAIRS=5 tools/compare_with_pytorch.sh small    pairs a case (default 5; full32 and epoch take one step a run)
# PyTorch runs in the better of its layouts (default, channels_last), tried first; CORTEXGRAD_PYTHON names a Python that
# has it, else the pinned build of tools/pytorch_requirements.txt is installed into build/pytorch.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools/build.sh benchmark
python=${CORTEXGRAD_PYTHON:-build/pytorch/bin/python}
if [ ! -x "$(command -v "$python")" ]; then
  python3 -m venv build/pytorch
  build/pytorch/bin/pip install --quiet --require-hashes -r tools/pytorch_requirements.txt
fi
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$(nproc)}
[ $# -gt 0 ] && cases=("$@") || cases=(full2 full8 full32 small epoch)

arguments() {
  case $1 in
    full2) echo "step --size 91 109 91 --batch 2 --steps 7 --warmup 2" ;;
    full8) echo "step --size 91 109 91 --batch 8 --steps 3 --warmup 1" ;;
    full32) echo "step --size 91 109 91 --batch 32 --steps 1 --warmup 0" ;;
    small) echo "step --size 46 55 46 --batch 16 --steps 7 --warmup 2" ;;
    epoch) echo "epoch --size 46 55 46 --batch 32 --subjects 248 --steps 1 --warmup 0" ;;
    *) echo "unknown case $1: full2 full8 full32 small epoch" >&2; exit 2 ;;
  esac
}
torch() { "$python" tools/benchmark_pytorch.py $1 --precision "$2" --layout "$3" --json; }
fastest() { python3 -c 'import json, sys; print(json.loads(sys.stdin.read())["seconds_min"])'; }

grep -m1 'model name' /proc/cpuinfo || true
echo "instruction sets: $(grep -m1 flags /proc/cpuinfo | tr ' ' '\n' | grep -E 'avx512f|avx512_bf16|amx_bf16' | tr '\n' ' ')"
echo "threads $OMP_NUM_THREADS, load $(cut -d' ' -f1-3 /proc/loadavg), PyTorch $("$python" -c 'import torch; print(torch.__version__)')"
results=$(mktemp)
trap 'rm -f "$results"' EXIT
for name in "${cases[@]}"; do
  settings=$(arguments "$name")
  pairs=${PAIRS:-5}; case $name in full32 | epoch) pairs=${PAIRS:-1} ;; esac
  for precision in float32 bfloat16; do
    layout=default
    trial="${settings%--steps*}--steps 2 --warmup 1"
    if [ "$name" != full32 ] && [ "$name" != epoch ]; then
      plain=$(torch "$trial" $precision default | fastest)
      last=$(torch "$trial" $precision channels_last | fastest)
      python3 -c "import sys; sys.exit(not $last < $plain)" && layout=channels_last
    else
      [ $precision = bfloat16 ] && layout=channels_last
    fi
    for pair in $(seq "$pairs"); do
      ours=$(build/release/bin/benchmark $settings --precision $precision --json)
      theirs=$(torch "$settings" $precision $layout)
      echo "{\"case\": \"$name $precision\", \"pair\": $pair, \"ours\": $ours, \"pytorch\": $theirs}" >>"$results"
    done
  done
done
python3 tools/ratios.py <"$results"
