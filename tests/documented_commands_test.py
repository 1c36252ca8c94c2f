# SPDX-License-Identifier: Apache-2.0
"""Every command that README, a page of docs/ or a `--help` shows works: it is run in a folder with small files of the
same names. What cannot run here is listed below with its reason. A command that is not listed is run.

    documented_commands_test.py BUILD
"""
import pathlib
import re
import sys
import tempfile
import unittest

from commands_workplace import Workplace
from documented_commands import PROGRAMS, of_help, of_pages

BUILD = pathlib.Path(sys.argv.pop()).resolve() if len(sys.argv) > 1 else None
NOT_RUN = {  # the beginning of a command: why it is not run
    "./run_tests": "it would run the tests inside a test; tools.select_tests has its own",
    "tools/build.sh": "it builds this source tree, which the test is a part of",
    "tools/package.sh": "it builds everything for another processor: 10 minutes; packaging.debian packs this build",
    "tools/install_dependencies.sh": "it needs root and the network",
    "tools/gpu_check/gpu_check.sh": "it needs a GPU, or builds for one; see tools.gpu_check, tools.gpu_rehearsal",
    "tools/benchmark/compare_with_pytorch.sh": "it installs a new PyTorch from the network",
    "benchmark step --layers": "two volumes at 2 mm need minutes",
    "sweep_engines dynlocrep": "it needs a GPU; tools.sweep_engines runs what needs none",
    "sweep_engines quickstart": "it needs a GPU",
    "benchmark losses": "it measures for two minutes; the example of its --help is a short one",
    "benchmark_augmentations": "64 volumes at 2 mm; the example of its --help is a short one",
    "./run_experiment quickstart loss.name=nearest_age": "the loss that extending.md adds, with its own test",
    "explain_loss --loss nearest_age": "the same",
    "import_cohort openbhb/": "it needs OpenBHB; experiments.cohorts.* import files with its layout",
    "import_cohort --not-in maps.h5": "an option of the command before it",
}
RUN_ALL_THE_SAME = {"benchmark losses --rows 64 256 --plain-seconds 1",
                    "benchmark_augmentations --size 46 55 46 --volumes 16"}
INSTEAD = {  # what the reader's file is called, or a size that is too large for a test
    "data.cohort=openbhb.h5": "data.cohort=t1.h5",
    "study/sub-01/": "scans/sub-01/",
    "--subjects 1 --voxel 2": "--subjects 1 --voxel 14",
    "make_phantom_cohort --out": "make_phantom_cohort --voxel 14 --out",
    "--subjects 20 --out": "--subjects 20 --voxel 14 --out",
    "--modality t1 --sites 5 --out": "--modality t1 --sites 5 --threads 2 --out",
}
FAILS = {  # commands that show what the engine refuses: a part of the message
    "explain_loss --ages 20,21,25,70 --epoch 50 final_neighbours=1": "error: loss.",
    "explain_loss --loss y_aware --formulation printed --ages 20,30": "error: loss.",
    "explain_loss --loss simclr --ages 20": "error: loss.",
    "./run_experiment quickstart loss.name=threshold loss.formulation=printed": "expected at most 1e6 in training",
}
NEEDS_CUDA = ("--plans", "--list")


def bare(command):
    return re.sub(r"^(?:time )?(?:build/release/bin/)?", "", command)


def reason(command):
    """Why a command is not run, or None."""
    if bare(command) in RUN_ALL_THE_SAME:
        return None
    begins = lambda begin: re.match(re.escape(begin) + r"(?=[ /]|$)", bare(command))
    return next((why for begin, why in NOT_RUN.items() if begins(begin)), None)


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="cg-commands-")
        cls.addClassCleanup(folder.cleanup)
        cls.place = Workplace(pathlib.Path(folder.name), BUILD)
        cls.has_cuda = "CUDA backend: no" not in cls.place.run("run_experiment --version", cls.place.base)[1]
        cls.done = {}  # commands that ran, with their results

    def check(self, source, command):
        if reason(command):
            return
        with self.subTest(source=source, command=command):
            if command not in self.done:
                words = command
                for shown, used in INSTEAD.items():
                    words = words.replace(shown, used)
                self.done[command] = self.place.run(words)
            code, text = self.done[command]
            refused = FAILS.get(bare(command))
            if any(word in command for word in NEEDS_CUDA) and code == 7 and "when it was built" in text:
                print(f"not run, without the CUDA backend: {command}")
            elif refused:
                self.assertNotEqual(code, 0)
                self.assertIn(refused, text)
            else:
                self.assertEqual(code, 0, text)

    def test_of_pages(self):
        commands = of_pages()
        self.assertGreater(len(commands), 80)
        for page, command in commands:
            self.check(page, command)

    def test_of_help(self):
        for program in [*PROGRAMS, "tools/convert_pth.py"]:
            code, text = self.place.run(f"{program} --help", self.place.base)
            self.assertEqual(code, 0, text)
            examples = of_help(text)
            self.assertGreaterEqual(len(examples), 2, f"{program} --help shows fewer than two examples")
            for command in examples:
                path = "tools/" if command.startswith("convert_pth") else ""
                self.check(f"{program} --help", path + command)

    def test_what_is_listed_is_shown_somewhere(self):
        shown = {bare(command) for _, command in of_pages()}
        for program in PROGRAMS:
            shown |= {bare(command) for command in of_help(self.place.run(f"{program} --help", self.place.base)[1])}
        for begin in NOT_RUN:
            if not begin.startswith("tools/"):
                self.assertTrue(any(command.startswith(begin) for command in shown), begin)
        for command in [*FAILS, *RUN_ALL_THE_SAME]:
            self.assertIn(command, shown)


if __name__ == "__main__":
    unittest.main()
