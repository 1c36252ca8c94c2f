# SPDX-License-Identifier: Apache-2.0
"""The stages of a GPU check that measure only our program: the memory of a step, its kernels, the whole job."""

import csv
import io
import json
import re
import sys
import time

from gpu_job import FAILED, INCOMPLETE, PASSED, find_tool, goal

TOLERANCE = 0.05  # relative difference of planned and measured memory


def memory_of(job, precision, batch, options):
    """Runs profile_memory once. Returns its JSON, or the reason why there is none."""
    file = job.scratch / "memory.json"
    job.scratch.mkdir(exist_ok=True)
    file.unlink(missing_ok=True)
    size = ["--size", 30, 36, 30, "model.width=16"] if job.rehearse else []
    done = job.run(
        [
            job.bin / "profile_memory",
            "dynlocrep",
            f"model.precision={precision}",
            "--device",
            job.device,
            "--batch",
            batch,
            "--json",
            file,
            *options,
            *size,
        ],
        200,
    )
    return (json.loads(file.read_text()), "") if done.code == 0 and file.exists() else (None, done.why())


def memory(job, precisions=("bfloat16", "float32"), batches=(32, 8), largest_too=True):
    """The plan of a step compared with the use by CUDA and NVML, cuDNN's plans, and the largest batch that fits."""
    rows, reasons, failed = [], [], []
    properties, plans = None, {}
    for precision in precisions:
        for batch in (4,) if job.rehearse else batches:
            found, why = memory_of(job, precision, batch, ["--measure"] if job.rehearse else ["--measure", "--plans"])
            if not found:
                failed.append(f"{precision}, batch {batch}: {why}")
                continue
            planned, measured = found["planned"]["total"], found["measured"]
            off = {"cuda": planned / measured["above_baseline"] - 1}
            if "nvml" in measured:
                off["nvml"] = planned / measured["nvml"]["above_baseline"] - 1
            properties = properties or found.get("device_properties")
            plans[precision] = plans.get(precision) or found.get("convolution_plans")
            rows.append(dict(precision=precision, batch=batch, planned=found["planned"], measured=measured, off=off))
            beside, kept_free = measured["beside"], found["planned"]["beside"]
            job.say(
                f"  {precision}, batch {batch}: planned {planned / 1e6:.1f} MB, "
                f"measured {measured['above_baseline'] / 1e6:.1f} MB, "
                + ", ".join(f"{100 * part:+.1f} % by {who}" for who, part in off.items())
                + f"; in addition {beside / 1e6:.1f} MB of code and handles"
            )
            if not job.rehearse:
                if beside > kept_free:
                    failed.append(
                        f"{precision}, batch {batch}: code and handles need {beside / 1e6:.0f} MB, "
                        f"more than the {kept_free / 1e6:.0f} MB that are kept free for them"
                    )
                failed += [
                    f"{precision}, batch {batch}: the plan differs by {100 * part:.1f} % from {who}"
                    for who, part in off.items()
                    if abs(part) > TOLERANCE
                ]
                reasons += [] if "nvml" in measured else [f"{precision}, batch {batch}: NVML is not available"]
        if not largest_too:
            continue
        largest, why = memory_of(job, precision, "max", ["--memory", "400MB"] if job.rehearse else [])
        if largest:
            rows.append(dict(precision=precision, largest_batch=largest["batch"], free=largest["free"]))
            job.say(f"  {precision}: the largest batch is {largest['batch']}")
        else:
            failed.append(f"{precision}: largest batch: {why}")
    status = FAILED if failed else INCOMPLETE if reasons else PASSED
    return dict(
        status=status, reasons=failed + reasons, memory=rows, device_properties=properties, convolution_plans=plans
    )


METRICS = {"gpu__time_duration.sum": "seconds", "dram__bytes_read.sum": "read", "dram__bytes_write.sum": "written"}
# Multiplications and additions of the matrix units. Not every card has this metric.
OPERATIONS = {"sm__ops_path_tensor_src_bf16_dst_fp32.sum": "operations"}


def profiled_step(job, metrics):
    """One step kernel by kernel under ncu. Returns the finished run, and its table; empty if there is none."""
    done = job.run(
        [
            find_tool("ncu"),
            *("--csv", "--page", "raw", "--print-units", "base", "--target-processes", "all"),
            *("--clock-control", "none", "--cache-control", "none", "--metrics", ",".join(metrics)),
            *job.started_by_a_tool(job.bin / "benchmark"),
            *("step", "--no-graphs", "--device", "cuda", "--precision", "bfloat16"),
            *job.sizes(steps=1, warmup=0),
        ],
        ours=False,
    )
    table = done.stdout[done.stdout.find('"ID"') :] if '"ID"' in done.stdout else ""
    return done, [row for row in csv.DictReader(io.StringIO(table)) if (row.get("ID") or "").isdigit()]


