#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gives damaged files of eleven kinds to the programs: mutated_files_test.py PROGRAMS [SECONDS [SEED]].

A file is changed at random places: bits, bytes, whole words, pieces that are missing, inserted or copied, an end that is
missing. The sequence depends on the seed alone; the time decides how much of it is tried (default: 60 seconds). What no
program may do with any of them: crash, end with exit code 1, or take more than 10 seconds. Files that this project wrote
carry digests: a changed model or cohort is refused, or gives the same result as before, or is reported as not verified.
"""
import concurrent.futures
import gzip
import itertools
import os
import random
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time

MOST_SECONDS, MEMORY = 10, 8 << 30
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
TINY = ["train.batch_size=8", "loss.final_neighbours=4", "model.width=4", "model.embedding=8", "seeds=0",
        "train.epochs=2", "threads=1"]


def limited():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(words, folder):
    return subprocess.run(words, capture_output=True, timeout=60, cwd=folder, env=ENVIRONMENT, preexec_fn=limited)


def mutated(content, head, chance):
    """`content` with changes in its first `head` bytes."""
    changed = bytearray(content)
    if chance.random() < 0.1:
        return bytes(changed[:chance.randrange(len(changed))])
    for _ in range(chance.choice([1, 1, 2, 4, 8, 32])):
        end = min(len(changed), head)
        if end == 0:
            break
        at = chance.randrange(end)
        kind = chance.random()
        if kind < 0.4:
            changed[at] = chance.randrange(256)
        elif kind < 0.6:
            changed[at] ^= 1 << chance.randrange(8)
        elif kind < 0.7:
            word = chance.choice([b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f",
                                  b"\0\0\xc0\x7f"])
            changed[at:at + 4] = word
        elif kind < 0.8:
            del changed[at:at + chance.choice([1, 2, 8, 64])]
        elif kind < 0.9:
            changed[at:at] = bytes(chance.randrange(256) for _ in range(chance.choice([1, 2, 8, 64])))
        else:
            source, length = chance.randrange(end), chance.choice([4, 8, 16])
            changed[at:at + length] = changed[source:source + length]
    return bytes(changed)


def npy(shape):
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': %s, }" % (shape,)
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    count = shape[0] * shape[1] * shape[2]
    values = struct.pack(f"<{count}f", *(1 + i % 1000 for i in range(count)))
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + values


def foreign(content):
    """The same file without digests: their name is another one."""
    assert content.count(b"sha256sums") == 1
    return content.replace(b"sha256sums", b"sha256sumx")


class Sample:
    """A sound file of one kind, and the command that reads it."""

    def __init__(self, name, content, command, file, head=None, result=None):
        self.name, self.content, self.command, self.file = name, content, command, file
        self.head = head or len(content)
        self.result = result  # a file that must be the same for a changed but accepted file


def read(path):
    with open(path, "rb") as file:
        return file.read()


def samples(programs, home):
    """Makes the sound files, all of them small. Paths in the commands are relative to the folder of a try."""
    def made(*words):
        done = run([programs + "/" + words[0], *words[1:]], home)
        assert done.returncode == 0, (words, done.stdout, done.stderr)

    made("make_phantom_cohort", "--subjects", "24", "--voxel", "14", "--out", "cohort.h5")
    made("run_experiment", "dynlocrep", "--out", "run", "data.cohort=cohort.h5", *TINY)
    made("export_cohort", "cohort.h5", "study")
    made("convert_weights", "run/model.h5", "model.safetensors")
    model, cohort = home + "/run/model.h5", home + "/cohort.h5"
    folder = os.path.join(home, "study", sorted(x for x in os.listdir(home + "/study") if x.startswith("sub-"))[0])
    packed = next(os.path.join(top, x) for top, _, names in os.walk(folder) for x in names if x.endswith(".nii.gz"))
    nifti = gzip.decompress(read(packed))
    pattern = os.path.relpath(packed, home + "/study").replace(os.path.basename(folder), "{participant_id}")
    tool = lambda name: programs + "/" + name
    predict = lambda file: [tool("predict"), model, file, "--out", "p.csv", "--overwrite"]
    tables = [tool("import_cohort"), "study", "--table", "x.tsv", "--files", pattern, "--voxel", "14", "--check"]
    return [
        Sample("NIfTI", nifti, predict("x.nii"), "x.nii", head=400),
        Sample("gzip", gzip.compress(nifti, 1), predict("x.nii.gz"), "x.nii.gz"),
        Sample("npy", npy((91, 109, 91)), predict("x.npy") + ["--npy-axes", "RAS"], "x.npy", head=130),
        Sample("safetensors", read(home + "/model.safetensors"), [tool("convert_weights"), "x.safetensors", "--list"],
               "x.safetensors", head=20000),
        Sample("HDF5 weights", read(model), [tool("convert_weights"), "x.h5", "--list"], "x.h5"),
        Sample("weights of another program", foreign(read(model)), [tool("convert_weights"), "x.h5", "--list"], "x.h5"),
        Sample("cohort of another program", foreign(read(cohort)),
               [tool("predict"), model, "x.h5", "--out", "p.csv", "--overwrite"], "x.h5"),
        Sample("model", read(model), [tool("predict"), "x.h5", cohort, "--out", "p.csv", "--overwrite"], "x.h5",
               result="p.csv"),
        Sample("cohort", read(cohort), [tool("predict"), model, "x.h5", "--out", "p.csv", "--overwrite"], "x.h5",
               result="p.csv"),
        Sample("configuration", read(os.path.dirname(os.path.abspath(__file__)) + "/../../experiments/dynlocrep.toml"),
               [tool("run_experiment"), "x.toml", "--check", "data.cohort=" + cohort, "train.batch_size=8",
                "loss.final_neighbours=4"], "x.toml"),
        Sample("table", read(home + "/study/participants.tsv"), tables, "study/x.tsv"),
    ]


def attempt(sample, number, seed, home):
    """Tries one changed file. Returns the exit code and what is wrong, if anything."""
    changed = mutated(sample.content, sample.head, random.Random(f"{seed} {number}"))
    folder = os.path.join(home, f"try-{number}")
    os.mkdir(folder)
    if os.path.dirname(sample.file):  # a table lies beside its maps
        shutil.copytree(os.path.join(home, os.path.dirname(sample.file)), os.path.join(folder, os.path.dirname(sample.file)))
    with open(os.path.join(folder, sample.file), "wb") as file:
        file.write(changed)
    began = time.monotonic()
    try:
        done = run(sample.command, folder)
        code, text = done.returncode, (done.stdout + done.stderr).decode(errors="replace")
    except subprocess.TimeoutExpired:
        code, text = "no end", ""
    seconds, wrong = time.monotonic() - began, ""
    if code == "no end" or code < 0 or code >= 128 or code == 1:
        wrong = f"exit code {code}: {text[-300:]}"
    elif seconds > MOST_SECONDS:
        wrong = f"{seconds:.0f} seconds, exit code {code}"
    elif sample.result and code == 0 and read(os.path.join(folder, sample.result)) != sample.expected:
        if "not verified" not in text:
            wrong = "accepted, without a word, with another result"
    if not wrong:
        shutil.rmtree(folder)
    return code, wrong and f"{sample.name}, {folder}/{sample.file}: {wrong}"


def main():
    programs, seconds, seed = os.path.abspath(sys.argv[1]), 60.0, 1
    if len(sys.argv) > 2:
        seconds = float(sys.argv[2])
    if len(sys.argv) > 3:
        seed = int(sys.argv[3])
    home = tempfile.mkdtemp(prefix="cg-mutated-")
    kinds = samples(programs, home)
    for sample in kinds:  # unchanged, all are accepted
        with open(os.path.join(home, sample.file), "wb") as file:
            file.write(sample.content)
        done = run(sample.command, home)
        assert done.returncode == 0, (sample.name, done.stdout, done.stderr)
        assert ("not verified" in done.stdout.decode()) == ("of another program" in sample.name), sample.name
        if sample.result:
            sample.expected = read(os.path.join(home, sample.result))
    end, wrong, codes = time.monotonic() + seconds, [], {}
    # One program after the other on each core; each number of a try gives one file, whatever the others do.
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for first in itertools.count(step=4 * len(kinds)):
            if time.monotonic() > end or len(wrong) > 20:
                break
            tries = [(kinds[n % len(kinds)], n, seed, home) for n in range(first, first + 4 * len(kinds))]
            for (sample, *_), (code, found) in zip(tries, pool.map(lambda one: attempt(*one), tries)):
                codes.setdefault(sample.name, {}).setdefault(code, 0)
                codes[sample.name][code] += 1
                wrong += [found] if found else []
    for name, counts in codes.items():
        print(f"{name}: " + ", ".join(f"{n} x exit code {code}" for code, n in sorted(counts.items(), key=str)))
    if wrong:
        print("\n".join(wrong))
        sys.exit(f"{len(wrong)} damaged files are not handled; they are kept in {home}")
    shutil.rmtree(home)
    tried = sum(sum(counts.values()) for counts in codes.values())
    assert tried >= 4 * len(kinds) and all(set(counts) - {0} for counts in codes.values()), "too few were tried"
    print(f"{tried} damaged files of {len(kinds)} kinds: none crashed or hung a program")


if __name__ == "__main__":
    main()
