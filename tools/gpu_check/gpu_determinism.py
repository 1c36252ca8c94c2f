# SPDX-License-Identifier: Apache-2.0
"""The stage of a GPU check that trains several times from the start: equal digests of all weights are equal bits."""

import sys

from gpu_job import FAILED, INCOMPLETE, PASSED

STEPS = 20
# Trainings per process, and the options of the process: ten in all. The last one computes kernel by kernel.
OURS = [(5, []), (4, []), (1, ["--no-graphs"])]
OURS_REHEARSED = [(1, []), (1, ["--no-graphs"])]
PYTORCH = 2  # trainings


def our_digests(job):
    """The digests of our trainings, and the reasons why some are missing; `wrong` if a program failed."""
    digests, missing, wrong = [], [], []
    for trainings, options in OURS_REHEARSED if job.rehearse else OURS:
        done = job.run(
            [
                job.bin / "benchmark",
                *("step", "--device", job.device, "--precision", "bfloat16", "--json", "--digest", trainings),
                *options,
                *job.sizes(STEPS, warmup=0),
            ]
        )
        if done.code == 0 and done.json:
            digests += done.json["digests"]
            job.keep(ours=digests)
        else:
            late = done.code == 124
            (missing if late else wrong).append(f"{trainings} of our trainings: {done.why()}")
    return digests, missing, wrong


def pytorch_digests(job):
    """What PyTorch says and gives with deterministic algorithms only; None, and the reason, if it could not run."""
    done = job.run(
        [
            *(sys.executable, job.root / "tools/benchmark/benchmark_pytorch_gpu.py", "digest", "--variant", "eager"),
            *("--device", job.device, "--trainings", 1 if job.rehearse else PYTORCH, *job.sizes(STEPS, warmup=0)),
        ],
        ours=False,
    )
    found = done.json
    complete = done.code == 0 and found
    return found, "" if complete else f"PyTorch's trainings: {done.why()}"


def sentence(what, digests):
    """For example: 10 trainings of ours, one digest 0123456789ab…"""
    different = sorted(set(digests))
    trainings = f"{len(digests)} training{'s' if len(digests) != 1 else ''}"
    if not different:
        return f"{what}: no training"
    if len(different) == 1:
        return f"{what}: {trainings}, one digest {different[0][:16]}"
    return f"{what}: {trainings}, {len(different)} different digests"


def lines_of(stage):
    """What both programs gave, for a summary."""
    out = [sentence("ours", stage["ours"])] if stage.get("ours") else []
    pytorch = stage.get("pytorch")
    if pytorch and pytorch["refused"]:
        out += [f"PyTorch refuses: {pytorch['refused']}"]
        out += [sentence("PyTorch after this warning", pytorch["digests_after_warnings"])]
    elif pytorch:
        out += [sentence("PyTorch", pytorch["digests"])]
    return out


def determinism(job):
    """Twenty steps, ten times: one digest. The same for PyTorch with deterministic algorithms only."""
    job.deadline, end = job.deadline - (0.35 * job.left()), job.deadline
    ours, missing, wrong = our_digests(job)
    if len(set(ours)) > 1:
        wrong.insert(0, f"our trainings end with {len(set(ours))} different digests")
    job.say(f"  {sentence('ours', ours)}")
    job.deadline = end
    pytorch, why = pytorch_digests(job)
    missing += [why] if why else []
    for words in lines_of(dict(pytorch=pytorch)):
        job.say(f"  {words}")
    status = FAILED if wrong else INCOMPLETE if missing else PASSED
    return dict(status=status, reasons=wrong + missing, ours=ours, pytorch=pytorch, steps=1 if job.rehearse else STEPS)
