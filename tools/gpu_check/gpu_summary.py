# SPDX-License-Identifier: Apache-2.0
"""The results of a GPU check in one table and one JSON file, from the files of the stages.

    gpu_summary.py FOLDER [FOLDER ...] --out FOLDER      of several runs; the last folder's stage counts

Exit code: 0 all stages passed; 1 a stage failed; 3 no stage failed but a part could not run.
"""

import argparse
import json
import sys
from pathlib import Path

import gpu_determinism
import gpu_engines
from gpu_compare import SECOND
from gpu_job import FAILED, INCOMPLETE, PASSED

ORDER = ["tests", "sanitizer", "benchmark-bfloat16", "benchmark-float32", "memory", "profile", "main-job", "table-3"]
# The stages of the groups for a few minutes (gpu_lease.py): listed only if they ran.
MORE = "card parity sweep step kernels rival rival-compiled determinism memory-bfloat16 memcheck".split()


def read(folders):
    stages = {}
    for folder in folders:
        for name in ORDER + MORE:
            file = Path(folder) / f"{name}.json"
            if file.exists():
                stages[name] = json.loads(file.read_text())
    return stages


def benchmark_lines(stage):
    result = stage.get("result")
    if not result:
        return []
    lines = [f"ours {1e3 * result['ours_seconds']:.2f} ms per step with batch {stage['batch']}"]
    for stem, what in (("plain", "PyTorch"), (SECOND, "PyTorch"), ("folded", "PyTorch with our stem")):
        if stem in result:
            row = result[stem]
            memory = f", {row['memory_ratio']:.2f} of its memory by NVML" if row["memory_ratio"] else ""
            memory += f", {row['allocated_ratio']:.2f} of its allocated memory" if row.get("allocated_ratio") else ""
            lines.append(
                f"{what} {1e3 * row['seconds']:.2f} ms ({row['setting']}): ours is {row['times_faster']:.2f} times "
                f"as fast [{row['range'][0]:.2f} {row['range'][1]:.2f}]{memory}; "
                f"first losses differ by {row['loss_difference']:.0e}"
            )
    return lines


def memory_lines(stage):
    lines = []
    for row in stage.get("memory", []):
        if "largest_batch" in row:
            lines.append(f"{row['precision']}: largest batch {row['largest_batch']}")
        else:
            off = ", ".join(f"{100 * part:+.1f} % by {who}" for who, part in row["off"].items())
            lines.append(
                f"{row['precision']}, batch {row['batch']}: planned {row['planned']['total'] / 1e6:.1f} MB, measured "
                f"{row['measured']['above_baseline'] / 1e6:.1f} MB; {off}"
            )
    return lines


def profile_lines(stage):
    lines = []
    for kernel in stage.get("kernels", [])[:10]:
        moved = kernel["read"] + kernel["written"]
        lines.append(
            f"{1e3 * kernel['seconds']:.3f} ms, {moved / 1e6:.1f} MB at {moved / kernel['seconds'] / 1e9:.0f} GB/s, "
            f"{kernel['calls']:.0f} calls: {kernel['kernel'][:100]}"
        )
    for row in stage.get("layers_bfloat16", [])[:10]:
        bound = (
            f", {100 * row['share_of_bound']:.0f} % of its bound by {row['bound_by']}"
            if row.get("share_of_bound")
            else ""
        )
        lines.append(
            f"{row['milliseconds']:.3f} ms {row['direction']} of {row['layer']} ({row['op']}), "
            f"{row['bytes'] / 1e6:.1f} MB, {row['operations'] / 1e9:.1f} GFLOP at least{bound}"
        )
    return lines


def sweep_lines(stage):
    return [gpu_engines.words_of(row) for row in stage.get("problems", []) if "engine" in row]


