# SPDX-License-Identifier: Apache-2.0
"""The reports of a GPU check, with fake programs and results: counts, reasons, exit codes."""

import json
import os
import stat
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools/gpu_check"))

import gpu_check
import gpu_compare
import gpu_measure
import gpu_sanitizer
import gpu_summary
import gpu_tests
from gpu_job import FAILED, INCOMPLETE, PASSED, Job


class FakeJob(unittest.TestCase):
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


class Tests(FakeJob):
    def doctest(self, name, passed, failed, *lines):
        cases = f"[doctest] test cases: {passed + failed} | {passed} passed | {failed} failed | 0 skipped"
        self.program(f"tests/{name}", *[f"echo '{line}'" for line in [*lines, cases]], f"exit {min(failed, 1)}")

    def test_a_skip_is_no_pass_and_keeps_its_reason(self):
        self.doctest("every_op_cuda_test", 3, 0, "MESSAGE: [skipped: no driver]")
        found = gpu_tests.tests(self.job)
        self.assertEqual(found["status"], INCOMPLETE)
        self.assertEqual(found["reasons"], ["every_op_cuda: no driver"])
        self.assertEqual(found["tests"][0]["passed"], 2)

    def test_a_failure_weighs_more_than_a_skip(self):
        self.doctest("a_cuda_test", 1, 0, "[skipped: no driver]")
        self.doctest("b_cuda_test", 1, 2)
        found = gpu_tests.tests(self.job)
        self.assertEqual(found["status"], FAILED)
        self.assertIn("b_cuda failed", found["reasons"])

    def test_all_passed(self):
        self.doctest("a_cuda_test", 4, 0)
        self.assertEqual(gpu_tests.tests(self.job)["status"], PASSED)

    def test_a_program_that_hangs_is_stopped_and_counted(self):
        self.program("tests/a_cuda_test", "exec sleep 60")
        self.job.deadline -= 53  # 7 s are left; 5 of them are needed to begin
        found = gpu_tests.tests(self.job)
        self.assertEqual(found["status"], INCOMPLETE)
        self.assertIn("it was stopped after", found["reasons"][0])


class TimeLimit(FakeJob):
    def test_what_a_program_started_ends_with_it(self):
        program = self.program("bin/starter", "echo begun", "sleep 60 &", 'echo $! >"$1"', "wait")
        begun = time.monotonic()
        done = self.job.run([program, self.root / "child"], 1)
        self.assertLess(time.monotonic() - begun, 30)  # not as long as the child would hold the output
        self.assertEqual((done.code, done.stdout), (124, "begun\n"))
        self.assert_ended(int((self.root / "child").read_text()))

    def test_what_a_finished_program_left_running_is_ended(self):
        program = self.program("bin/starter", "sleep 60 &", 'echo $! >"$1"')
        self.assertEqual(self.job.run([program, self.root / "child"], 20).code, 0)
        self.assert_ended(int((self.root / "child").read_text()))

    def assert_ended(self, process):
        for _ in range(100):
            try:
                os.kill(process, 0)
                if Path(f"/proc/{process}/stat").read_text().split(")")[-1].split()[0] == "Z":
                    return  # it has ended; its parent has not read its status
            except (ProcessLookupError, FileNotFoundError):
                return
            time.sleep(0.05)
        self.fail(f"process {process} still runs")

    def test_a_crash_is_said(self):
        self.assertIn("signal 11 ended it", self.job.run([self.program("bin/crash", "kill -SEGV $$")]).why())


class Device(FakeJob):
    def test_what_is_missing_is_said_in_words(self):
        self.program("bin/profile_memory", "echo 'error: --device cuda: no driver. Use --device cpu.' >&2", "exit 7")
        self.assertEqual(self.job.absent_device(), "--device cuda: no driver")
        gpu_check.run_stage(self.job, "memory", gpu_measure.memory, 60)
        written = json.loads((self.root / "out/memory.json").read_text())
        self.assertEqual((written["status"], written["reasons"]), (INCOMPLETE, ["--device cuda: no driver"]))

    def test_our_step_that_fails_fails_the_benchmark(self):
        self.program("bin/benchmark", "echo 'error: an illegal address' >&2", "exit 7")
        rounds, why = gpu_compare.take_turns(self.job, "bfloat16", {})
        self.assertEqual((rounds, why), ([], "error: an illegal address"))


