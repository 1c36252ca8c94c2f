"""What a GPU check says of its stages, from made-up programs and results: counts, reasons, exit codes."""

import json
import stat
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import gpu_check
import gpu_compare
import gpu_measure
import gpu_summary
from gpu_job import FAILED, INCOMPLETE, PASSED, Job


class MadeUpJob(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)
        for name in ("build/release/bin", "build/release/tests", "out"):
            (self.root / name).mkdir(parents=True)
        self.job = Job(self.root, self.root / "out", 60, rehearse=False)
        self.job.say = self.job.log.append

    def program(self, name, *lines):
        file = self.root / "build/release" / name
        file.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
        return file


class Tests(MadeUpJob):
    def doctest(self, name, passed, failed, *lines):
        cases = f"[doctest] test cases: {passed + failed} | {passed} passed | {failed} failed | 0 skipped"
        self.program(f"tests/{name}", *[f"echo '{line}'" for line in [*lines, cases]], f"exit {min(failed, 1)}")

    def test_a_skip_is_no_pass_and_keeps_its_reason(self):
        self.doctest("every_op_cuda_test", 3, 0, "MESSAGE: [skipped: no driver]")
        found = gpu_check.tests(self.job)
        self.assertEqual(found["status"], INCOMPLETE)
        self.assertEqual(found["reasons"], ["every_op_cuda: no driver"])
        self.assertEqual(found["tests"][0]["passed"], 2)

    def test_a_failure_weighs_more_than_a_skip(self):
        self.doctest("a_cuda_test", 1, 0, "[skipped: no driver]")
        self.doctest("b_cuda_test", 1, 2)
        found = gpu_check.tests(self.job)
        self.assertEqual(found["status"], FAILED)
        self.assertIn("b_cuda failed", found["reasons"])

    def test_all_passed(self):
        self.doctest("a_cuda_test", 4, 0)
        self.assertEqual(gpu_check.tests(self.job)["status"], PASSED)

    def test_a_program_that_hangs_is_stopped_and_counted(self):
        self.program("tests/a_cuda_test", "exec sleep 60")
        self.job.deadline -= 53  # 7 s are left; 5 of them are needed to begin
        found = gpu_check.tests(self.job)
        self.assertEqual(found["status"], INCOMPLETE)
        self.assertIn("it was stopped after", found["reasons"][0])


class Device(MadeUpJob):
    def test_what_is_missing_is_said_in_words(self):
        self.program("bin/profile_memory", "echo 'error: --device cuda: no driver. Use --device cpu.' >&2", "exit 7")
        self.assertEqual(self.job.absent_device(), "--device cuda: no driver")
        gpu_check.run_stage(self.job, "memory", 60)
        written = json.loads((self.root / "out/memory.json").read_text())
        self.assertEqual((written["status"], written["reasons"]), (INCOMPLETE, ["--device cuda: no driver"]))

    def test_our_step_that_fails_fails_the_benchmark(self):
        self.program("bin/benchmark", "echo 'error: an illegal address' >&2", "exit 7")
        rounds, why = gpu_compare.take_turns(self.job, "bfloat16", {})
        self.assertEqual((rounds, why), ([], "error: an illegal address"))


class Memory(MadeUpJob):
    def status(self, above):
        result = dict(
            planned=dict(total=1000),
            measured=dict(above_baseline=above, nvml=dict(above_baseline=1000)),
            batch=9,
            free=1,
        )
        self.program(
            "bin/profile_memory", 'while [ "$1" != --json ]; do shift; done', f"echo '{json.dumps(result)}' > \"$2\""
        )
        return gpu_measure.memory(self.job)["status"]

    def test_a_plan_off_by_more_than_five_percent_fails(self):
        self.assertEqual(self.status(1040), PASSED)
        self.assertEqual(self.status(1060), FAILED)
        self.assertEqual(self.status(940), FAILED)


class Summary(MadeUpJob):
    def code(self, **stages):
        for name, status in stages.items():
            reasons = [] if status == PASSED else ["a reason"]
            self.job.write(name, dict(status=status, reasons=reasons, seconds=1))
        return gpu_summary.summarise([self.job.out], self.job.out)

    def test_exit_codes(self):
        self.assertEqual(gpu_summary.summarise([self.job.out], self.job.out), 3)
        self.assertEqual(self.code(tests=PASSED), 0)
        self.assertEqual(self.code(memory=INCOMPLETE), 3)
        self.assertEqual(self.code(sanitizer=FAILED), 1)
        text = (self.root / "out/summary.md").read_text()
        self.assertIn("could not run: a reason", text)
        self.assertIn("| main-job | not run |", text)

    def test_ratios_of_pairs(self):
        rounds = [dict(ours=2.0, memory=50, loss=1.0, plain=theirs) for theirs in (4.0, 6.0, 5.0)]
        rival = type("Rival", (), {"name": "graph, plain stem"})
        rows = [dict(setting=rival.name, memory_by_nvml=100, loss=1.0)]
        result = gpu_compare.compared(rounds, {"plain": rival}, rows)
        self.assertEqual(result["plain"]["times_faster"], 2.5)
        self.assertEqual(result["plain"]["range"], [2.0, 3.0])
        self.assertEqual(result["plain"]["memory_ratio"], 0.5)

    def test_bound_of_a_layer(self):
        limits = dict(bytes_per_second=1e12, operations_per_second=dict(bfloat16=1e15))
        row = dict(bytes=10**9, operations=10**12, milliseconds=2.0)
        found = gpu_measure.with_bound(row, limits, "bfloat16")
        self.assertEqual((found["bound_by"], found["bound_milliseconds"], found["share_of_bound"]), ("bytes", 1.0, 0.5))


if __name__ == "__main__":
    unittest.main()
