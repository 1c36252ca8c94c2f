# SPDX-License-Identifier: Apache-2.0
"""The summary of a GPU check that had a few minutes. Its first ten lines say what is right, what is wrong, what is
missing, how long a step takes and whether its bits repeat. Then the most expensive kernels beside their bounds."""

import gpu_determinism
import gpu_engines
import gpu_summary
from gpu_compare import SECOND
from gpu_job import FAILED, INCOMPLETE, PASSED

LONGEST, OF_ONE_STAGE = 600, 80  # characters of one of the ten lines, and in it of a stage's reason
CUT = " … (see below)"
UNKNOWN = "not measured"


def line(name, parts):
    """One of the ten lines, whatever the parts contain."""
    text = f"{name}: " + " ".join("; ".join(parts).split())
    return text if len(text) <= LONGEST else text[: LONGEST - len(CUT)] + CUT


def head(name, stages, time, commit, rehearsal):
    state = stages.get("card", {}).get("state") or "no card"
    parts = ["a REHEARSAL on the CPU with tiny sizes, which measures nothing"] if rehearsal else [state]
    return line(f"GPU check {name}", [f"{time}", f"commit {commit[:12]}", *parts])


def right(stages):
    found = []
    for name, stage in stages.items():
        if stage["status"] == PASSED:
            cases = sum(row["passed"] for row in stage.get("tests", []))
            found.append(f"{name} ({cases} test cases)" if cases else name)
    return line("right", found or ["nothing yet"])


def wrong(stages):
    found = [f"{name}: {', '.join(stage['reasons'])}" for name, stage in stages.items() if stage["status"] == FAILED]
    return line("wrong", found or ["nothing that ran"])


def missing(stages, left_out, waiting):
    found = []
    for name, stage in stages.items():
        if stage["status"] == INCOMPLETE:
            more = len(stage["reasons"]) - 1
            reason = " ".join(stage["reasons"][0].split())
            reason = reason if len(reason) <= OF_ONE_STAGE else f"{reason[:OF_ONE_STAGE]}…"
            found.append(f"{name}: {reason}" + (f" (and {more} more)" if more else ""))
    found += [f"{name}: left out with --without" for name in left_out]
    found += [f"not begun: {', '.join(waiting)}"] if waiting else []
    return line("missing", found or ["nothing"])


def our_step(stages):
    ways = stages.get("step", {}).get("steps", {})
    words = {"heuristics": "cuDNN's heuristics", "table": "the table of engines"}
    return line(
        "our step", [f"{1e3 * ways[way]['seconds_median']:.2f} ms with {words[way]}" for way in ways] or [UNKNOWN]
    )


def their_step(stages):
    for name in ("rival-compiled", "rival"):
        result = stages.get(name, {}).get("result")
        rows = [result[stem] for stem in ("plain", SECOND, "folded") if stem in result] if result else []
        if rows:
            return line(
                "PyTorch's step",
                [
                    f"{1e3 * row['seconds']:.2f} ms ({row['setting']}): ours is {row['times_faster']:.2f} times as "
                    f"fast [{row['range'][0]:.2f} {row['range'][1]:.2f}]"
                    for row in rows
                ],
            )
    return line("PyTorch's step", [UNKNOWN])


def same_bits(stages):
    return line("same bits", gpu_determinism.lines_of(stages.get("determinism", {})) or [UNKNOWN])


def engines(stages):
    rows = [row for row in stages.get("sweep", {}).get("problems", []) if "engine" in row]
    if not rows:
        return line("engines", [UNKNOWN])
    first, chosen = gpu_engines.in_a_step(rows)
    most = max(rows, key=lambda row: row["uses"] * (row["first_ms"] - row["ms"]))
    return line(
        "engines",
        [
            f"convolutions of a step: {first:.3f} ms by the heuristics, {chosen:.3f} ms chosen, {len(rows)} problems",
            f"most is gained in {gpu_engines.words_of(most)}",
        ],
    )


def memory(stages):
    parts = gpu_summary.memory_lines(stages.get("memory-bfloat16", {}))
    for name in ("rival-compiled", "rival"):
        row = (stages.get(name, {}).get("result") or {}).get("plain")
        if row and row["memory_ratio"]:
            parts.append(f"{row['memory_ratio']:.2f} of PyTorch's memory by NVML")
            break
    return line("memory", parts or [UNKNOWN])


def goals(stages):
    rows = {row["goal"]: row for stage in stages.values() for row in stage.get("goals", [])}
    words = [f"{row['goal']}: {row['found']:.2f}, {'met' if row['met'] else 'missed'}" for row in rows.values()]
    return line("goals", words or [UNKNOWN])


def kernel_lines(stages):
    """The ten most expensive kernels beside their bounds, and the ten most expensive layers."""
    kernels = stages.get("kernels", {}).get("kernels", [])
    total = sum(kernel["seconds"] for kernel in kernels)
    out = [f"The ten most expensive kernels of a step, of {len(kernels)} that take {1e3 * total:.2f} ms"]
    out += ["      ms    bound  share  calls      GB/s  kernel"]
    for kernel in kernels[:10]:
        rate = (kernel["read"] + kernel["written"]) / max(kernel["seconds"], 1e-9) / 1e9
        bound = kernel.get("bound_seconds")
        beside = (
            f"{1e3 * bound:8.3f} {100 * bound / max(kernel['seconds'], 1e-9):5.0f}%"
            if bound is not None
            else "       ?      ?"
        )
        by = f" [{kernel['bound_by']}]" if "bound_by" in kernel else ""
        out.append(
            f"{1e3 * kernel['seconds']:8.3f} {beside} {kernel['calls']:6.0f} {rate:9.0f}  {kernel['kernel'][:100]}{by}"
        )
    out += [] if kernels else [f"  {UNKNOWN}"]
    layers = stages.get("step", {}).get("layers_bfloat16", [])
    out += ["", "The ten most expensive layers, kernel by kernel", "      ms    bound  layer"]
    for row in layers[:10]:
        bound = f"{row['bound_milliseconds']:8.3f}" if "bound_milliseconds" in row else "       ?"
        out.append(f"{row['milliseconds']:8.3f} {bound}  {row['layer']} ({row['op']}), {row['direction']}")
    return out + ([] if layers else [f"  {UNKNOWN}"])


def stage_lines(stages):
    """Every stage with its result, its figures (except those above) and its reasons."""
    out = []
    for name, stage in stages.items():
        out += ["", f"== {name}: {stage['status']}, {stage.get('seconds', '?')} s"]
        if name not in ("kernels", "step"):
            out += [f"  {words}" for words in gpu_summary.lines_of(name, stage)]
        out += [f"  {'wrong' if stage['status'] == FAILED else 'missing'}: {reason}" for reason in stage["reasons"]]
    return out


def text_of(name, stages, left_out, waiting, time, commit, rehearsal):
    """The whole summary. `waiting`: stages that have not begun."""
    first_ten = [
        head(name, stages, time, commit, rehearsal),
        right(stages),
        wrong(stages),
        missing(stages, left_out, waiting),
        our_step(stages),
        their_step(stages),
        same_bits(stages),
        engines(stages),
        memory(stages),
        goals(stages),
    ]
    versions = next((stage["libraries"] for stage in stages.values() if stage.get("libraries")), {})
    libraries = ", ".join(f"{name} {version}" for name, version in versions.items()) or "none found by pip"
    return (
        "\n".join([*first_ten, "", *kernel_lines(stages), *stage_lines(stages), "", f"Libraries: {libraries}"]) + "\n"
    )