class Sanitizer(FakeJob):
    OURS = [
        "========= Invalid __global__ write of size 4 bytes",
        "=========     at void cg::cuda::run<cg::cuda::Map<cg::cuda::AddPart<float>>>(T1)+0x90 in map.h:24",
        "=========     by thread (0,0,0) in block (0,0,0)",
        "=========     Access at 0x7fb6e7600001 is misaligned",
    ]
    LIBRARY = [
        "========= Uninitialized __global__ memory read of size 16 bytes",
        "=========     at sm90_xmma_fprop_bf16+0x1230",
        "=========     by thread (64,0,0) in block (0,0,0)",
        "=========     Saved host backtrace up to driver entry point at kernel launch time",
        "=========         Host Frame: cg::cuda::CudaBackend::run(void*) [0x12] in libcortexgrad_cuda.so",
    ]
    NOBODY = ["========= Program hit cudaErrorLaunchFailure (error 719) due to a failure on CUDA API call"]

    def run_on(self, found, errors, code=None):
        """The stage with fake tests, for which compute-sanitizer prints this."""
        lines = ["========= COMPUTE-SANITIZER", *found, "=========", f"========= ERROR SUMMARY: {errors} errors"]
        return self.run_saying(lines, (9 if errors else 0) if code is None else code)

    def run_saying(self, lines, code):
        (self.root / "said").write_text("\n".join(lines) + "\n")
        self.program("bin/compute-sanitizer", f"cat {self.root}/said", f"exit {code}")
        before = os.environ["PATH"]
        self.addCleanup(os.environ.update, PATH=before)
        os.environ["PATH"] = f"{self.root}/build/release/bin:{before}"
        return gpu_sanitizer.sanitizer(self.job)

    def test_nothing_found(self):
        found = self.run_on([], 0)
        self.assertEqual((found["status"], found["reasons"], len(found["runs"])), (PASSED, [], 8))

    def test_a_finding_in_our_kernel_fails(self):
        found = self.run_on(self.LIBRARY + self.OURS, 2)
        self.assertEqual(found["status"], FAILED)
        self.assertEqual(found["runs"][0]["findings"], dict(ours=1, unnamed=0, library=1))

    def test_a_finding_in_a_library_is_reported_and_does_not_fail(self):
        found = self.run_on(self.LIBRARY * 2, 2)
        self.assertEqual(found["status"], PASSED)
        self.assertEqual(found["runs"][0]["findings"], dict(ours=0, unnamed=0, library=2))
        self.assertEqual(len(found["runs"][0]["library"]), 1)
        self.assertIn("sm90_xmma_fprop_bf16", gpu_summary.lines_of("sanitizer", found)[0])

    def test_a_finding_that_names_no_kernel_or_was_not_printed_fails(self):
        self.assertEqual(self.run_on(self.NOBODY, 1)["status"], FAILED)
        self.assertEqual(self.run_on(self.LIBRARY, 3)["runs"][0]["findings"], dict(ours=0, unnamed=2, library=1))

    def test_a_test_that_fails_is_no_finding_but_fails(self):
        found = self.run_on([], 0, code=1)
        self.assertEqual(found["status"], FAILED)
        self.assertIn("exit code 1", found["reasons"][0])

    def test_races_name_their_kernels_in_the_first_line(self):
        race = "========= Error: Race reported between Write access at {}+0x90 and Read access at {}+0x40 [4 hazards]"
        for kernel, owner in (("void cg::cuda::run<T>(T1)", "ours"), ("void gemm<T>(T1)", "library")):
            text = (
                race.format(kernel, kernel) + "\n========= RACECHECK SUMMARY: 1 hazard displayed (1 error, 0 warnings)"
            )
            counts, _ = gpu_sanitizer.sorted_findings(text)
            self.assertEqual(counts[owner], 1)

    def test_a_tool_that_does_not_come_to_its_end_is_no_pass(self):
        found = self.run_saying(["========= Error: Device not supported"], 1)
        self.assertEqual((found["status"], len(found["reasons"])), (INCOMPLETE, 8))
        self.assertIn("Device not supported", found["reasons"][0])