def add_kernels(sums, table, metrics):
    """Adds a table's rows to the sums by the kernel's name. A row that was cut off is left out."""
    for row in table:
        try:
            values = {key: float(row[metric].replace(",", "")) for metric, key in metrics.items()}
        except (AttributeError, KeyError, ValueError):
            continue
        zero = dict(kernel=row["Kernel Name"], calls=0, **dict.fromkeys(metrics.values(), 0.0))
        kernel = sums.setdefault(row["Kernel Name"], zero)
        kernel["calls"] += 1
        for key, value in values.items():
            kernel[key] += value * (1e-9 if key == "seconds" else 1)


def bound_of_kernel(kernel, limits):
    """The time for the bytes and operations that were counted, at the measured rates of the card."""
    if not limits:
        return {}
    by_bytes = (kernel["read"] + kernel["written"]) / limits["bytes_per_second"]
    by_operations = kernel.get("operations", 0) / limits["operations_per_second"]["bfloat16"]
    return dict(
        bound_seconds=max(by_bytes, by_operations), bound_by="bytes" if by_bytes >= by_operations else "operations"
    )


def kernels_of(job, steps, limits=None):
    """Time, bytes and operations of each kernel by ncu, mean of `steps` steps, the longest first. Returns rows, and the
    reason if rows are missing or of fewer steps."""
    if not find_tool("ncu"):
        return [], "ncu is not on this machine"
    metrics, sums, rows = {**METRICS, **OPERATIONS}, {}, []
    for step in range(steps):
        begun = time.monotonic()
        done, table = profiled_step(job, metrics)
        if not table and done.code != 124 and len(metrics) > len(METRICS) and job.left() > 5:
            metrics = METRICS
            done, table = profiled_step(job, metrics)
        if not table:
            return rows, f"ncu: {done.why()}"
        add_kernels(sums, table, metrics)
        means = [
            {key: part / (step + 1) if isinstance(part, (int, float)) else part for key, part in kernel.items()}
            for kernel in sums.values()
        ]
        rows = sorted((dict(row, **bound_of_kernel(row, limits)) for row in means), key=lambda row: -row["seconds"])
        job.keep(kernels=rows)
        if step + 1 < steps and job.left() < 1.2 * (time.monotonic() - begun):
            return rows, f"time for {step + 1} of {steps} steps under ncu"
    return rows, ""


def with_bound(row, limits, precision):
    """Adds the time for the bytes and operations at the measured rates of the card."""
    by_bytes = row["bytes"] / limits["bytes_per_second"]
    by_operations = row["operations"] / limits["operations_per_second"][precision]
    bound = max(by_bytes, by_operations)
    return dict(
        row,
        bound_milliseconds=1e3 * bound,
        bound_by="bytes" if by_bytes >= by_operations else "operations",
        share_of_bound=1e3 * bound / row["milliseconds"] if row["milliseconds"] else None,
    )


def limits_of(job):
    """The rates of the card, in a copy and in a matrix product. Returns them, or None and the reason."""
    done = job.run([sys.executable, job.root / "tools/benchmark/benchmark_pytorch_gpu.py", "limits"], 120, ours=False)
    return done.json, "" if done.json else f"the rates of the card: {done.why()}"


def layers_of(job, precision, limits, sizes):
    """Our step by layer, kernel by kernel, with the bound of each. Returns rows, or the reason why they are missing."""
    done = job.run(
        [
            job.bin / "benchmark",
            *("step", "--device", job.device, "--precision", precision, "--layers", "--json", *sizes),
        ],
        120,
    )
    if done.code or not done.json:
        return None, f"our step by layer, {precision}: {done.why()}"
    rows = [with_bound(row, limits, precision) if limits else row for row in done.json["layers"]]
    for row in rows[:10]:
        bound = f", bound {row['bound_milliseconds']:.3f} ms by {row['bound_by']}" if "bound_by" in row else ""
        job.say(f"  {row['milliseconds']:8.3f} ms  {row['direction']:<8} {row['layer']} ({row['op']}){bound}")
    return rows, ""


def say_kernels(job, kernels):
    for kernel in kernels[:10]:
        rate = (kernel["read"] + kernel["written"]) / max(kernel["seconds"], 1e-9) / 1e9
        job.say(
            f"  {1e3 * kernel['seconds']:8.3f} ms  {kernel['calls']:4.0f} calls  {rate:6.0f} GB/s  "
            f"{kernel['kernel'][:90]}"
        )


