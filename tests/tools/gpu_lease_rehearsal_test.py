# SPDX-License-Identifier: Apache-2.0
"""The GPU check for a few minutes, rehearsed with the real programs and tiny sizes on the CPU. If the build has the
CUDA backend, the check runs from a bundle: packed, and unpacked in another folder.

    gpu_lease_rehearsal_test.py BUILD
"""

import importlib.util
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(sys.argv.pop()).resolve()
SECONDS = 300  # for all stages; they need 20 to 90, by how busy the machine is
STAGES = "card parity sweep step kernels rival determinism memory-bfloat16 memcheck".split()


def run(command, folder, **environment):
    """Runs a program with no variables but these."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    done = subprocess.run(
        list(map(str, command)),
        capture_output=True,
        text=True,
        cwd=folder,
        env={**kept, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        check=False,
    )
    print(done.stdout + done.stderr)
    return done


class Rehearsal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        cls.out = cls.folder / "out"
        words = ["lease", "--rehearse", "--deadline", SECONDS, "--out", cls.out]
        if (BUILD / "bin/libcortexgrad_cuda.so").exists():
            script = cls.unpack_elsewhere()
            command = ["bash", script, "run", *words]
        else:
            print("This build has no CUDA backend: the check runs from the build, not from a bundle.")
            command = [sys.executable, ROOT / "tools/gpu_check/gpu_check.py", *words, "--build", BUILD]
        cls.done = run(command, cls.folder, CORTEXGRAD_PYTHON=sys.executable, TMPDIR=str(cls.folder))
        cls.summary = (cls.out / "summary.txt").read_text().splitlines()
        with tarfile.open(cls.out / "results.tar") as archive:
            cls.files = {Path(member.name).name: archive.extractfile(member).read() for member in archive}

    @classmethod
    def unpack_elsewhere(cls):
        """Packs a bundle, and moves it. Returns its script, which unpacks it."""
        packed, moved = cls.folder / "packed", cls.folder / "moved"
        script = ROOT / "tools/gpu_check/gpu_check.sh"
        done = run([script, "bundle", packed, "--build", BUILD], cls.folder, CG_XZ_LEVEL="0")
        assert done.returncode == 0, done.stderr
        packed.rename(moved)
        return moved / "gpu_check.sh"

    def stage(self, name):
        return json.loads(self.files[f"{name}.json"])

    def test_nothing_failed(self):
        self.assertIn(self.done.returncode, (0, 3))
        self.assertEqual(self.summary[2], "wrong: nothing that ran")
        self.assertEqual([name for name in STAGES if self.stage(name)["status"] == "failed"], [])

    def test_what_a_cpu_can_do_was_done(self):
        for name in ("card", "step", "memory-bfloat16"):
            self.assertEqual((name, self.stage(name)["status"], self.stage(name)["reasons"]), (name, "passed", []))
        self.assertGreater(self.stage("step")["steps"]["heuristics"]["seconds_median"], 0)
        self.assertGreater(len(self.stage("step")["layers_bfloat16"]), 40)

    def test_each_missing_part_has_its_reason(self):
        torch = importlib.util.find_spec("torch")
        expected = {"kernels": "left out: a rehearsal runs on the CPU"}
        expected.update({} if torch else {"rival": "No module named 'torch'", "determinism": "No module named 'torch'"})
        for name, reason in expected.items():
            self.assertEqual(self.stage(name)["status"], "incomplete")
            self.assertIn(reason, " ".join(self.stage(name)["reasons"]))
        for name in STAGES:
            if self.stage(name)["status"] == "incomplete":
                self.assertTrue(self.stage(name)["reasons"], name)
                self.assertIn(f"{name}: ", self.summary[3])

    def test_trainings_end_with_one_digest_and_others_with_another(self):
        ours = self.stage("determinism")["ours"]
        self.assertEqual((len(ours), len(set(ours))), (2, 1))
        self.assertIn(f"same bits: ours: 2 trainings, one digest {ours[0][:16]}", self.summary[6])
        log = self.files["determinism.txt"].decode()
        command = next(line for line in log.splitlines() if line.startswith("$") and "--digest" in line)
        words = command.split()[2:]
        words[words.index("--steps") + 1] = "2"
        longer = run([BUILD / "bin/benchmark", *words], self.folder, OMP_NUM_THREADS="1")
        self.assertNotIn(json.loads(longer.stdout)["digests"][0], ours)

    def test_what_comes_back_is_small_and_in_few_files(self):
        self.assertLessEqual(len(list(self.out.iterdir())), 8)
        self.assertLess((self.out / "results.tar").stat().st_size, 4_000_000)
        self.assertEqual({f"{name}.{kind}" for name in STAGES for kind in ("json", "txt")} - self.files.keys(), set())

    def test_the_first_ten_lines(self):
        self.assertIn("REHEARSAL", self.summary[0])
        self.assertRegex(self.summary[4], r"^our step: [\d.]+ ms with cuDNN's heuristics$")
        self.assertEqual(self.summary[10], "")


if __name__ == "__main__":
    unittest.main()
