# SPDX-License-Identifier: Apache-2.0
"""The stages of a GPU check that has a few minutes, with fake programs: what they start, and how they judge results."""

import json
import os
import unittest

from gpu_check_test import FakeJob

import gpu_compare
import gpu_determinism
import gpu_engines
import gpu_lease
import gpu_measure
import gpu_sanitizer
import gpu_tests
from gpu_job import ENGINE_TABLE, FAILED, INCOMPLETE, PASSED


class WithTools(FakeJob):
    """The folder of our fake programs is also on the PATH, for fake tools."""

    def setUp(self):
        super().setUp()
        before = os.environ["PATH"]
        self.addCleanup(os.environ.update, PATH=before)
        os.environ["PATH"] = f"{self.root}/build/release/bin:{before}"

    def python(self, name, *lines):
        """One of the PyTorch programs."""
        file = self.root / "tools/benchmark" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("\n".join(["import json, sys", *lines]) + "\n")


class Engines(WithTools):
    LINE = dict(
        problem="l1", direction="forward", tflops=100, workspace=0, equal_bits=True, error_to_first=1e-3, chosen=False
    )

    def sweep(self, *candidates, code=0, table=True):
        self.program(
            "bin/sweep_engines",
            f'echo "$*" >{self.root}/words',
            *[f"echo '{json.dumps(dict(self.LINE, **line))}'" for line in candidates],
            *(['echo table >"$4"'] if table else []),
            f"exit {code}",
        )
        return gpu_engines.sweep(self.job)

    def test_without_its_program_it_is_left_out_with_the_reason(self):
        found = gpu_engines.sweep(self.job)
        self.assertEqual(found["status"], INCOMPLETE)
        self.assertIn("left out: this build has no program sweep_engines", found["reasons"])

    def test_the_table_is_written_for_the_user_and_for_the_next_stages(self):
        found = self.sweep(dict(engine=22, ms=0.4), dict(engine=62, ms=0.3, chosen=True))
        self.assertEqual((found["status"], found["reasons"]), (PASSED, []))
        row = found["problems"][0]
        self.assertEqual((row["first"], row["first_ms"], row["engine"], row["ms"]), (22, 0.4, 62, 0.3))
        self.assertEqual(self.job.known["table"], self.root / "out/engines.txt")
        self.assertEqual((self.root / "out/engines.txt").read_text(), "table\n")
        words = (self.root / "words").read_text().split()
        self.assertEqual((words[0], words[2], words[3]), ("--seconds", "--table", f"{self.root}/out/engines.txt"))
        self.assertIn(int(words[1]), (54, 55))  # of 60, with 5 for the end

    def test_a_choice_without_equal_bits_is_wrong(self):
        found = self.sweep(dict(engine=22, ms=0.4), dict(engine=9, ms=0.3, equal_bits=False, chosen=True))
        self.assertEqual(found["status"], FAILED)
        self.assertIn("l1 forward: engine 9 does not repeat its bits", found["reasons"])

    def test_a_choice_with_another_result_is_wrong(self):
        for error in (0.1, None):  # null: not finite
            found = self.sweep(dict(engine=22, ms=0.4), dict(engine=9, ms=0.3, error_to_first=error, chosen=True))
            self.assertEqual(found["status"], FAILED)
            self.assertIn("differs from the first", found["reasons"][0])

    def test_a_choice_may_be_two_percent_slower_than_the_fastest_and_not_more(self):
        for ms, status in ((0.305, PASSED), (0.31, FAILED)):
            found = self.sweep(dict(engine=22, ms=0.3, workspace=9), dict(engine=9, ms=ms, chosen=True))
            self.assertEqual(found["status"], status)
        found = self.sweep(dict(engine=22, ms=0.1, equal_bits=False), dict(engine=9, ms=0.3, chosen=True))
        self.assertEqual(found["status"], PASSED)  # the fastest does not repeat its bits

    def test_a_problem_without_a_choice_and_a_sweep_without_a_table_are_wrong(self):
        found = self.sweep(dict(engine=22, ms=0.3), table=False)
        self.assertEqual(found["reasons"], ["l1 forward: no engine was chosen of 1", "sweep_engines wrote no table"])

    def test_an_engine_that_could_not_run_has_no_time(self):
        failed = dict(engine=1, failure="not supported")
        found = self.sweep(
            failed, dict(engine=22, ms=0.3, uses=3, chosen=True), dict(engine=22, ms=1, adds=True, chosen=True)
        )
        self.assertEqual((found["status"], [row["candidates"] for row in found["problems"]]), (PASSED, [2, 1]))
        self.assertEqual(gpu_engines.in_a_step(found["problems"]), [1.9, 1.9])

    def test_problems_without_time_are_said(self):
        self.program("bin/sweep_engines", "echo '7 of 9 problems in 55 s.' >&2", 'echo table >"$4"')
        found = gpu_engines.sweep(self.job)
        self.assertEqual((found["status"], found["reasons"]), (INCOMPLETE, ["time for 7 of 9 problems"]))
        self.assertIn("table", self.job.known)

    def test_no_device_is_no_failure(self):
        found = self.sweep(code=7, table=False)
        self.assertEqual(found["status"], INCOMPLETE)

    def test_what_was_printed_before_the_time_was_over_counts(self):
        self.job.deadline -= 58.5
        self.program(
            "bin/sweep_engines",
            f"echo '{json.dumps(dict(self.LINE, engine=1, ms=1, chosen=True))}'",
            """printf '{"problem": "cut o'""",
            "exec sleep 30",
        )
        found = gpu_engines.sweep(self.job)
        self.assertEqual((found["status"], len(found["problems"])), (INCOMPLETE, 1))
        self.assertIn("it was stopped after", found["reasons"][0])


