# SPDX-License-Identifier: Apache-2.0
"""Shared by the stages of a GPU check: our programs with their libraries, a time limit, results on disk."""

import ctypes
import glob
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

PASSED, FAILED, INCOMPLETE = "passed", "failed", "incomplete"
SAVE_EVERY = 2  # seconds, while a program runs: what is lost if the check is killed
ENGINE_TABLE = "CORTEXGRAD_ENGINES"  # names the file with cuDNN's engines, for our programs


def nvidia_folders():
    """Folders of CUDA's libraries that pip installs with PyTorch: nvidia/*/lib of all search paths."""
    spec = importlib.util.find_spec("nvidia")
    places = list(spec.submodule_search_locations) if spec else []
    return sorted({os.path.dirname(file) for place in places for file in glob.glob(f"{place}/*/lib/*.so*")})


def library_versions():
    """The versions of the pip packages whose libraries our programs may load."""
    names = ["torch", "nvidia-cudnn-cu13", "nvidia-cublas", "nvidia-cuda-runtime", "triton"]
    found = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    return found


class MemoryWatch:
    """The highest memory use of the first GPU while a block runs, above the use when the watch was created (NVML, every
    5 ms). Contexts, code and all memory of an allocator are included."""

    class Info(ctypes.Structure):
        _fields_ = [("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong)]

    def __init__(self):
        self.before = self.peak = 0
        try:
            self.nvml = ctypes.CDLL("libnvidia-ml.so.1")
        except OSError:
            self.nvml = None
            return
        self.gpu = ctypes.c_void_p()
        if self.nvml.nvmlInit_v2() or self.nvml.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(self.gpu)):
            self.nvml = None
        self.before = self.used()

    def used(self):
        info = self.Info()
        return info.used if self.nvml and not self.nvml.nvmlDeviceGetMemoryInfo(self.gpu, ctypes.byref(info)) else 0

    def __enter__(self):
        self.peak = self.used()
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)
        self.thread.start()
        return self

    def watch(self):
        while not self.stopped.wait(0.005):
            self.peak = max(self.peak, self.used())

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()
        self.peak = max(self.peak, self.used())

    @property
    def bytes(self):
        """None if it is not known."""
        return self.peak - self.before if self.nvml else None


def find_tool(name):
    """A program of the CUDA toolkit: on the PATH, or where NVIDIA installs it. None: it is not on this machine."""
    places = ["usr/local/cuda*/bin", "opt/nvidia/nsight-compute/*"]
    others = sorted(str(file) for place in places for file in Path("/").glob(f"{place}/{name}"))
    return shutil.which(name) or (others[-1] if others else None)


def replace(file, text):
    """Writes a file so that a reader, or a kill, never finds a part of it."""
    new = file.with_name(f".{file.name}.new")
    new.write_text(text)
    os.replace(new, file)


def start(command, **options):
    """Starts a program in a new process group, so that end() also reaches the programs that it starts."""
    return subprocess.Popen([str(word) for word in command], start_new_session=True, **options)