def lines_of(name, stage):
    if name.startswith(("benchmark", "rival")):
        return benchmark_lines(stage)
    if name.startswith("memory"):
        return memory_lines(stage)
    if name in ("profile", "kernels", "step"):
        return profile_lines(stage)
    if name == "sweep":
        return sweep_lines(stage)
    if name in ("tests", "parity"):
        rows = stage.get("tests", [])
        return [
            f"{sum(row['passed'] for row in rows)} cases passed, {sum(row['failed'] for row in rows)} failed, "
            f"{sum(len(row['skipped']) for row in rows)} skips, in {len(rows)} programs"
        ]
    if name in ("sanitizer", "memcheck"):
        return [
            f"{row['tool']} of {row['suite']}: "
            + (
                "not finished"
                if row["findings"] is None
                else ", ".join(f"{number} {who}" for who, number in row["findings"].items())
            )
            + "".join(f"; in a library: {words}" for words in row["library"][:3])
            for row in stage.get("runs", [])
        ]
    if name == "table-3":
        return [
            f"{row['loss']}: {row['seconds']:.1f} s, test {json.dumps(row['test'])}" for row in stage.get("runs", [])
        ]
    if name == "determinism":
        return gpu_determinism.lines_of(stage)
    if "wall_seconds" not in stage:
        return []
    split = [f"{seconds:.2f} s {what}" for what, seconds in stage["split"].items()]
    return [
        f"{stage['wall_seconds']:.2f} s in total, on {stage['device']}: {'; '.join(split)}",
        f"test: {json.dumps(stage['test'])}",
    ]


def text_of(stages):
    out = ["# A GPU check", ""]
    if any(stage.get("rehearsal") for stage in stages.values()):
        out += ["**A rehearsal on the CPU with tiny sizes: it tests the script and measures nothing.**", ""]
    out += ["| stage | result | seconds |", "| --- | --- | --- |"]
    out += [
        f"| {name} | {stages.get(name, {}).get('status', 'not run')} | {stages.get(name, {}).get('seconds', '')} |"
        for name in [*ORDER, *(name for name in MORE if name in stages)]
    ]
    for name in ORDER + MORE:
        if name not in stages:
            continue
        found = [f"- {line}" for line in lines_of(name, stages[name])]
        found += [
            f"- goal, {row['goal']}: {row['found']:.2f}, {'met' if row['met'] else 'missed'}"
            for row in stages[name].get("goals", [])
        ]
        found += [
            f"- {'' if stages[name]['status'] == FAILED else 'could not run: '}{reason}"
            for reason in stages[name]["reasons"]
        ]
        out += ["", f"## {name}", *found]
    versions = next(iter(stages.values()), {}).get("libraries", {})
    return (
        "\n".join(
            [
                *out,
                "",
                "Libraries: "
                + (", ".join(f"{name} {version}" for name, version in versions.items()) or "none found by pip"),
            ]
        )
        + "\n"
    )


def summarise(folders, out):
    """Writes summary.md and summary.json; prints the table; returns the exit code."""
    stages = read(folders)
    counts = {name: stages[name]["status"] if name in stages else "not run" for name in ORDER}
    ran = [stage["status"] for stage in stages.values()]
    code = 1 if FAILED in ran else 0 if ran and all(status == PASSED for status in ran) else 3
    text = text_of(stages)
    (Path(out) / "summary.md").write_text(text)
    (Path(out) / "summary.json").write_text(
        json.dumps(dict(exit_code=code, stages=counts, results=stages), indent=1) + "\n"
    )
    print("\n" + text, end="")
    print(
        f"{ran.count(PASSED)} stages passed, {ran.count(FAILED)} failed, "
        f"{ran.count(INCOMPLETE)} could not run completely; "
        f"{Path(out) / 'summary.md'}; exit code {code}"
    )
    return code


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--out", default=".")
    options = parser.parse_args()
    Path(options.out).mkdir(parents=True, exist_ok=True)
    sys.exit(summarise(options.folders, options.out))


if __name__ == "__main__":
    main()
