# SPDX-License-Identifier: Apache-2.0
"""GPU checks for a machine that is there for a few minutes: `gpu_check.sh run lease`, and then `run lease-2`. The
stages share one deadline, the most important ones are first, and everything that is known is on disk at any moment.

Read next: gpu_pack.py (what comes back), gpu_headline.py (its first lines), and the files of the stages.
"""

import shutil
import subprocess
import tempfile
import time
import traceback
from pathlib import Path

import gpu_compare
import gpu_determinism
import gpu_engines
import gpu_headline
import gpu_measure
import gpu_pack
import gpu_sanitizer
import gpu_tests
from gpu_job import ENGINE_TABLE, FAILED, INCOMPLETE, PASSED

WITH_TABLE = "lease-2"  # the group that needs the sweep's table
# Of running, for all stages together. Both, and the start of a machine, fit into 15 minutes.
SECONDS = {"lease": 370, WITH_TABLE: 300}
LEAST = 3  # seconds; a stage that has less does not begin


def card(job):
    """The card's state, its properties as cuDNN needs them, its rates, and cuDNN's plans before any of them runs."""
    reasons, out = [], {}
    query = (
        "name,driver_version,memory.total,memory.used,clocks.sm,clocks.mem,clocks.max.sm,power.limit,temperature.gpu"
    )
    if not job.rehearse:
        state = job.run(["nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader"], 20, ours=False)
        out["state"] = state.stdout.strip()
        reasons += [] if state.code == 0 else [f"nvidia-smi: {state.why()}"]
    plan, why = gpu_measure.memory_of(job, "bfloat16", 4 if job.rehearse else 32, [] if job.rehearse else ["--plans"])
    if not plan:
        return dict(status=FAILED, reasons=[f"the plan of a step: {why}", *reasons], **out)
    out.update({key: plan.get(key) for key in ("planned", "device_properties", "convolution_plans")})
    job.keep(**out)
    if not job.rehearse:
        out["limits"], why = gpu_measure.limits_of(job)
        job.known["limits"] = out["limits"]
        reasons += [why] if why else []
    job.say(f"  {out.get('state') or 'no card: a rehearsal on the CPU'}")
    return dict(status=INCOMPLETE if reasons else PASSED, reasons=reasons, **out)


def losses_differ(steps):
    """What is wrong with the first loss of a step with the table's engines."""
    if len(steps) < 2:
        return []
    first, other = (steps[name]["loss"] for name in ("heuristics", "table"))
    off = abs(other - first) / max(abs(first), 1e-12)
    most = gpu_compare.MOST_LOSS_DIFFERENCE["bfloat16"]
    return [] if off <= most else [f"the first loss differs by {off:.1e} (relative) with the engines of the table"]


def step(job):
    """Our step with CUDA graphs: with the engines of cuDNN's heuristics, and with those of the table; then by layer."""
    result, failed, missing = {}, [], []
    table = job.known.get("table")
    ways = [("heuristics", {ENGINE_TABLE: ""}), *([("table", {ENGINE_TABLE: table})] if table else [])]
    for name, environment in ways:
        found, why = gpu_compare.our_round(job, "bfloat16", environment)
        if found:
            result[name] = found
            job.say(f"  {1e3 * found['seconds_median']:.3f} ms with the engines of the {name}")
            job.keep(steps=result)
        else:
            (missing if why.startswith("it was stopped after") else failed).append(f"our step ({name}): {why}")
    failed += losses_differ(result)
    limits = job.known.get("limits")
    layers, why = gpu_measure.layers_of(job, "bfloat16", limits, ["--no-graphs", *job.sizes(steps=10, warmup=3)])
    missing += [why] if why else []
    times = [found["seconds_median"] for found in result.values()]
    goals = [gpu_compare.goal("our step, ms", "at most", 8, 1e3 * min(times))] if times and not job.rehearse else []
    status = FAILED if failed else INCOMPLETE if missing else PASSED
    return dict(status=status, reasons=failed + missing, steps=result, layers_bfloat16=layers or [], goals=goals)


def kernels(job):
    """The most expensive kernels of two steps (ncu), with their bounds."""
    if job.rehearse:
        return dict(status=INCOMPLETE, reasons=["left out: a rehearsal runs on the CPU, without ncu"])
    rows, why = gpu_measure.kernels_of(job, 2, job.known.get("limits"))
    gpu_measure.say_kernels(job, rows)
    return dict(status=INCOMPLETE if why else PASSED, reasons=[why] if why else [], kernels=rows)


def rival(job):
    """Ours in turn with PyTorch as one CUDA graph and kernel by kernel."""
    return gpu_compare.benchmark(job, "bfloat16", ["graph", "eager"], pairs=3, in_turn=2, folded=False)