class Determinism(WithTools):
    def stage(self, digests):
        """`digests`: one character per process of ours; PyTorch is not there."""
        self.program(
            "bin/benchmark",
            f'echo "$*" >>{self.root}/words',
            f"n=$(wc -l <{self.root}/words)",
            f"d=$(echo {digests} | cut -c$n)",
            'while [ "$1" != --digest ]; do shift; done',
            "all=$(for i in $(seq $2); do printf ',\"%s\"' $d; done)",
            'echo "{\\"digests\\": [${all#,}]}"',
        )
        self.python("benchmark_pytorch_gpu.py", "sys.exit('no module torch')")
        return gpu_determinism.determinism(self.job)

    def test_ten_trainings_of_twenty_steps_in_three_processes_have_one_digest(self):
        found = self.stage("aaa")
        self.assertEqual(found["ours"], ["a"] * 10)
        words = (self.root / "words").read_text().splitlines()
        self.assertEqual(len(words), 3)
        self.assertTrue(all("--steps 20 --warmup 0" in line for line in words))
        self.assertEqual(["--no-graphs" in line for line in words], [False, False, True])

    def test_two_digests_are_a_failure(self):
        found = self.stage("aab")
        self.assertEqual(found["status"], FAILED)
        self.assertEqual(found["reasons"][0], "our trainings end with 2 different digests")

    def test_why_pytorch_refuses_is_recorded_and_is_no_failure(self):
        self.program("bin/benchmark", """echo '{"digests": ["a"]}'""")
        said = dict(refused="max_pool3d: no deterministic", digests=[], digests_after_warnings=["1", "2", "2"])
        self.python("benchmark_pytorch_gpu.py", f"print({json.dumps(said)!r})")
        found = gpu_determinism.determinism(self.job)
        self.assertEqual(found["status"], PASSED)
        self.assertEqual(
            gpu_determinism.lines_of(found),
            [
                "ours: 3 trainings, one digest a",
                "PyTorch refuses: max_pool3d: no deterministic",
                "PyTorch after this warning: 3 trainings, 2 different digests",
            ],
        )

    def test_without_pytorch_ours_still_counts(self):
        found = self.stage("aaa")
        self.assertEqual(found["status"], INCOMPLETE)
        self.assertEqual(found["reasons"], ["PyTorch's trainings: no module torch"])
        self.assertEqual(len(found["ours"]), 10)


