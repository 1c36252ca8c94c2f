# SPDX-License-Identifier: Apache-2.0
"""The stages of a GPU check that time the training step, ours and PyTorch's in turn."""

import json
import queue
import statistics
import subprocess
import sys
import threading
import time

from gpu_job import FAILED, INCOMPLETE, PASSED, MemoryWatch, end, goal, start

PAIRS = 5
SECOND = "second"  # the second fastest setting of PyTorch, in turn with the fastest
# A step in bfloat16 that is less than this number of times faster than PyTorch's best is a defect.
LEAST_TIMES_FASTER = 1.5
# The relative difference of the first losses: both programs have the same weights and volumes. float32: a different
# order of sums, through 20 layers; bfloat16: 8 bits, rounded at different places.
MOST_LOSS_DIFFERENCE = {"float32": 1e-4, "bfloat16": 2e-2}
# Goals, which are reported but not required; by the stem of the PyTorch program in the comparison.
GOALS = [
    ("our step, ms", "plain", lambda result: 1e3 * result["ours_seconds"], "at most", 8),
    ("times PyTorch's speed", "plain", lambda result: result["plain"]["times_faster"], "at least", 2),
    ("part of its memory", "plain", lambda result: result["plain"]["memory_ratio"], "at most", 0.5),
    ("times the speed with our stem", "folded", lambda result: result["folded"]["times_faster"], "at least", 1.2),
]


class PyTorch:
    """A PyTorch program that is warmed up and times a round of steps on request."""

    def __init__(self, job, precision, variant, stem, limit):
        self.name = f"{variant}, {stem} stem"
        self.variant, self.reason = variant, ""
        command = [
            sys.executable,
            job.root / "tools/benchmark/benchmark_pytorch_gpu.py",
            "step",
            "--serve",
            "--device",
            job.device,
            "--variant",
            variant,
            "--stem",
            stem,
            "--precision",
            precision,
            *job.sizes(),
        ]
        job.log.append("$ " + " ".join(map(str, command)))
        job.scratch.mkdir(exist_ok=True)
        self.log = job.scratch / f"{variant}-{stem}-{precision}.err"
        watch = MemoryWatch()
        with open(self.log, "w", encoding="utf-8") as errors:
            self.process = start(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, errors="replace"
            )
        self.lines = queue.Queue()
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()
        self.ready = self.answer(min(limit, job.left()))
        with watch:  # only after the warm-up: the memory of the search for fast kernels is released
            self.trial = self.round(min(limit, job.left())) if self.ready else None
        self.memory = watch.bytes
        if not self.trial:
            self.end()

    def listen(self):
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def answer(self, limit):
        """The next line that is JSON. If there is none in time: None, and the program is ended."""
        last = time.monotonic() + max(1, limit)
        try:
            while (line := self.lines.get(timeout=max(0, last - time.monotonic()))) is not None:
                if line.startswith("{"):
                    return json.loads(line)
            said = self.log.read_text(errors="replace").strip().splitlines()
            self.reason = said[-1][:300] if said else "it ended without a message"
        except queue.Empty:
            self.reason = f"no answer after {limit:.0f} s"
        self.end()
        return None

    def round(self, limit):
        if self.process.poll() is None:
            try:
                self.process.stdin.write("round\n")
                self.process.stdin.flush()
            except BrokenPipeError:
                pass  # answer() reports why
        return self.answer(limit)

    def end(self):
        end(self.process)
        self.listener.join(5)
        for stream in (self.process.stdin, self.process.stdout):
            try:
                stream.close()
            except BrokenPipeError:
                pass  # it did not read its input

    def row(self):
        if not self.trial:
            return dict(setting=self.name, reason=self.reason)
        return dict(
            setting=self.name,
            median=self.trial["seconds_median"],
            seconds_to_warm=round(self.ready["seconds_to_warm"], 1),
            loss=self.trial["loss"],
            memory_by_nvml=self.memory,
            **{key: self.trial[key] for key in ("allocated_bytes", "reserved_bytes") if key in self.trial},
        )


