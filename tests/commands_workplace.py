# SPDX-License-Identifier: Apache-2.0
"""A folder in which the documented commands run in seconds: the programs under build/release/bin, every experiment with
a small network and few epochs, and the files that the commands name, all made of synthetic cohorts of 20 subjects."""
import os
import pathlib
import pickle
import re
import shutil
import subprocess
import tomllib
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
SMALL = {"train.batch_size": 8, "loss.final_neighbours": 4, "model.width": 2, "model.embedding": 4, "threads": 1,
         "data.phantom.voxel_mm": 14, "data.phantom.subjects": 20}


def flat(table, before=""):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{before}{key}.")
        else:
            yield before + key, value


SMALL_STUDY = {r"seeds = .*": "seeds = [0]", r"draws = .*": "draws = 2", r"subjects = .*": "subjects = 20",
               r"loss.step_size = \[.*": "loss.step_size = [1, 4]",
               r"loss.final_neighbours = \[.*": "loss.final_neighbours = [2, 6]"}


def small(path):
    """An experiment's text with a small network: the same keys, other sizes. A study gets few seeds and draws."""
    text = path.read_text(encoding="utf-8")
    if "study" in tomllib.loads(text):
        for shown, used in SMALL_STUDY.items():
            text = re.sub(f"^{shown}$", used, text, flags=re.MULTILINE)
        return text
    settings = {**dict(flat(tomllib.loads(text))), **SMALL}
    if settings.get("loss.name", "dynlocrep") != "dynlocrep":
        del settings["loss.final_neighbours"]
    settings["train.epochs"] = min(settings["train.epochs"], 9)
    settings["seeds"] = settings["seeds"][:2]
    if "evaluation.embeddings_at" in settings:
        settings["evaluation.embeddings_at"] = [1, 9]
    word = lambda value: str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')
    return "".join(f"{key} = {word(value)}\n" for key, value in settings.items())


class Pickler(pickle._Pickler):
    """Writes names of PyTorch without PyTorch, and storages by their identifier."""

    def persistent_id(self, thing):
        return thing if isinstance(thing, tuple) and thing[:1] == ("storage",) else None

    def save(self, thing, save_persistent_id=True):
        if isinstance(thing, Name):
            self.write(b"c" + f"{thing.module}\n{thing.name}\n".encode())
        elif isinstance(thing, Tensor):
            self.save(Name("torch._utils", "_rebuild_tensor_v2"))
            self.save(thing.arguments)
            self.write(pickle.REDUCE)
        else:
            super().save(thing, save_persistent_id)


class Name:
    def __init__(self, module, name):
        self.module, self.name = module, name


class Tensor:
    def __init__(self, arguments):
        self.arguments = arguments


def write_checkpoint(path):
    """A .pth with one tensor, as torch.save writes it."""
    storage = ("storage", Name("torch", "FloatStorage"), "0", "cpu", 4)
    with zipfile.ZipFile(path, "w") as archive, archive.open("a/data.pkl", "w") as file:
        Pickler(file, 2).dump({"model": {"weight": Tensor((storage, 0, (2, 2), (2, 1), False, {}))}})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("a/data/0", bytes(16))


def link_or_copy(source, target):
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


class Workplace:
    def __init__(self, folder, build):
        self.base, self.here = folder / "base", folder / "here"
        programs = self.base / "build/release/bin"
        programs.mkdir(parents=True)
        for path in (build / "bin").iterdir():
            link_or_copy(path, programs / path.name)
        (self.base / "run_experiment").symlink_to("build/release/bin/run_experiment")
        for name in ["tools", "docs"]:
            (self.base / name).symlink_to(ROOT / name)
        (self.base / "tests").mkdir()
        (self.base / "tests/golden").symlink_to(ROOT / "tests/golden")
        (self.base / "experiments").mkdir()
        for path in (ROOT / "experiments").glob("*.toml"):
            (self.base / "experiments" / path.name).write_text(small(path), encoding="utf-8")
        self.make_files()

    def make_files(self):
        self.make("make_phantom_cohort --subjects 20 --voxel 14 --out phantom.h5")
        self.make("make_phantom_cohort --subjects 20 --voxel 14 --modality t1 --out t1.h5")
        for name in ["cohort.h5", "maps.h5", "synthetic-phantom.h5"]:
            link_or_copy(self.base / "phantom.h5", self.base / name)
        self.make("export_cohort phantom.h5 phantom-bids")
        self.make("export_cohort t1.h5 bids")
        shutil.copytree(self.base / "phantom-bids", self.base / "study")
        for k, scan in enumerate(sorted((self.base / "study").glob("sub-*/mre/*_stiffness.nii.gz")), 1):
            link_or_copy(scan, self.base / "study" / scan.name)
            if k == 1:
                for name in ["scan.nii.gz", "sub-01_stiffness.nii.gz"]:
                    link_or_copy(scan, self.base / name)
                os.makedirs(self.base / "scans/sub-01/mre")
                link_or_copy(scan, self.base / "scans/sub-01/mre/sub-01_stiffness.nii.gz")
        self.make("run_experiment quickstart --out runs/X")
        self.make("run_experiment dynlocrep --out runs/dynlocrep data.cohort=phantom.h5")
        self.make("run_experiment pretrain_phantom --out runs/pretrain_phantom")
        link_or_copy(self.base / "runs/X/model.h5", self.base / "model.h5")
        self.make("convert_weights model.h5 model.safetensors")
        link_or_copy(self.base / "runs/pretrain_phantom/model.h5", self.base / "openbhb.h5")
        link_or_copy(self.base / "tests/golden/losses.h5", self.base / "cases.h5")
        write_checkpoint(self.base / "published.pth")

    def make(self, command):
        code, text = self.run(command, self.base)
        if code != 0:
            raise AssertionError(f"{command}: exit code {code}\n{text}")

    def run(self, command, folder=None):
        """The exit code and the output of a command, in a copy of the folder without the files that it writes."""
        if folder is None:
            shutil.rmtree(self.here, ignore_errors=True)
            shutil.copytree(self.base, self.here, copy_function=link_or_copy, symlinks=True)
            folder = self.here
            for name in outputs(command):
                path = folder / name
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        path = f"{folder}/build/release/bin:{os.environ['PATH']}"
        done = subprocess.run(["bash", "-c", command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, text=True, timeout=300, env={**os.environ, "PATH": path})
        return done.returncode, done.stdout


def outputs(command):
    """The files that a command writes, where they are named."""
    named = re.findall(r"--(?:out|html|csv|json) (\S+)", command)
    if re.match(r"(?:build/release/bin/|tools/)?(?:convert_|export_)", command):
        named += [word for word in command.split()[2:3] if not word.startswith("-")]
    return named