def profile(job):
    """The ten most expensive kernels (ncu) and layers (timed one by one), each with its bound on this card."""
    limits, why = limits_of(job)
    reasons, out = [why] if why else [], dict(limits=limits)
    for precision in ("bfloat16", "float32"):
        layers, why = layers_of(job, precision, limits, job.sizes())
        if why:
            return dict(status=FAILED, reasons=[why, *reasons], **out)
        out[f"layers_{precision}"] = layers
    out["kernels"], why = ([], "a rehearsal runs on the CPU") if job.rehearse else kernels_of(job, 2, limits)
    reasons += [why] if why else []
    say_kernels(job, out["kernels"])
    return dict(status=INCOMPLETE if reasons else PASSED, reasons=reasons, **out)


def train(job, out, options, limit):
    start = time.monotonic()
    done = job.run(
        [job.bin / "run_experiment", "dynlocrep", "--device", job.device, "--overwrite", "--out", out, *options], limit
    )
    return done, time.monotonic() - start


TINY_JOB = {
    "data.phantom.voxel_mm": "8",
    "data.phantom.subjects": "24",
    "model.width": "4",
    "train.batch_size": "8",
    "train.epochs": "2",
    "loss.final_neighbours": "4",
    "seeds": "0,1",
    "evaluation.embeddings_at": "1",
}
LOSSES_OF_TABLE_3 = ["simclr", "nnclr", "y_aware", "threshold", "exponential", "rank_n_contrast", "dynlocrep"]


def words(job, **options):
    """Options for run_experiment, with those of a rehearsal; `options` has priority. __ stands for a dot."""
    named = {name.replace("__", "."): value for name, value in options.items()}
    return [f"{name}={value}" for name, value in {**(TINY_JOB if job.rehearse else {}), **named}.items()]


def make_phantom(job):
    """Runs two epochs of one seed, which creates the phantom if needed. Returns the seconds, and why it failed."""
    job.scratch.mkdir(exist_ok=True)
    short = words(job, seeds="0", train__epochs="2", evaluation__embeddings_at="1")
    first, seconds = train(job, job.scratch / "first", short, job.left() / 2)
    if first.code:
        return seconds, f"two epochs of one seed: {first.why()}"
    job.say(f"  the phantom, and two epochs of one seed: {seconds:.1f} s")
    return seconds, ""


def main_job(job):
    """The paper's main experiment on the 2 mm phantom, five seeds of 50 epochs with evaluation; its time by part."""
    first_seconds, why = make_phantom(job)
    if why:
        return dict(status=FAILED, reasons=[why])
    run = job.scratch / "main-job"
    done, wall = train(job, run, words(job), job.left())
    if done.code:
        late = done.code == 124
        return dict(
            status=INCOMPLETE if late else FAILED,
            reasons=[f"the job: {done.why()}"],
            phantom_and_two_epochs=first_seconds,
        )
    summary = json.loads((run / "summary.json").read_text())
    with open(run / "metrics.csv", newline="", encoding="utf-8") as rows:
        training = sum(float(row["seconds"]) for row in csv.DictReader(rows))
    seeds = sum(seed["seconds"] for seed in summary["seeds"])
    split = {
        "training (data, forward, loss, backward, update)": training,
        "evaluation, checkpoints, epoch's ends": seeds - training,
        "start-up, trial step, results": wall - seeds,
    }
    for what, seconds in split.items():
        job.say(f"  {seconds:8.2f} s  {what}")
    test = summary["test"]
    job.say(f"  {wall:8.2f} s  in total; test {json.dumps(test)}")
    device = re.search(r'"device": "(.*)"', (run / "environment.json").read_text())
    return dict(
        status=PASSED,
        reasons=[],
        wall_seconds=wall,
        split=split,
        phantom_and_two_epochs=first_seconds,
        test=test,
        baseline=summary.get("baseline"),
        device=device[1] if device else None,
        goals=[] if job.rehearse else [goal("the whole job, s", "at most", 60, wall)],
    )


def table_3(job):
    """The losses of the paper's table 3, five seeds of 50 epochs each, with equal views: 35 trainings."""
    _, why = make_phantom(job)
    if why:
        return dict(status=FAILED, reasons=[why])
    runs, reasons = [], []
    for loss in LOSSES_OF_TABLE_3:
        out = job.scratch / f"table-{loss}"
        done, wall = train(job, out, words(job, loss__name=loss), job.left())
        if done.code:
            reasons.append(f"{loss}: {done.why()}")
            continue
        runs.append(dict(loss=loss, seconds=wall, test=json.loads((out / "summary.json").read_text())["test"]))
        job.say(f"  {wall:8.2f} s  {loss}")
    seconds = sum(run["seconds"] for run in runs)
    job.say(f"  {seconds:8.2f} s  in total")
    late = all("it was stopped after" in reason for reason in reasons)
    return dict(
        status=PASSED if not reasons else INCOMPLETE if late else FAILED,
        reasons=reasons,
        runs=runs,
        goals=[] if job.rehearse or reasons else [goal("all 35 trainings, s", "at most", 180, seconds)],
    )