def rival_compiled(job):
    """Ours in turn with PyTorch's best setting, also compiled, and with PyTorch that has our stem."""
    return gpu_compare.benchmark(job, "bfloat16", ["graph", "compile-graph"], pairs=3)


def memory(job):
    return gpu_measure.memory(job, ("bfloat16",), (32,), largest_too=job.rehearse)


STAGES = {
    "card": card,
    "parity": gpu_tests.parity,
    "sweep": gpu_engines.sweep,
    "step": step,
    "kernels": kernels,
    "rival": rival,
    "rival-compiled": rival_compiled,
    "determinism": gpu_determinism.determinism,
    "memory-bfloat16": memory,
    "memcheck": lambda job: gpu_sanitizer.sanitizer(job, gpu_sanitizer.SHORT),
}
# The stages in their order, each with its share of the time. What a stage does not use is shared by those after it.
GROUPS = {
    "lease": {
        "card": 15,
        "parity": 65,
        "sweep": 60,
        "step": 25,
        "kernels": 55,
        "rival": 55,
        "determinism": 50,
        "memory-bfloat16": 15,
        "memcheck": 30,
    },
    # With the engines that the sweep chose. The tests of `parity` have other convolutions than the table.
    WITH_TABLE: {
        "card": 15,
        "step": 25,
        "rival-compiled": 170,
        "determinism": 50,
        "kernels": 55,
        "memcheck": 40,
    },
}

# In a rehearsal these have little to do, and the CPU needs the time for the others.
QUICK_IN_A_REHEARSAL, SHARE_IN_A_REHEARSAL = ("card", "parity", "sweep", "kernels", "memcheck"), 7


def commit_of(root):
    """A bundle names its commit in a file."""
    if (root / "COMMIT").exists():
        return (root / "COMMIT").read_text().strip()
    if not shutil.which("git"):
        return "unknown"
    command = ["git", "-C", str(root), "rev-parse", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


class Group:
    """A run of a group: what each stage gets, and what comes back. `shares`: the stages that are not left out."""

    def __init__(self, job, name, shares, without, deadline):
        self.job, self.name, self.shares = job, name, shares
        self.begun = time.monotonic()
        self.commit = commit_of(job.root)
        self.end = self.begun + deadline
        self.deadline, self.without = deadline, without
        job.out = Path(tempfile.mkdtemp(prefix="gpu-check-"))  # the stages' files; they come back in one archive
        job.scratch = job.out / "scratch"
        job.after_saving = self.save
        gpu_pack.clear(job.results)

    def save(self):
        """Writes the summary and the archive again."""
        stages = gpu_pack.read_stages(self.job.out, self.shares)
        try:
            text = self.summary(stages)
        except Exception:  # a mistake here must not end the measurements
            text = f"The summary failed; {gpu_pack.ARCHIVE} has the results.\n{traceback.format_exc()}"
        gpu_pack.write(self.job.results, self.job.out, text)
        return stages

    def summary(self, stages):
        return gpu_headline.text_of(
            self.name,
            stages,
            left_out=self.without,
            waiting=[name for name in self.shares if name not in stages],
            time=f"{time.monotonic() - self.begun:.0f} of {self.deadline:.0f} s",
            commit=self.commit,
            rehearsal=self.job.rehearse,
        )

    def run(self, run_stage):
        shares = dict(self.shares)
        for name in self.shares:
            left = self.end - time.monotonic()
            seconds = left * shares[name] / sum(shares.values())
            del shares[name]
            if seconds < LEAST:
                self.job.write(
                    name, dict(status=INCOMPLETE, reasons=[f"left out: {max(0, left):.0f} s were left"], seconds=0)
                )
                continue
            run_stage(self.job, name, STAGES[name], seconds)
        stages = self.save()
        shutil.rmtree(self.job.out, ignore_errors=True)
        print("\n" + "\n".join((self.job.results / "summary.txt").read_text().splitlines()[:25]), flush=True)
        states = [stage["status"] for stage in stages.values()]
        return 1 if FAILED in states else 3 if INCOMPLETE in states or not states else 0


def run(job, name, without, deadline, run_stage):
    """Runs a group and returns the exit code. `deadline`: None for the usual one."""
    shares = {stage: share for stage, share in GROUPS[name].items() if stage not in without}
    if job.rehearse:
        shares.update((stage, SHARE_IN_A_REHEARSAL) for stage in QUICK_IN_A_REHEARSAL if stage in shares)
    left_out = [stage for stage in without if stage in GROUPS[name]]
    group = Group(job, name, shares, left_out, deadline or SECONDS[name])
    try:
        return group.run(run_stage)
    except SystemExit:  # SIGTERM
        group.save()
        shutil.rmtree(job.out, ignore_errors=True)
        raise