class Kernels(WithTools):
    HEADER = '"ID","Kernel Name","gpu__time_duration.sum","dram__bytes_read.sum","dram__bytes_write.sum"'

    def ncu(self, *lines):
        self.program(
            "bin/ncu", f'echo "$*" >>{self.root}/words', f'echo "$LD_LIBRARY_PATH" >>{self.root}/paths', *lines
        )

    def table(self, *rows):
        operations = ',"sm__ops_path_tensor_src_bf16_dst_fp32.sum"'
        (self.root / "table").write_text(
            "\n".join([f"{self.HEADER}{operations}", '"","","ns","byte","byte",""', *rows])
        )
        return f"cat {self.root}/table"

    def test_two_steps_are_profiled_and_the_bound_is_the_larger_of_both(self):
        self.ncu(
            self.table(
                '"0","conv","1,000,000","1,000,000,000","0","500,000,000,000"', '"1","conv","1000000","0","0","0"'
            )
        )
        limits = dict(bytes_per_second=4e12, operations_per_second=dict(bfloat16=8e14))
        rows, why = gpu_measure.kernels_of(self.job, 2, limits)
        self.assertEqual(why, "")
        self.assertEqual((rows[0]["calls"], rows[0]["read"], rows[0]["bound_by"]), (2, 1e9, "operations"))
        self.assertAlmostEqual(rows[0]["seconds"], 2e-3)
        self.assertAlmostEqual(rows[0]["bound_seconds"], 6.25e-4)
        self.assertEqual(len((self.root / "words").read_text().splitlines()), 2)

    def test_only_the_target_gets_the_bundles_libraries_and_caches_are_left_alone(self):
        self.ncu(self.table('"0","a","1","1","1","1"'))
        gpu_measure.kernels_of(self.job, 1)
        words = (self.root / "words").read_text()
        self.assertIn("--cache-control none", words)
        self.assertIn("--clock-control none", words)
        self.assertRegex(words, rf"env LD_LIBRARY_PATH={self.root}/lib\S* .*bin/benchmark step --no-graphs")
        self.assertNotIn(f"{self.root}/lib", (self.root / "paths").read_text())

    def test_a_card_without_the_metric_of_the_matrix_units_still_gives_times_and_bytes(self):
        self.ncu(
            'case "$*" in *sm__ops*) echo "error: no such metric" >&2; exit 1 ;; esac',
            self.table('"0","a","9","1","1"'),
        )
        rows, why = gpu_measure.kernels_of(
            self.job, 1, dict(bytes_per_second=1e9, operations_per_second=dict(bfloat16=1))
        )
        self.assertEqual((why, len(rows), rows[0]["bound_by"]), ("", 1, "bytes"))

    def test_a_second_step_that_does_not_fit_is_said(self):
        self.ncu("sleep 3", self.table('"0","a","9","1","1","1"'))
        self.job.deadline -= 54  # 6 s are left
        rows, why = gpu_measure.kernels_of(self.job, 2)
        self.assertEqual((len(rows), why), (1, "time for 1 of 2 steps under ncu"))


class Memcheck(WithTools):
    def stage(self, code, *lines, seconds=60):
        self.program("bin/compute-sanitizer", f'echo "$*" >>{self.root}/words', *lines, f"exit {code}")
        self.job.deadline -= 60 - seconds
        return gpu_sanitizer.sanitizer(self.job, gpu_sanitizer.SHORT)

    def test_a_count_that_is_too_small_with_few_examples_is_no_failure(self):
        done = "echo '========= ERROR SUMMARY: 0 errors'"
        found = self.stage(f'$(case "$*" in *{gpu_sanitizer.OPS}*) echo 1 ;; *) echo 0 ;; esac)', done)
        self.assertEqual((found["status"], found["reasons"]), (PASSED, []))
        words = (self.root / "words").read_text()
        self.assertIn("max_success=20", words)
        self.assertEqual(self.stage(1, done)["status"], FAILED)  # the training, which must pass

    def test_what_was_found_before_the_time_was_over_is_a_failure(self):
        found = self.stage(
            0,
            "echo '========= Invalid __global__ write of size 4 bytes'",
            "echo '=========     at void cg::cuda::run<T>(T1)+0x90 in map.h:24'",
            "exec sleep 30",
            seconds=4,
        )
        self.assertEqual(found["status"], FAILED)
        self.assertIn("1 problems in our kernels", found["reasons"][0])

    def test_nothing_until_the_time_was_over_is_incomplete(self):
        found = self.stage(0, "exec sleep 30", seconds=4)
        self.assertEqual(found["status"], INCOMPLETE)
        self.assertIn("without a problem until then", found["reasons"][0])


class Card(WithTools):
    def test_state_properties_plans_and_rates_are_known_before_anything_is_computed(self):
        said = dict(planned=dict(total=1), device_properties=dict(multiProcessorCount=132), convolution_plans=[1])
        self.program("bin/nvidia-smi", "echo 'NVIDIA H200, 580.1'")
        self.program(
            "bin/profile_memory",
            f'echo "$*" >{self.root}/words',
            'while [ "$1" != --json ]; do shift; done',
            f"echo '{json.dumps(said)}' >\"$2\"",
        )
        limits = dict(bytes_per_second=4e12, operations_per_second=dict(bfloat16=8e14))
        self.python("benchmark_pytorch_gpu.py", f"print({json.dumps(limits)!r})")
        found = gpu_lease.card(self.job)
        self.assertEqual((found["status"], found["state"]), (PASSED, "NVIDIA H200, 580.1"))
        self.assertEqual(found["device_properties"], dict(multiProcessorCount=132))
        self.assertEqual(self.job.known["limits"], limits)
        words = (self.root / "words").read_text()
        self.assertIn("--batch 32", words)
        self.assertNotIn("--measure", words)