def candidates(job, precision, variants, stem, share, keep=1):
    """Tries PyTorch's settings in turn and keeps the fastest ones, in this order; the other processes are ended."""
    best, rows = [], []
    for number, variant in enumerate(variants):
        limit = max(10, (job.left() * share) / (len(variants) - number))
        tried = PyTorch(job, precision, variant, stem, limit)
        rows.append(tried.row())
        job.say(
            f"  PyTorch, {tried.name}: "
            + (f"{1e3 * tried.trial['seconds_median']:.2f} ms" if tried.trial else tried.reason)
        )
        if tried.trial:
            best = sorted([*best, tried], key=lambda rival: rival.trial["seconds_median"])
            for slower in best[keep:]:
                slower.end()
            best = best[:keep]
    return best, rows


def our_round(job, precision, environment=None):
    """Times our step once. Returns its JSON, or None and the reason."""
    with MemoryWatch() as watch:
        done = job.run(
            [job.bin / "benchmark", "step", "--device", job.device, "--precision", precision, "--json", *job.sizes()],
            180,
            environment=environment,
        )
    if done.code or not done.json:
        return None, done.why()
    return dict(done.json, memory_by_nvml=watch.bytes), ""


def take_turns(job, precision, rivals, pairs=PAIRS):
    """Rounds of ours and of each rival in turn; stops early if the time ends."""
    rounds, took = [], 0
    for pair in range(pairs):
        begun = time.monotonic()
        if pair and job.left() < 1.3 * took + 1:
            break
        ours, why = our_round(job, precision)
        if not ours:
            return rounds, why
        row = dict(
            ours=ours["seconds_median"],
            memory=ours["memory_by_nvml"],
            loss=ours["loss"],
            planned=ours.get("planned_bytes"),
            device=ours.get("device"),
        )
        for stem, rival in rivals.items():
            timed = rival.round(min(120, job.left()))
            row[stem] = timed["seconds_median"] if timed else None
        job.say(
            f"  pair {pair + 1}: ours {1e3 * row['ours']:.2f} ms"
            + "".join(f", PyTorch ({rivals[name].name}) {1e3 * row[name]:.2f} ms" for name in rivals if row[name])
        )
        rounds.append(row)
        took = time.monotonic() - begun
        job.keep(pairs=rounds)
    return rounds, ""


def best_first(rounds, rivals):
    """Gives the name "plain" to the fastest of PyTorch's settings with its own stem, by the rounds."""
    times = {
        name: statistics.median(row[name] for row in rounds if row[name])
        for name in ("plain", SECOND)
        if name in rivals and any(row[name] for row in rounds)
    }
    if len(times) < 2 or times["plain"] <= times[SECOND]:
        return
    rivals["plain"], rivals[SECOND] = rivals[SECOND], rivals["plain"]
    for row in rounds:
        row["plain"], row[SECOND] = row[SECOND], row["plain"]


def compared(rounds, rivals, rows):
    """Medians of the pairs' ratios: PyTorch divided by ours for time, ours divided by PyTorch for memory."""
    out = dict(ours_seconds=statistics.median(row["ours"] for row in rounds), ours_memory_by_nvml=rounds[0]["memory"])
    for stem, rival in rivals.items():
        ratios = sorted(row[stem] / row["ours"] for row in rounds if row[stem])
        if not ratios:
            continue
        theirs = next(row for row in rows if row["setting"] == rival.name)
        allocated = theirs.get("allocated_bytes") and rounds[0].get("planned")
        both = out["ours_memory_by_nvml"] and theirs["memory_by_nvml"]
        out[stem] = dict(
            setting=rival.name,
            seconds=statistics.median(row[stem] for row in rounds if row[stem]),
            times_faster=statistics.median(ratios),
            range=[ratios[0], ratios[-1]],
            memory_ratio=out["ours_memory_by_nvml"] / theirs["memory_by_nvml"] if both else None,
            allocated_ratio=rounds[0]["planned"] / theirs["allocated_bytes"] if allocated else None,
            loss_difference=abs(rounds[0]["loss"] - theirs["loss"]) / max(abs(theirs["loss"]), 1e-12),
        )
    return out


