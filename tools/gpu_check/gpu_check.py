# SPDX-License-Identifier: Apache-2.0
"""The stages of a GPU check, for `tools/gpu_check/gpu_check.sh run`. Each answers one question, with numbers and a log.

Read next: gpu_lease.py (the groups for a few minutes), gpu_compare.py and gpu_measure.py (the stages with numbers),
gpu_tests.py, gpu_sanitizer.py, gpu_job.py (what stages share), gpu_summary.py.
"""

import argparse
import shutil
import signal
import sys
import time
import traceback
from pathlib import Path

import gpu_compare
import gpu_lease
import gpu_measure
import gpu_sanitizer
import gpu_summary
import gpu_tests
from gpu_job import FAILED, INCOMPLETE, Job, library_versions

STAGES = {
    "tests": gpu_tests.tests,
    "sanitizer": gpu_sanitizer.sanitizer,
    "benchmark-bfloat16": lambda job: gpu_compare.benchmark(job, "bfloat16"),
    "benchmark-float32": lambda job: gpu_compare.benchmark(job, "float32"),
    "memory": gpu_measure.memory,
    "profile": gpu_measure.profile,
    "main-job": gpu_measure.main_job,
    "table-3": gpu_measure.table_3,
}
GROUPS = {"all": list(STAGES), "benchmark": ["benchmark-bfloat16", "benchmark-float32"]}
EVERY_STAGE = {**STAGES, **gpu_lease.STAGES}
WORDS = [*EVERY_STAGE, *GROUPS, *gpu_lease.GROUPS]


def result_of(job, name, stage):
    absent = job.absent_device()
    # Tests report what they skip, and half of them need no device.
    if absent and name != "tests":
        return dict(status=INCOMPLETE, reasons=[absent])
    try:
        return stage(job)
    except Exception as error:  # an unexpected output must not end the later stages
        job.say(traceback.format_exc())
        return dict(job.result, status=FAILED, reasons=[f"the check itself failed: {type(error).__name__}: {error}"])


def run_stage(job, name, stage, seconds):
    start = time.monotonic()
    job.begin(name, seconds)
    job.say(f"== {name}{' (a rehearsal on the CPU)' if job.rehearse else ''}, {seconds:.0f} s")
    result = dict(
        result_of(job, name, stage),
        rehearsal=job.rehearse,
        seconds=round(time.monotonic() - start, 1),
        libraries=library_versions(),
    )
    job.say("\n".join([f"{name}: {result['status']}", *[f"  {reason}" for reason in result["reasons"]]]))
    job.write(name, result)


def options_of_command_line():
    parser = argparse.ArgumentParser(
        prog="gpu_check.sh run", description="Checks and measures the CUDA backend on this machine's GPU."
    )
    parser.add_argument("stages", nargs="*", help=f"of {', '.join(WORDS)} (default: all)")
    parser.add_argument("--out", default="gpu-results", help="folder for the results and the summary")
    parser.add_argument("--without", nargs="+", default=[], metavar="STAGE", help="leave these stages out")
    parser.add_argument("--seconds", type=float, default=540, help="limit for each stage")
    usual = " or ".join(map(str, gpu_lease.SECONDS.values()))
    parser.add_argument(
        "--deadline",
        type=float,
        help=f"seconds for all stages of {' or '.join(gpu_lease.GROUPS)} together (default {usual})",
    )
    parser.add_argument("--table", help="cuDNN's engines, as the stage sweep wrote them: our programs use these")
    parser.add_argument(
        "--rehearse", action="store_true", help="tiny sizes on the CPU: tests the script, measures nothing"
    )
    parser.add_argument("--root", default=Path(__file__).resolve().parents[2], help=argparse.SUPPRESS)
    parser.add_argument("--build", default="build/release", help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = [name for name in options.stages if name not in WORDS]
    unknown += [name for name in options.without if name not in EVERY_STAGE]
    if unknown:
        parser.error(f"there is no stage {', '.join(unknown)}; choose from {', '.join(WORDS)}")
    if len(options.stages) > 1 and set(options.stages) & set(gpu_lease.GROUPS):
        parser.error(f"{' and '.join(gpu_lease.GROUPS)} are run alone, because their stages share one deadline")
    if options.table and not Path(options.table).is_file():
        parser.error(f"--table: there is no file {options.table}")
    if options.table and Path(options.table).resolve().parent == Path(options.out).resolve():
        parser.error("--out: choose another folder than that of --table, whose results would be replaced")
    if options.stages == [gpu_lease.WITH_TABLE] and not options.table:
        parser.error(f"{gpu_lease.WITH_TABLE} needs --table FILE: the engines that the sweep of the first call chose")
    return options


def main():
    options = options_of_command_line()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that running programs are ended too
    Path(options.out).mkdir(parents=True, exist_ok=True)
    job = Job(options.root, Path(options.out).resolve(), options.seconds, options.rehearse, options.build)
    if options.table:
        job.use_table(options.table)
    if options.stages and options.stages[0] in gpu_lease.GROUPS:
        sys.exit(gpu_lease.run(job, options.stages[0], options.without, options.deadline, run_stage))
    names = [name for word in options.stages or ["all"] for name in GROUPS.get(word, [word])]
    for name in names:
        if name not in options.without:
            run_stage(job, name, EVERY_STAGE[name], options.seconds)
    shutil.rmtree(job.scratch, ignore_errors=True)
    sys.exit(gpu_summary.summarise([job.out], job.out))


if __name__ == "__main__":
    main()
