# SPDX-License-Identifier: Apache-2.0
"""The stage of a GPU check that times cuDNN's engines for the network's convolutions: the program sweep_engines prints
one JSON line per candidate and writes the table of those that it chose."""

from gpu_job import FAILED, INCOMPLETE, PASSED

# A chosen engine may be slower than the fastest by this part, for equal bits or less workspace.
NEAR = 0.02
# The relative difference to the first engine's result: both are in bfloat16 and add in float32, in another order.
MOST_DIFFERENCE = 2e-2
NO_DEVICE = 7  # exit code
RESERVE = 5  # seconds for the program's start and its last candidate


def by_problem(lines):
    """The candidates of each problem and direction, in the order of the heuristics."""
    found = {}
    for line in lines:
        if "problem" in line and "direction" in line and "ms" in line:
            found.setdefault((line["problem"], line["direction"]), []).append(line)
    return found


def row_of(problem, direction, candidates):
    """The first engine beside the chosen one."""
    first, chosen = candidates[0], next((line for line in candidates if line.get("chosen")), None)
    row = dict(
        problem=problem, direction=direction, candidates=len(candidates), first=first["engine"], first_ms=first["ms"]
    )
    if chosen:
        row.update({key: chosen.get(key) for key in ("engine", "ms", "tflops", "equal_bits", "workspace")})
    return row


def problems_of(row, candidates):
    """What is wrong with the choice for one problem."""
    what = f"{row['problem']} {row['direction']}"
    if "engine" not in row:
        return [f"{what}: no engine was chosen of {len(candidates)}"]
    chosen = next(line for line in candidates if line.get("chosen"))
    right = [line for line in candidates if line.get("equal_bits") and line.get("error_to_first", 0) <= MOST_DIFFERENCE]
    wrong = []
    if not chosen.get("equal_bits"):
        wrong.append(f"{what}: engine {chosen['engine']} does not repeat its bits")
    if not chosen.get("error_to_first", 0) <= MOST_DIFFERENCE:  # also true for NaN
        wrong.append(f"{what}: engine {chosen['engine']} differs from the first by {chosen['error_to_first']:.1e}")
    best = min((line["ms"] for line in right), default=chosen["ms"])
    if chosen["ms"] > best * (1 + NEAR) + 1e-6:
        wrong.append(f"{what}: engine {chosen['engine']} takes {chosen['ms']:.3f} ms, another one {best:.3f} ms")
    return wrong


def evaluated(lines):
    """The result of a sweep: a row per problem, and what is wrong."""
    rows, wrong = [], []
    for (problem, direction), candidates in by_problem(lines).items():
        rows.append(row_of(problem, direction, candidates))
        wrong += problems_of(rows[-1], candidates)
    return rows, wrong


def say_rows(job, rows):
    for row in rows:
        if "engine" in row:
            job.say(
                f"  {row['problem']:<10} {row['direction']:<15} {row['first_ms']:7.3f} ms ({row['first']}), chosen "
                f"{row['ms']:7.3f} ms ({row['engine']}), of {row['candidates']}"
            )


def sweep(job):
    """Times all candidates, and writes the table that our programs can read in the next stages and runs."""
    program = job.bin / "sweep_engines"
    if not program.exists():
        return dict(status=INCOMPLETE, reasons=["left out: this build has no program sweep_engines"])
    table = job.results / "engines.table"
    done = job.run([program, "--seconds", max(1, int(job.left() - RESERVE)), "--table", table])
    rows, wrong = evaluated(done.json_lines())
    say_rows(job, rows)
    result = dict(problems=rows, candidates=done.json_lines())
    if done.code == NO_DEVICE:
        return dict(status=INCOMPLETE, reasons=[done.why()], **result)
    missing = [f"sweep_engines: {done.why()}"] if done.code == 124 else []
    wrong += [f"sweep_engines: {done.why()}"] if done.code not in (0, 124) else []
    if table.exists():
        job.known["table"] = table
    else:
        (missing if done.code == 124 else wrong).append("sweep_engines wrote no table")
    if done.code == 0 and not rows:
        wrong.append("sweep_engines printed no candidate")
    return dict(status=FAILED if wrong else INCOMPLETE if missing else PASSED, reasons=wrong + missing, **result)
