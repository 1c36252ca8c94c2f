# SPDX-License-Identifier: Apache-2.0
"""The stage of a GPU check that runs NVIDIA's compute-sanitizer on the tests, and sorts its problems: in our kernels, or
in those of cuDNN and cuBLAS, which are checked too."""

import re
from collections import Counter

from gpu_job import FAILED, INCOMPLETE, PASSED, find_tool
from gpu_tests import FEW_EXAMPLES

OPS, TRAINING = "every_op_parity_cuda_test", "training_cuda_test"
# So few that the test itself fails, because it has compared too few numbers; what the sanitizer finds still counts.
FEWEST_EXAMPLES = {"RC_PARAMS": "seed=20260731 max_success=20", "CORTEXGRAD_LARGE_EXAMPLES": "1"}
TEST_FAILED = 1  # a test's exit code

# Programs, their options and environment: all ops in both types, and training.
WHOLE = [(OPS, [], {}), (TRAINING, [], {})]
# Races, barriers and uninitialised memory depend on a kernel's code more than on shapes, and these tools are the
# slowest.
ONE_TRAINING = (TRAINING, ["--test-case=*NaN in a repeated step*"], {})
SMALL = [(OPS, [], FEW_EXAMPLES), ONE_TRAINING]

# A tool's options, its suite, and its share of the time.
TOOLS = {
    "memcheck": (["--leak-check", "no", "--report-api-errors", "no"], WHOLE, 3),
    "racecheck": ([], SMALL, 1),
    "initcheck": ([], SMALL, 1),
    "synccheck": ([], SMALL, 1),
}
# For a few seconds.
SHORT = {"memcheck": (TOOLS["memcheck"][0], [ONE_TRAINING, (OPS, [], FEWEST_EXAMPLES)], 1)}
FOUND_CODE = 9  # a program's exit code if it would be 0 but the sanitizer found a problem
OUR_KERNELS = "cg::cuda::"
# "at void cg::cuda::run<…>(T1)+0x90 in …", "at sm90_gemm+0x90"; in older versions "at 0x90 in gemm(int)".
PLACE = re.compile(r"\b(at|in) (.*([\w>]\(|\w\+0x[0-9a-f])|0x[0-9a-f]+ in )")
NO_FINDING = re.compile(r"COMPUTE-SANITIZER|.* SUMMARY: |Target application returned|Error: process didn't terminate")


def records(text):
    """The problems as the sanitizer prints them: a line, and its indented lines."""
    found = []
    for line in text.splitlines():
        begun = re.match(r"=========( *)(.*)", line)
        if not begun or not begun[2]:
            continue
        if len(begun[1]) > 1:
            if found and found[-1]:
                found[-1].append(begun[2])
        else:
            found.append([] if NO_FINDING.match(begun[2]) else [begun[2]])
    return [record for record in found if record]


def owner(record):
    """The owner of a problem's kernel: "ours", "library", or "unnamed" if no kernel is named. The call stack of the host
    does not help, because we start the libraries' kernels too."""
    places = [line for line in record if PLACE.search(line) and not re.match("Host Frame|by thread", line)]
    if not places:
        return "unnamed"
    return "ours" if any(OUR_KERNELS in line for line in places) else "library"


def sorted_findings(text):
    """Numbers of problems by owner, and the texts of the libraries' problems, each once. None: the tool did not finish."""
    summary = re.findall(r"(?:ERROR|RACECHECK) SUMMARY: (\d+)", text)
    if not summary:
        return None, []
    found = records(text)
    counts = Counter(map(owner, found))
    # The owner of problems that were counted but not printed is unknown.
    counts["unnamed"] += max(0, int(summary[-1]) - len(found))
    words = ["; ".join(record[:2])[:240] for record in found if owner(record) == "library"]
    return {who: counts[who] for who in ("ours", "unnamed", "library")}, list(dict.fromkeys(words))


def judge(row, done, expected=()):
    """The result of a run: failures, and the parts that could not run. `expected`: exit codes of the test that say
    nothing."""
    what, found = f"{row['tool']} of {row['suite']}", row["findings"]
    if done.code == 124 or found is None:
        until = Counter(map(owner, records(done.text)))
        wrong = until["ours"] + until["unnamed"] if done.code == 124 else 0
        failed = (
            [f"{what}: {until['ours']} problems in our kernels, {until['unnamed']} in no named kernel"] if wrong else []
        )
        return failed, [
            f"{what}: {done.why()}" + (", without a problem until then" if done.code == 124 and not wrong else "")
        ]
    ours = found["ours"] + found["unnamed"]
    if ours:
        return [f"{what}: {found['ours']} problems in our kernels, {found['unnamed']} in no named kernel"], []
    if done.code not in (0, FOUND_CODE, *expected):
        return [f"{what}: exit code {done.code}: {done.why()}"], []
    return [], []


def sanitizer(job, tools=TOOLS):
    """Runs tools of compute-sanitizer. A problem in one of our kernels, or in no named kernel, fails the stage; one in
    a library's kernel is only reported."""
    program = find_tool("compute-sanitizer")
    if not program:
        return dict(
            status=INCOMPLETE, reasons=["compute-sanitizer is not on this machine (it comes with the CUDA toolkit)"]
        )
    rows, reasons, failed = [], [], []
    runs = [(tool, *suite) for tool, (_, suites, _) in tools.items() for suite in suites]
    for number, (tool, suite, filters, environment) in enumerate(runs):
        options, _, share = tools[tool]
        limit = job.left() * share / sum(tools[later[0]][2] for later in runs[number:])
        watched = [program, "--tool", tool, "--error-exitcode", FOUND_CODE, "--print-limit", 100000, *options]
        target = job.started_by_a_tool(job.tests / suite, **environment)
        done = job.run([*watched, "--target-processes", "all", *target, *filters], limit, ours=False)
        found, library = sorted_findings(done.text)
        rows.append(
            dict(
                tool=tool, suite=suite, code=done.code, findings=found, library=library, seconds=round(done.seconds, 1)
            )
        )
        said = "not finished" if found is None else ", ".join(f"{number} {who}" for who, number in found.items())
        job.say(f"{tool:<10} {suite:<28} {said}, {done.seconds:.0f} s")
        for words in library[:5]:
            job.say(f"    in a library: {words}")
        wrong, missing = judge(rows[-1], done, (TEST_FAILED,) if environment is FEWEST_EXAMPLES else ())
        failed += wrong
        reasons += missing
        job.keep(runs=rows)
    status = FAILED if failed else INCOMPLETE if reasons else PASSED
    return dict(status=status, reasons=failed + reasons, runs=rows)
