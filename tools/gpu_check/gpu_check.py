# SPDX-License-Identifier: Apache-2.0
"""The stages of a GPU check, for `tools/gpu_check/gpu_check.sh run`. Each answers one question, with numbers and a log.

Read next: gpu_compare.py and gpu_measure.py (the stages with numbers), gpu_sanitizer.py, gpu_job.py (what stages
share), gpu_summary.py.
"""

import argparse
import re
import shutil
import signal
import sys
import time
from pathlib import Path

import gpu_compare
import gpu_measure
import gpu_sanitizer
import gpu_summary
from gpu_job import FAILED, INCOMPLETE, PASSED, Job, library_versions

def run_test(job, program, limit):
    done = job.run([program], limit)
    cases = re.search(r"test cases:\s*(\d+) \|\s*(\d+) passed \|\s*(\d+) failed", done.text)
    skipped = re.findall(r"\[skipped: (.*?)\]\s*$", done.text, re.M)
    row = dict(
        test=program.name.removesuffix("_test"),
        code=done.code,
        seconds=round(done.seconds, 1),
        passed=int(cases[2]) - len(skipped) if cases else 0,
        failed=int(cases[3]) if cases else 0,
        skipped=skipped,
    )
    if done.code == 124:
        row["why"] = done.why()
    return row


def tests(job):
    """All tests of the CUDA backend: on the device, or, for some tests, its kernels on the host."""
    programs = sorted(job.tests.glob("*cuda*_test"))
    if not programs:
        return dict(status=INCOMPLETE, reasons=[f"no tests in {job.tests}"])
    programs.sort(key=lambda program: ".backend.cuda." in program.name)  # first those on the device
    rows, reasons = [], []
    for program in programs:
        if job.left() < 5:
            reasons.append(f"no time left for {program.name}")
            continue
        row = run_test(job, program, job.left())
        skipped = f", {len(row['skipped'])} skipped: {row['skipped'][0]}" if row["skipped"] else ""
        job.say(
            f"{row['test']:<44} exit code {row['code']}, {row['passed']} passed, {row['failed']} failed{skipped}, "
            f"{row['seconds']} s"
        )
        rows.append(row)
        reasons += [
            f"{row['test']}: {why}" for why in dict.fromkeys(row["skipped"] + ([row["why"]] if "why" in row else []))
        ]
    failed = [row["test"] for row in rows if row["code"] not in (0, 124)]
    status = FAILED if failed else INCOMPLETE if reasons else PASSED
    return dict(status=status, reasons=[f"{name} failed" for name in failed] + reasons, tests=rows)


STAGES = {
    "tests": tests,
    "sanitizer": gpu_sanitizer.sanitizer,
    "benchmark-bfloat16": lambda job: gpu_compare.benchmark(job, "bfloat16"),
    "benchmark-float32": lambda job: gpu_compare.benchmark(job, "float32"),
    "memory": gpu_measure.memory,
    "profile": gpu_measure.profile,
    "main-job": gpu_measure.main_job,
    "table-3": gpu_measure.table_3,
}
GROUPS = {"all": list(STAGES), "benchmark": ["benchmark-bfloat16", "benchmark-float32"]}


def run_stage(job, name, seconds):
    start = time.monotonic()
    job.deadline = start + seconds
    job.say(f"== {name}{' (a rehearsal on the CPU)' if job.rehearse else ''}")
    absent = job.absent_device()
    # Tests report what they skip, and half of them need no device.
    if absent and name != "tests":
        result = dict(status=INCOMPLETE, reasons=[absent])
    else:
        result = STAGES[name](job)
    result = dict(
        result, rehearsal=job.rehearse, seconds=round(time.monotonic() - start, 1), libraries=library_versions()
    )
    job.say("\n".join([f"{name}: {result['status']}", *[f"  {reason}" for reason in result["reasons"]]]))
    job.write(name, result)


def main():
    parser = argparse.ArgumentParser(
        prog="gpu_check.sh run", description="Checks and measures the CUDA backend on this machine's GPU."
    )
    parser.add_argument("stages", nargs="*", help=f"of {', '.join([*STAGES, *GROUPS])} (default: all)")
    parser.add_argument("--out", default="gpu-results", help="folder for STAGE.json, STAGE.txt and the summary")
    parser.add_argument("--seconds", type=float, default=540, help="limit for each stage")
    parser.add_argument(
        "--rehearse", action="store_true", help="tiny sizes on the CPU: tests the script, measures nothing"
    )
    parser.add_argument("--root", default=Path(__file__).resolve().parents[2], help=argparse.SUPPRESS)
    parser.add_argument("--build", default="build/release", help=argparse.SUPPRESS)
    options = parser.parse_args()
    names = [name for word in options.stages or ["all"] for name in GROUPS.get(word, [word])]
    unknown = [name for name in names if name not in STAGES]
    if unknown:
        parser.error(f"there is no stage {', '.join(unknown)}; choose from {', '.join([*STAGES, *GROUPS])}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that running programs are ended too
    Path(options.out).mkdir(parents=True, exist_ok=True)
    job = Job(options.root, Path(options.out).resolve(), options.seconds, options.rehearse, options.build)
    for name in names:
        run_stage(job, name, options.seconds)
    shutil.rmtree(job.scratch, ignore_errors=True)
    sys.exit(gpu_summary.summarise([job.out], job.out))


if __name__ == "__main__":
    main()
