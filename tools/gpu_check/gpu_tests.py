# SPDX-License-Identifier: Apache-2.0
"""The stages of a GPU check that run tests: all of them, or only those on the device, with fewer examples."""

import re

from gpu_job import FAILED, INCOMPLETE, PASSED

# The fewest examples with which the count of compared numbers is still sufficient.
FEW_EXAMPLES = {"RC_PARAMS": "seed=20260731 max_success=100", "CORTEXGRAD_LARGE_EXAMPLES": "3"}
# The tests that say whether results are right, and each one's part of the time.
ON_THE_DEVICE = {
    "every_op_parity_cuda_test": 5,
    "layers.resnet_golden_cuda_test": 1,
    "training_cuda_test": 2,
}


def run_test(job, program, limit, environment=None):
    done = job.run([program], limit, environment=environment)
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


def judged(rows, reasons):
    """The result of a stage after these tests. `reasons`: why others did not run."""
    reasons = reasons + [
        f"{row['test']}: {why}"
        for row in rows
        for why in dict.fromkeys(row["skipped"] + ([row["why"]] if "why" in row else []))
    ]
    failed = [row["test"] for row in rows if row["code"] not in (0, 124)]
    status = FAILED if failed else INCOMPLETE if reasons else PASSED
    return dict(status=status, reasons=[f"{name} failed" for name in failed] + reasons, tests=rows)


def run_and_say(job, program, limit, environment=None):
    row = run_test(job, program, limit, environment)
    skipped = f", {len(row['skipped'])} skipped: {row['skipped'][0]}" if row["skipped"] else ""
    job.say(
        f"{row['test']:<44} exit code {row['code']}, {row['passed']} passed, {row['failed']} failed{skipped}, "
        f"{row['seconds']} s"
    )
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
        rows.append(run_and_say(job, program, job.left()))
        job.keep(tests=rows)
    return judged(rows, reasons)


def parity(job):
    """Every op against the reference with few examples, the golden network, training: only tests on the device."""
    rows, reasons = [], []
    weights = dict(ON_THE_DEVICE)
    for name, weight in ON_THE_DEVICE.items():
        limit = job.left() * weight / sum(weights.values())
        del weights[name]
        if not (job.tests / name).exists():
            reasons.append(f"{name} is not in {job.tests}")
            continue
        rows.append(run_and_say(job, job.tests / name, limit, FEW_EXAMPLES))
        job.keep(tests=rows)
    return judged(rows, reasons)
