# SPDX-License-Identifier: Apache-2.0
"""The stage of a GPU check that times cuDNN's engines for the network's convolutions: the program sweep_engines prints
one JSON line per candidate and writes the table of those that it chose."""

import math
import re

from gpu_job import FAILED, INCOMPLETE, PASSED
from gpu_pack import TABLE

# A chosen engine may be slower than the fastest by this part, for less workspace.
NEAR = 0.02
# The relative difference to the first engine's result, as sweep_engines requires it: both are rounded to bfloat16 once.
MOST_DIFFERENCE = 2**-8
NO_DEVICE = 7  # exit code
RESERVE = 5  # seconds for the program's start and its last candidate


def by_problem(lines):
    """The candidates of each problem and direction, in the order of the heuristics."""
    found = {}
    for line in lines:
        if "problem" in line and "direction" in line:
            found.setdefault((line["problem"], line["direction"], bool(line.get("adds"))), []).append(line)
    return found


def is_right(line):
    """Whether an engine may be chosen. An error that is not finite comes as null."""
    error = line.get("error_to_first", 0)
    return line.get("equal_bits") is True and error is not None and error <= MOST_DIFFERENCE


def row_of(problem, direction, adds, candidates):
    """The first engine that ran beside the chosen one."""
    row = dict(problem=problem, direction=f"{direction}, added" if adds else direction, candidates=len(candidates))
    timed = [line for line in candidates if "ms" in line]
    chosen = next((line for line in timed if line.get("chosen")), None)
    if chosen:
        row.update(uses=chosen.get("uses", 1), first=timed[0]["engine"], first_ms=timed[0]["ms"])
        row.update({key: chosen.get(key) for key in ("engine", "knobs", "ms", "tflops", "workspace")})
    return row


def problems_of(row, candidates):
    """What is wrong with the choice for one problem."""
    what = f"{row['problem']} {row['direction']}"
    if "engine" not in row:
        return [f"{what}: no engine was chosen of {len(candidates)}"]
    chosen = next(line for line in candidates if line.get("chosen"))
    wrong = []
    if chosen.get("equal_bits") is not True:
        wrong.append(f"{what}: engine {chosen['engine']} does not repeat its bits")
    error = chosen.get("error_to_first", 0)
    if error is None or not error <= MOST_DIFFERENCE:  # also true for NaN
        wrong.append(f"{what}: engine {chosen['engine']} differs from the first by {error}")
    best = min((line["ms"] for line in candidates if "ms" in line and is_right(line)), default=math.inf)
    if chosen["ms"] > best * (1 + NEAR) + 1e-6:
        wrong.append(f"{what}: engine {chosen['engine']} takes {chosen['ms']:.3f} ms, another one {best:.3f} ms")
    return wrong


def evaluated(lines):
    """The result of a sweep: a row per problem, and what is wrong."""
    rows, wrong = [], []
    for (problem, direction, adds), candidates in by_problem(lines).items():
        rows.append(row_of(problem, direction, adds, candidates))
        wrong += problems_of(rows[-1], candidates)
    return rows, wrong


def words_of(row):
    """A row with a choice, in words."""
    return (
        f"{row['problem']} {row['direction']}: {row['first_ms']:.3f} ms (engine {row['first']}), chosen "
        f"{row['ms']:.3f} ms (engine {row['engine']}, {(row['workspace'] or 0) / 1e6:.1f} MB) of {row['candidates']}"
    )


def in_a_step(rows):
    """Milliseconds of a step's convolutions: by the heuristics, and with the chosen engines."""
    return [sum(row["uses"] * row[key] for row in rows if "engine" in row) for key in ("first_ms", "ms")]


def incomplete(done, rows):
    """The reasons why a sweep is not complete."""
    if done.code == 124:
        return [f"sweep_engines: {done.why()}"]
    timed = re.search(r"(\d+) of (\d+) problems in", done.text)
    if timed and timed[1] != timed[2]:
        return [f"time for {timed[1]} of {timed[2]} problems"]
    return [] if rows or done.code else ["sweep_engines printed no candidate"]


def sweep(job):
    """Times all candidates, and writes the table that our programs can read in the next stages and runs."""
    program = job.bin / "sweep_engines"
    if not program.exists():
        return dict(status=INCOMPLETE, reasons=["left out: this build has no program sweep_engines"])
    table = job.results / TABLE
    table.unlink(missing_ok=True)
    done = job.run([program, "--seconds", max(1, int(job.left() - RESERVE)), "--table", table])
    rows, wrong = evaluated(done.json_lines())
    for row in rows:
        job.say(f"  {words_of(row)}" if "engine" in row else f"  {row['problem']} {row['direction']}: none chosen")
    result = dict(problems=rows, candidates=done.json_lines())
    if done.code == NO_DEVICE:
        return dict(status=INCOMPLETE, reasons=[done.why()], **result)
    missing = incomplete(done, rows)
    wrong += [f"sweep_engines: {done.why()}"] if done.code not in (0, 124) else []
    if table.exists():
        job.known["table"] = table
    elif rows and done.code == 0:
        wrong.append("sweep_engines wrote no table")
    return dict(status=FAILED if wrong else INCOMPLETE if missing else PASSED, reasons=wrong + missing, **result)
