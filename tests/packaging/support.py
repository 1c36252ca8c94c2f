# SPDX-License-Identifier: Apache-2.0
"""What the tests of this folder share: another user, commands, a tree that changes in no way."""
import os
import pathlib
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TINY = ["data.phantom.subjects=24", "data.phantom.voxel_mm=14", "train.epochs=2", "train.batch_size=8", "threads=1",
        "loss.final_neighbours=4", "model.width=2", "model.embedding=4"]
OTHER = 65534  # the user of Debian who owns no files


def is_root():
    return os.geteuid() == 0


def run(command, **options):
    """The output of a command that must succeed."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout}")
    return done.stdout


class User:
    """A user who owns one folder and nothing else: OTHER if root runs the test, and otherwise the present one."""

    def __init__(self, folder):
        self.home, self.work, self.cache = folder / "home", folder / "work", folder / "cache"
        for path in (self.home, self.work, self.cache):
            path.mkdir(parents=True)
            if is_root():
                os.chown(path, OTHER, OTHER)
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "XDG_CACHE_HOME": str(self.cache)}
        self.become = ["setpriv", f"--reuid={OTHER}", f"--regid={OTHER}", "--clear-groups"] if is_root() else []
        if not is_root():
            print("not root: the programs run as the user who installed them, on files without write permission")

    def run(self, command, **variables):
        return run([*self.become, *command], cwd=self.work, env={**self.environment, **variables})


def temporary_folder(test_class):
    """A folder that every user can enter, removed after the tests of a class."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="cg-installed-"))
    folder.chmod(0o755)

    def remove():
        for path in [folder, *folder.rglob("*")]:  # folders without write permission hold their files
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
        shutil.rmtree(folder)

    test_class.addClassCleanup(remove)
    return folder


def snapshot(folder):
    """Every file below a folder, with its size and time of change."""
    return {str(path.relative_to(folder)): (path.lstat().st_size, path.lstat().st_mtime_ns)
            for path in sorted(folder.rglob("*"))}


def make_read_only(folder):
    for path in [*folder.rglob("*"), folder]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)


def use_programs(test, bin_folder, user):
    """A run, its results and its memory plan, by a user who can write only in a folder of their own."""
    said = user.run([bin_folder / "run_experiment", "quickstart", *TINY, "--device", "cpu", "--out", "run"])
    test.assertIn("Creating the synthetic phantom cohort", said)
    phantoms = list((user.cache / "cortexgrad" / "phantoms").iterdir())
    test.assertEqual(len(phantoms), 1)
    test.assertTrue((user.work / "run" / "summary.json").is_file())
    test.assertIn("years", user.run([bin_folder / "predict", "run/model.h5", phantoms[0], "--out", "ages.csv"]))
    test.assertIn("SHA-256", user.run([bin_folder / "convert_weights", "run/model.h5", "--list"]))
    test.assertIn("volume.png", user.run([bin_folder / "show_volume", phantoms[0]]))
    test.assertIn("peak", user.run([bin_folder / "profile_memory", "quickstart", "--batch", "4"]).lower())
    test.assertIn("usage: convert_pth", user.run([bin_folder / "convert_pth", "--help"]).lower())
    for program in sorted(bin_folder.iterdir()):
        test.assertIn(f"cortexgrad {version()}\n", user.run([program, "--version"]) + "\n", program)


def version():
    text = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    return text.partition("project(cortexgrad VERSION ")[2].split()[0]