class Benchmark(FakeJob):
    """Fake programs instead of ours and of PyTorch."""

    def setUp(self):
        super().setUp()
        self.job.sizes = lambda *_, **__: []
        (self.root / "tools/benchmark").mkdir(parents=True)

    def stage(self, precision="bfloat16", ours=2.0, loss=1.0, pytorch=None):
        """`pytorch`: seconds of a step by "variant stem"; others take 4. A text instead of a number ends the program."""
        step = dict(seconds_median=ours, loss=loss, device="a card", planned_bytes=5)
        self.program("bin/benchmark", f"echo '{json.dumps(step)}'")
        (self.root / "tools/benchmark/benchmark_pytorch_gpu.py").write_text(f"""import json, sys
of = lambda name: sys.argv[sys.argv.index("--" + name) + 1]
took = {pytorch or {}!r}.get(of("variant") + " " + of("stem"), 4.0)
if isinstance(took, str): sys.exit(took)
print("a library's word", flush=True)
print(json.dumps(dict(seconds_to_warm=1)), flush=True)
for _ in sys.stdin: print(json.dumps(dict(seconds_median=took, loss=1.0, allocated_bytes=10)), flush=True)
""")
        return gpu_compare.benchmark(self.job, precision)

    def test_twice_as_fast_as_the_fastest_setting(self):
        found = self.stage(pytorch={"graph plain": 6.0, "compile-graph plain": 3.6, "compile-graph folded": 3.0})
        self.assertEqual((found["status"], found["reasons"]), (PASSED, []))
        self.assertEqual(found["result"]["plain"]["setting"], "compile-graph, plain stem")
        self.assertAlmostEqual(found["result"]["plain"]["times_faster"], 1.8)
        self.assertAlmostEqual(found["result"]["folded"]["times_faster"], 1.5)
        met = {row["goal"]: row["met"] for row in found["goals"]}
        self.assertEqual(met["times PyTorch's speed: at least 2"], False)
        self.assertEqual(met["times the speed with our stem: at least 1.2"], True)

    def test_a_setting_that_could_not_run_leaves_the_best_unknown(self):
        found = self.stage(pytorch={"compile plain": "no compiler"})
        self.assertEqual(found["status"], INCOMPLETE)
        self.assertEqual(found["reasons"], ["PyTorch, compile, plain stem: no compiler"])
        self.assertEqual(len(found["pytorch"]), 5)

    def test_without_the_rival_that_has_our_stem_it_is_incomplete(self):
        found = self.stage(pytorch={"eager folded": "no memory"})
        self.assertEqual(found["status"], INCOMPLETE)
        self.assertIn("eager, folded stem: no memory", found["reasons"][0])

    def test_under_one_and_a_half_times_as_fast_is_a_defect_in_bfloat16(self):
        found = self.stage(ours=3.0)
        self.assertEqual(found["status"], FAILED)
        self.assertIn("1.33 times as fast", found["reasons"][0])
        self.assertEqual(self.stage("float32", ours=3.0)["status"], PASSED)

    def test_a_first_loss_that_differs_fails(self):
        for loss in (1.03, float("nan")):
            found = self.stage(loss=loss)
            self.assertEqual(found["status"], FAILED)
            self.assertIn("first loss differs", found["reasons"][0])
        self.assertEqual(self.stage(loss=1.01)["status"], PASSED)
        self.assertEqual(self.stage("float32", loss=1.001)["status"], FAILED)

    def test_a_failure_weighs_more_than_what_could_not_run(self):
        found = self.stage(ours=3.0, pytorch={"graph plain": "no memory"})
        self.assertEqual((found["status"], len(found["reasons"])), (FAILED, 2))

    def test_fewer_rounds_than_planned_are_said(self):
        rival = type("Rival", (), {"name": "graph, plain stem", "reason": "it ended without a word"})
        rounds = [dict(plain=1.0), dict(plain=None)]
        reasons = gpu_compare.incomplete_rounds(rounds, {"plain": rival})
        self.assertEqual(len(reasons), 2)
        self.assertIn("time for 2 of 5 pairs", reasons[0])
        self.assertIn("graph, plain stem: it ended without a word, in 1 rounds", reasons[1])


class Memory(FakeJob):
    def status(self, above, beside=0):
        result = dict(
            planned=dict(total=1000, beside=500),
            measured=dict(above_baseline=above, nvml=dict(above_baseline=1000), beside=beside),
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

    def test_more_code_than_is_kept_free_for_it_fails(self):
        self.assertEqual(self.status(1000, 500), PASSED)
        self.assertEqual(self.status(1000, 501), FAILED)


class Jobs(FakeJob):
    def table(self, *lines):
        """The stage with a program that writes a summary like an experiment, after `lines`."""
        self.program(
            "bin/run_experiment",
            'while [ "$1" != --out ]; do shift; done',
            *lines,
            'mkdir -p "$2"',
            """echo '{"test": {"mae": 3.5}}' >"$2/summary.json\"""",
        )
        return gpu_measure.table_3(self.job)

    def test_all_losses_of_the_table_are_trained(self):
        found = self.table()
        self.assertEqual((found["status"], len(found["runs"])), (PASSED, 7))
        self.assertTrue(found["goals"][0]["met"])
        self.assertIn('simclr: 0.0 s, test {"mae": 3.5}', gpu_summary.lines_of("table-3", found)[0])

    def test_a_loss_that_fails_fails_the_table_and_leaves_no_sum(self):
        found = self.table('case "$*" in *nnclr*) echo "error: NaN" >&2; exit 5 ;; esac')
        self.assertEqual((found["status"], found["reasons"], len(found["runs"])), (FAILED, ["nnclr: error: NaN"], 6))
        self.assertEqual(found["goals"], [])


class Summary(FakeJob):
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
