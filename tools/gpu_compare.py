"""The stages of a GPU check that time the training step: ours and PyTorch's in turn."""

import json
import select
import statistics
import subprocess
import sys

from gpu_job import FAILED, INCOMPLETE, PASSED, MemoryWatch

PAIRS = 5


class PyTorch:
    """A PyTorch program that has trained itself warm and times a round of steps whenever it is asked to."""

    def __init__(self, job, precision, variant, stem, limit):
        self.name = f"{variant}, {stem} stem"
        self.reason, self.process = "", None
        command = [
            sys.executable,
            job.root / "tools/benchmark_pytorch_gpu.py",
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
            self.process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        self.ready = self.answer(limit)
        with watch:  # not before it is warm: what its search for fast kernels took is given back
            self.trial = self.round(limit) if self.ready else None
        self.memory = watch.bytes
        if not self.trial:
            self.end()

    def answer(self, limit):
        """The next line of its output as JSON; none, and an end to it, where none comes in time."""
        line = ""
        if select.select([self.process.stdout], [], [], max(1, limit))[0]:
            line = self.process.stdout.readline()
            said = self.log.read_text(errors="replace").strip().splitlines()
            self.reason = said[-1][:300] if said else "it ended without a word"
        else:
            self.reason = f"no answer after {limit:.0f} s"
        if line:
            return json.loads(line)
        self.end()
        return None

    def round(self, limit):
        if self.process.poll() is not None:
            return None
        self.process.stdin.write("round\n")
        self.process.stdin.flush()
        return self.answer(limit)

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            stream.close()

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


def candidates(job, precision, variants, stem, share):
    """Tries PyTorch's settings in turn and keeps the fastest; the others' processes are ended."""
    best, rows = None, []
    for number, variant in enumerate(variants):
        limit = max(10, (job.left() * share) / (len(variants) - number))
        tried = PyTorch(job, precision, variant, stem, limit)
        rows.append(tried.row())
        job.say(
            f"  PyTorch, {tried.name}: "
            + (f"{1e3 * tried.trial['seconds_median']:.2f} ms" if tried.trial else tried.reason)
        )
        if tried.trial and (not best or tried.trial["seconds_median"] < best.trial["seconds_median"]):
            if best:
                best.end()
            best = tried
        elif tried.trial:
            tried.end()
    return best, rows


def our_round(job, precision):
    with MemoryWatch() as watch:
        done = job.run(
            [job.bin / "benchmark", "step", "--device", job.device, "--precision", precision, "--json", *job.sizes()],
            180,
        )
    if done.code or not done.json:
        return None, done.why()
    return dict(done.json, memory_by_nvml=watch.bytes), ""


def take_turns(job, precision, rivals):
    """Rounds of ours and of each rival in turn; ends early where the time does."""
    rounds = []
    for pair in range(PAIRS):
        if pair and job.left() < 30:
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
            timed = rival.round(120)
            row[stem] = timed["seconds_median"] if timed else None
        job.say(
            f"  pair {pair + 1}: ours {1e3 * row['ours']:.2f} ms"
            + "".join(f", PyTorch ({stem} stem) {1e3 * row[stem]:.2f} ms" for stem in rivals if row[stem])
        )
        rounds.append(row)
    return rounds, ""


def compared(rounds, rivals, rows):
    """Medians of the pairs' ratios: PyTorch over ours in time, ours over PyTorch in memory."""
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


def benchmark(job, precision):
    """The full-size step, ours beside PyTorch's best setting, and beside PyTorch given our stem."""
    variants = ["eager"] if job.rehearse else ["graph", "compile", "compile-graph", "eager"]
    plain, rows = candidates(job, precision, variants, "plain", 0.65)
    stem_variant = [plain.name.split(",")[0]] if plain else variants[:1]
    folded, more = candidates(job, precision, stem_variant, "folded", 0.5)
    rivals = {stem: rival for stem, rival in (("plain", plain), ("folded", folded)) if rival}
    rounds, why = take_turns(job, precision, rivals)
    for rival in rivals.values():
        rival.end()
    reasons = [f"PyTorch, {row['setting']}: {row['reason']}" for row in rows + more if "reason" in row]
    if why:
        return dict(status=FAILED, reasons=[f"our step: {why}", *reasons], pytorch=rows + more)
    result = compared(rounds, rivals, rows + more)
    for stem in rivals:
        if stem in result:
            job.say(f"  {result[stem]['times_faster']:.2f} times as fast as PyTorch ({result[stem]['setting']})")
    status = PASSED if len(rivals) == 2 else INCOMPLETE
    return dict(
        status=status,
        reasons=reasons,
        precision=precision,
        batch=32,
        device=rounds[0]["device"],
        result=result,
        pytorch=rows + more,
        pairs=rounds,
    )