def end(process):
    """Ends a program that start() started, and the programs that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def goal(what, bound, wanted, found):
    """A goal and whether it is met. `bound`: "at most" or "at least"."""
    return dict(
        goal=f"{what}: {bound} {wanted}", found=found, met=found <= wanted if bound == "at most" else found >= wanted
    )


class Finished:
    def __init__(self, code, text, seconds, stdout=""):
        self.code, self.text, self.seconds, self.stdout = code, text, seconds, stdout

    @property
    def json(self):
        """The last line of its standard output that is JSON, or None."""
        lines = self.json_lines()
        return lines[-1] if lines else None

    def json_lines(self):
        """All lines of its standard output that are JSON objects; a line that was cut off is left out."""
        found = []
        for line in self.stdout.splitlines():
            try:
                found += [json.loads(line)] if line.startswith("{") else []
            except json.JSONDecodeError:
                pass
        return found

    def why(self):
        """The reason of the failure, in one line."""
        if self.code == 124:
            return f"it was stopped after {self.seconds:.0f} s"
        lines = [line for line in self.text.splitlines() if line.strip()]
        errors = [line for line in lines if re.search(r"error", line, re.I)]
        said = (errors or lines or [f"exit code {self.code}"])[-1].strip()[:300]
        return f"signal {-self.code} ended it; its last output: {said}" if self.code < 0 else said


class Job:
    """One run of some stages. `root`: of the repository or of an unpacked bundle; `build`: the folder in it with bin/
    and tests/."""

    def __init__(self, root, out, seconds, rehearse, build="build/release"):
        self.root, self.out, self.rehearse = Path(root), Path(out), rehearse
        self.seconds = seconds
        self.deadline = time.monotonic() + seconds
        self.bin = self.root / build / "bin"
        self.tests = self.root / build / "tests"
        self.scratch = self.out / "scratch"
        self.results = self.out  # where what the user gets is; a group may keep the stages' files elsewhere
        self.device = "cpu" if rehearse else "cuda"
        self.stage, self.log, self.result = "", [], {}
        self.known = {}  # what a stage found out for later ones
        self.absent = None  # why there is no device; unknown until it is asked
        self.after_saving = lambda: None
        folders = [str(self.root / "lib"), *nvidia_folders(), os.environ.get("LD_LIBRARY_PATH", "")]
        # What our programs need beside the machine's environment.
        self.added = dict(
            LD_LIBRARY_PATH=":".join(folder for folder in folders if folder),
            CORTEXGRAD_GOLDEN=str(self.root / "tests/golden"),
            CORTEXGRAD_BINARIES=str(self.bin),
        )
        if rehearse:
            # On a busy machine, threads would wait for each other; a GPU that is there is not part of a rehearsal.
            self.added.update(OMP_NUM_THREADS="1", CUDA_VISIBLE_DEVICES="")

    @property
    def environment(self):
        return dict(os.environ, **self.added)

    def use_table(self, file):
        """Our programs take cuDNN's engines from this table, where it has the problem."""
        self.known["table"] = Path(file).resolve()
        self.added[ENGINE_TABLE] = str(self.known["table"])

    def started_by_a_tool(self, program, **more):
        """One of our programs as the target of a tool. Only the target gets the bundle's libraries, not the tool."""
        return ["env", *(f"{name}={value}" for name, value in {**self.added, **more}.items()), program]

    def left(self):
        return self.deadline - time.monotonic()

    def sizes(self, steps=50, warmup=10):
        """Volume, batch, steps and warm-up of a training step; a rehearsal has its own numbers."""
        if self.rehearse:
            return ["--size", 20, 24, 20, "--batch", 4, "--steps", 1, "--warmup", 0]
        return ["--size", 91, 109, 91, "--batch", 32, "--steps", steps, "--warmup", warmup]

    def say(self, line=""):
        print(line, flush=True)
        self.log.append(line)

    def run(self, command, limit=None, ours=True, folder=None, environment=None):
        """Runs a command to its end, or for `limit` seconds; exit code 124: it took longer. All programs that it started
        are ended: a kernel that hangs would block the card for all later stages."""
        limit = max(1, min(limit or self.left(), self.left()))
        begun = time.monotonic()
        more = environment or {}
        self.log.append(" ".join(["$", *(f"'{name}={value}'" for name, value in more.items()), *map(str, command)]))
        # Into files, because a pipe ends only with the last process that has it open.
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            code, failure = self.wait_for(
                command,
                limit,
                stdout=out,
                stderr=errors,
                env=dict(self.environment if ours else os.environ, **more),
                cwd=folder or self.root,
            )
            stdout, stderr = (self.written(file) for file in (out, errors))
        finished = Finished(code, stdout + stderr + failure, time.monotonic() - begun, stdout)
        self.log += [finished.text.rstrip(), f"exit code {code} after {finished.seconds:.1f} s"]
        self.save()
        return finished

    def wait_for(self, command, limit, **options):
        """The exit code, and the reason if the command could not be started. Saves its output while it runs."""
        try:
            process = start(command, stdin=subprocess.DEVNULL, **options)
        except OSError as error:
            return 127, f"error: {error}"
        last = time.monotonic() + limit
        try:
            while True:
                try:
                    return process.wait(min(SAVE_EVERY, max(0, last - time.monotonic()))), ""
                except subprocess.TimeoutExpired:
                    if time.monotonic() >= last:
                        return 124, ""
                self.save(self.written(options["stdout"]) + self.written(options["stderr"]))
        finally:
            end(process)

    @staticmethod
    def written(file):
        """What a running program has written. It shares the place in the file, which therefore must not move."""
        return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode(errors="replace")

    def absent_device(self):
        """The reason why no program can use a GPU here; empty if it can. It is asked once. A rehearsal needs no GPU."""
        if self.absent is None:
            self.absent = "" if self.rehearse else self.probe()
        return self.absent

    def probe(self):
        probe = self.run(
            [self.bin / "profile_memory", "quickstart", "--device", "cuda", "--size", 20, 24, 20, "--batch", 2], 120
        )
        return "" if probe.code == 0 else probe.why().removeprefix("error: ").split(". Use ")[0]

    def begin(self, stage, seconds):
        """Begins a stage that has this number of seconds. Until write() its files say that it did not finish."""
        self.log.clear()
        self.stage = stage
        self.result = dict(status=INCOMPLETE, reasons=["it did not finish"], rehearsal=self.rehearse)
        self.deadline = time.monotonic() + seconds
        self.save()

    def keep(self, **parts):
        """Adds parts to the result of the running stage, and writes it."""
        self.result.update(parts)
        self.save()

    def save(self, running=""):
        """Writes STAGE.json, and STAGE.txt with all commands and output; `running`: of the command that still runs."""
        if self.stage:
            replace(self.out / f"{self.stage}.json", json.dumps(dict(stage=self.stage, **self.result), indent=2) + "\n")
            replace(self.out / f"{self.stage}.txt", "\n".join([*self.log, *([running] if running else [])]) + "\n")
            self.after_saving()

    def write(self, stage, result):
        """Ends a stage: writes its files."""
        self.stage, self.result = stage, result
        self.save()
        self.log.clear()
        self.stage, self.result = "", {}