def verdict(precision, result, reasons, rehearsal):
    """A stage's status and its problems. `reasons`: settings that could not run, so that PyTorch's best is unknown."""
    failed = []
    # With tiny volumes the last layers normalise by few numbers, which amplifies rounding errors.
    most = MOST_LOSS_DIFFERENCE[precision] * (20 if rehearsal else 1)
    for stem in ("plain", SECOND, "folded"):
        if stem not in result:
            continue
        off = result[stem]["loss_difference"]
        if not off <= most:  # also true for NaN
            failed.append(f"the first loss differs from PyTorch's ({result[stem]['setting']}) by {off:.1e} (relative)")
    times = result.get("plain", {}).get("times_faster")
    if precision == "bfloat16" and times and not rehearsal and times < LEAST_TIMES_FASTER:
        failed.append(f"only {times:.2f} times as fast as PyTorch's best, expected at least {LEAST_TIMES_FASTER}")
    return FAILED if failed else INCOMPLETE if reasons else PASSED, failed + reasons


def goals(result):
    """The goals of GOALS, and whether they are met."""
    rows = []
    for what, stem, figure, bound, wanted in GOALS:
        found = figure(result) if stem in result else None
        if found:
            rows.append(goal(what, bound, wanted, found))
    return rows


def incomplete_rounds(rounds, rivals, pairs=PAIRS):
    """The reasons why the rounds are incomplete."""
    reasons = [] if len(rounds) == pairs else [f"time for {len(rounds)} of {pairs} pairs of rounds"]
    for stem, rival in rivals.items():
        missed = sum(row[stem] is None for row in rounds)
        if missed:
            reasons.append(f"PyTorch, {rival.name}: {rival.reason}, in {missed} rounds")
    return reasons


def choose_rivals(job, precision, variants, in_turn, folded):
    """PyTorch's fastest settings by name, and the rows of all that were tried. `rivals` grows while they start."""
    rivals, rows = {}, []
    share = 0.65 if folded else 0.8
    try:
        kept, rows = candidates(job, precision, variants, "plain", share, in_turn)
        rivals.update(zip(["plain", SECOND], kept))
        job.keep(pytorch=rows)
        if folded:
            best, more = candidates(job, precision, [kept[0].variant] if kept else variants[:1], "folded", 0.5)
            rivals.update(zip(["folded"], best))
            rows = rows + more
    except BaseException:
        end_all(rivals)
        raise
    return rivals, rows


def end_all(rivals):
    for rival in rivals.values():
        rival.end()


def benchmark(
    job, precision, variants=("eager", "graph", "compile", "compile-graph"), pairs=PAIRS, in_turn=1, folded=True
):
    """The full-size step: ours in turn with PyTorch's best settings (`in_turn` of them), and with PyTorch that uses our
    stem. The quick variants first: the rest of the time is for those that compile."""
    variants, pairs = (["eager"], 1) if job.rehearse else (list(variants), pairs)
    rivals, rows = choose_rivals(job, precision, variants, in_turn, folded)
    try:
        rounds, why = take_turns(job, precision, rivals, pairs)
    finally:
        end_all(rivals)
    reasons = [f"PyTorch, {row['setting']}: {row['reason']}" for row in rows if "reason" in row]
    wrong = [f"our step: {why}"] if why and not why.startswith("it was stopped after") else []
    reasons += [f"our step: {why}"] if why and not wrong else []
    if not rounds:
        return dict(status=FAILED if wrong else INCOMPLETE, reasons=wrong + reasons, pytorch=rows)
    best_first(rounds, rivals)
    result = compared(rounds, rivals, rows)
    for stem in rivals:
        if stem in result:
            job.say(f"  {result[stem]['times_faster']:.2f} times as fast as PyTorch ({result[stem]['setting']})")
    reasons += incomplete_rounds(rounds, rivals, pairs)
    status, reasons = verdict(precision, result, reasons, job.rehearse)
    return dict(
        status=FAILED if wrong else status,
        reasons=wrong + reasons,
        precision=precision,
        batch=4 if job.rehearse else 32,
        device=rounds[0]["device"],
        goals=goals(result) if precision == "bfloat16" and not job.rehearse else [],
        result=result,
        pytorch=rows,
        pairs=rounds,
    )