class Step(WithTools):
    def stage(self, loss):
        """`loss`: of the name of the engines."""
        layer = dict(layer="l1", op="conv3d", direction="forward", milliseconds=1, bytes=1e9, operations=1e9)
        for name, seconds in (("heuristics", 0.010), ("table", 0.009)):
            (self.root / name).write_text(json.dumps(dict(seconds_median=seconds, loss=loss(name), layers=[layer])))
        self.program(
            "bin/benchmark",
            f'echo "${ENGINE_TABLE}|$*" >>{self.root}/words',
            f'[ "${ENGINE_TABLE}" ] && cat {self.root}/table || cat {self.root}/heuristics',
        )
        self.job.known.update(
            table=self.root / "t", limits=dict(bytes_per_second=1e12, operations_per_second=dict(bfloat16=1e15))
        )
        return gpu_lease.step(self.job)

    def test_another_first_loss_with_the_table_is_wrong(self):
        for loss in (1.03, float("nan")):
            found = self.stage(lambda name, loss=loss: loss if name == "table" else 1.0)
            self.assertEqual(found["status"], FAILED)
            self.assertIn("the first loss differs", found["reasons"][0])

    def test_it_is_timed_with_and_without_the_table_and_then_by_layer_without_graphs(self):
        found = self.stage(lambda _: 1.0)
        self.assertEqual(found["status"], PASSED)
        self.assertEqual(found["steps"]["heuristics"]["seconds_median"], 0.010)
        self.assertEqual(found["steps"]["table"]["seconds_median"], 0.009)
        self.assertEqual(found["layers_bfloat16"][0]["bound_milliseconds"], 1.0)
        self.assertEqual(found["goals"][0]["found"], 9)
        words = (self.root / "words").read_text().splitlines()
        self.assertTrue(words[0].startswith("|step"))
        self.assertTrue(words[1].startswith(f"{self.root}/t|step"))
        self.assertNotIn("--no-graphs", words[1])
        self.assertIn("--layers --json --no-graphs", words[2])

    def test_a_table_of_the_command_line_is_for_every_program(self):
        self.job.use_table(self.root / "t")
        self.assertEqual(self.job.environment[ENGINE_TABLE], str(self.root / "t"))
        self.assertIn(f"{ENGINE_TABLE}={self.root / 't'}", self.job.started_by_a_tool("p"))


class Parity(WithTools):
    def test_only_tests_on_the_device_run_with_few_examples(self):
        for name in [*gpu_tests.ON_THE_DEVICE, "tensor.backend.cuda.ops.kernels_test"]:
            self.program(
                f"tests/{name}",
                f'echo "$0 $RC_PARAMS $CORTEXGRAD_LARGE_EXAMPLES" >>{self.root}/words',
                "echo '[doctest] test cases: 2 | 2 passed | 0 failed | 0 skipped'",
            )
        found = gpu_tests.parity(self.job)
        self.assertEqual((found["status"], len(found["tests"])), (PASSED, 3))
        words = (self.root / "words").read_text()
        self.assertNotIn("kernels_test", words)
        self.assertEqual(words.count("max_success=100 3\n"), 3)

    def test_a_test_that_is_not_there_is_said(self):
        found = gpu_tests.parity(self.job)
        self.assertEqual((found["status"], len(found["reasons"])), (INCOMPLETE, 3))


class Rival(WithTools):
    def test_both_settings_take_turns_and_the_faster_one_counts(self):
        self.job.sizes = lambda *_, **__: []
        self.program("bin/benchmark", """echo '{"seconds_median": 2.0, "loss": 1.0}'""")
        self.python(
            "benchmark_pytorch_gpu.py",
            "graph = sys.argv[sys.argv.index('--variant') + 1] == 'graph'",
            "print(json.dumps(dict(seconds_to_warm=1)), flush=True)",
            "for k, _ in enumerate(sys.stdin):",
            "    took = (3.0 if k else 9.0) if graph else 4.0",  # the trial of the faster one was disturbed
            "    print(json.dumps(dict(seconds_median=took, loss=1.0)), flush=True)",
        )
        found = gpu_lease.rival(self.job)
        self.assertEqual((found["status"], found["reasons"]), (PASSED, []))
        self.assertEqual(found["result"]["plain"]["setting"], "graph, plain stem")
        self.assertAlmostEqual(found["result"]["plain"]["times_faster"], 1.5)
        self.assertAlmostEqual(found["result"][gpu_compare.SECOND]["times_faster"], 2.0)
        self.assertEqual(len(found["pairs"]), 3)
        self.assertNotIn("folded", found["result"])


if __name__ == "__main__":
    unittest.main()
