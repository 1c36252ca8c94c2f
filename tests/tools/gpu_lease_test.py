# SPDX-License-Identifier: Apache-2.0
"""The groups of a GPU check that have a few minutes, with fake programs: one deadline, what comes back, what a kill
leaves."""

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import unittest
from pathlib import Path

from gpu_check_test import FakeJob

import gpu_check
import gpu_headline
import gpu_lease
import gpu_pack
import gpu_tests
from gpu_job import FAILED, INCOMPLETE, PASSED

CHECK = Path(gpu_check.__file__)


class Clock:
    """Time that passes only when a stage takes it."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


class Deadline(FakeJob):
    def setUp(self):
        super().setUp()
        self.clock, before = Clock(), gpu_lease.time
        gpu_lease.time = self.clock
        self.addCleanup(setattr, gpu_lease, "time", before)
        self.ran = {}

    def group(self, name="lease", without=(), deadline=None, takes=None):
        """`takes`: the part of its time that a stage needs, by name; others need all of it."""

        def run_stage(job, stage, _, seconds):
            self.ran[stage] = seconds
            self.clock.now += seconds * (takes or {}).get(stage, 1)
            job.write(stage, dict(status=PASSED, reasons=[], seconds=seconds))

        self.job.results = self.root / "out"
        code = gpu_lease.run(self.job, name, list(without), deadline, run_stage)
        return code, (self.root / "out/summary.txt").read_text().splitlines()

    def test_the_stages_run_in_the_order_of_their_importance_and_share_one_deadline(self):
        code, _ = self.group()
        order = "card parity sweep step kernels rival determinism memory-bfloat16 memcheck"
        self.assertEqual(" ".join(self.ran), order)
        self.assertAlmostEqual(sum(self.ran.values()), 370)
        self.assertAlmostEqual(self.ran["parity"], 65)
        self.assertEqual(code, 0)

    def test_what_a_stage_does_not_use_is_for_those_after_it(self):
        self.group(takes={"parity": 0.1})
        self.assertGreater(self.ran["sweep"], 60)
        self.assertAlmostEqual(sum(self.ran.values()) - 0.9 * self.ran["parity"], 370)

    def test_a_stage_without_time_is_left_out_with_the_reason(self):
        code, text = self.group(takes={"parity": 5.6})
        self.assertEqual(list(self.ran), ["card", "parity"])
        self.assertEqual(code, 3)
        self.assertTrue(text[3].startswith("missing: sweep: left out: 0 s were left; step: left out"), text[3])

    def test_any_stage_can_be_left_out_and_is_named(self):
        _, text = self.group(without=["sweep", "kernels", "rival-compiled"])
        self.assertNotIn("sweep", self.ran)
        self.assertAlmostEqual(sum(self.ran.values()), 370)
        self.assertIn("sweep: left out with --without; kernels: left out with --without", text[3])
        self.assertNotIn("rival-compiled", text[3])  # this group does not have it

    def test_the_second_call_compares_with_pytorch_compiled(self):
        for deadline, seconds in ((None, 300), (100, 100)):
            self.ran = {}
            self.group("lease-2", deadline=deadline)
            self.assertIn("rival-compiled", self.ran)
            self.assertAlmostEqual(sum(self.ran.values()), seconds)

    def test_what_an_earlier_run_left_is_not_taken_for_a_result(self):
        (self.root / "out/engines.txt").write_text("old")
        self.group()
        self.assertEqual(sorted(file.name for file in (self.root / "out").iterdir()), ["results.tar", "summary.txt"])


class Archive(FakeJob):
    def files(self):
        with tarfile.open(self.root / "out/results.tar") as tar:
            return {Path(member.name).name: tar.extractfile(member).read() for member in tar}

    def test_it_stays_below_its_size_and_small_files_stay_whole(self):
        (self.root / "stages").mkdir()
        for name in ("a", "b", "c"):
            (self.root / f"stages/{name}.txt").write_text(f"first{'x' * 3_000_000}last")
            (self.root / f"stages/{name}.json").write_text('{"status": "passed"}')
        (self.root / "out/engines.txt").write_text("the table")
        gpu_pack.write(self.root / "out", self.root / "stages", "the summary")
        self.assertLess((self.root / "out/results.tar").stat().st_size, 4_000_000)
        files = self.files()
        self.assertEqual(len(files), 8)
        self.assertEqual(files["a.json"], b'{"status": "passed"}')
        self.assertEqual((files["summary.txt"], files["engines.txt"]), (b"the summary", b"the table"))
        self.assertTrue(files["b.txt"].startswith(b"firstx") and files["b.txt"].endswith(b"xlast"))
        self.assertIn("bytes are left out", files["b.txt"].decode())
        self.assertEqual(sorted(os.listdir(self.root / "out")), ["engines.txt", "results.tar", "summary.txt"])

    def test_a_text_that_fits_is_not_cut(self):
        self.assertEqual(gpu_pack.cut(b"abc", 3), b"abc")
        self.assertEqual(len(gpu_pack.cut(b"a" * 500, 100)), 100)

    def test_a_mistake_in_the_summary_does_not_end_the_run(self):
        before = gpu_headline.text_of
        self.addCleanup(setattr, gpu_headline, "text_of", before)
        gpu_headline.text_of = lambda *_, **__: 1 / 0

        def run_stage(job, name, *_):
            job.write(name, dict(status=PASSED, reasons=[]))

        self.assertEqual(gpu_lease.run(self.job, "lease", [], 100, run_stage), 0)
        self.assertIn("ZeroDivisionError", (self.root / "out/summary.txt").read_text())
        self.assertEqual(len(self.files()), 19)


class Summary(unittest.TestCase):
    def kernels(self, number):
        row = dict(calls=1, read=1e9, written=1e9, bound_seconds=0.5e-3, bound_by="bytes")
        return [dict(row, kernel=f"kernel {k}", seconds=1e-3) for k in range(number)]

    def text(self, **changes):
        layer = dict(layer="encoder.conv1", op="conv3d", direction="forward", milliseconds=0.7, bound_milliseconds=0.4)
        both = dict(times_faster=1.5, range=[1.4, 1.6], memory_ratio=0.5, loss_difference=1e-3)
        sweep = dict(problem="l1", direction="forward", uses=4, first=22, first_ms=0.4, engine=62, ms=0.3, workspace=0)
        stages = {
            "card": dict(status=PASSED, reasons=[], state="NVIDIA H200, 580.1", seconds=5),
            "parity": dict(status=FAILED, reasons=["training_cuda failed"], tests=[]),
            "sweep": dict(status=PASSED, reasons=[], problems=[dict(sweep, candidates=9)]),
            "step": dict(
                status=PASSED,
                reasons=[],
                steps=dict(heuristics=dict(seconds_median=0.0105), table=dict(seconds_median=0.0098)),
                layers_bfloat16=[layer],
                goals=[dict(goal="our step, ms: at most 8", found=9.8, met=False)],
            ),
            "kernels": dict(status=INCOMPLETE, reasons=["time for 1 of 2 steps"], kernels=self.kernels(12)),
            "rival": dict(
                status=PASSED,
                reasons=[],
                batch=32,
                result=dict(ours_seconds=0.01, plain=dict(both, seconds=0.015, setting="graph, plain stem")),
            ),
            "determinism": dict(
                status=PASSED,
                reasons=[],
                ours=["ab" * 32] * 10,
                pytorch=dict(
                    refused="max_pool3d does not have\na deterministic", digests_after_warnings=["1", "2", "3"]
                ),
            ),
            **changes,
        }
        return gpu_headline.text_of("lease", stages, [], ["memcheck"], "352 of 370 s", "0123456789abcdef", False).split(
            "\n"
        )

    def test_the_first_ten_lines_say_what_is_right_what_is_wrong_and_how_long_a_step_takes(self):
        text = self.text()
        names = [line.split(":")[0] for line in text[:10]]
        self.assertEqual(
            names,
            [
                "GPU check lease",
                "right",
                "wrong",
                "missing",
                "our step",
                "PyTorch's step",
                "same bits",
                "engines",
                "memory",
                "goals",
            ],
        )
        self.assertIn("352 of 370 s; commit 0123456789ab; NVIDIA H200, 580.1", text[0])
        self.assertEqual(text[1], "right: card; sweep; step; rival; determinism")
        self.assertEqual(text[2], "wrong: parity: training_cuda failed")
        self.assertEqual(text[3], "missing: kernels: time for 1 of 2 steps; not begun: memcheck")
        self.assertIn("10.50 ms with cuDNN's heuristics; 9.80 ms with the table of engines", text[4])
        self.assertIn("15.00 ms (graph, plain stem): ours is 1.50 times as fast [1.40 1.60]", text[5])
        self.assertIn(
            "ours: 10 trainings, one digest abababababababab; PyTorch refuses: max_pool3d does not have a", text[6]
        )
        self.assertIn("3 trainings, 3 different digests", text[6])
        self.assertIn("a step: 1.600 ms by the heuristics, 1.200 ms chosen, 1 problems; most is gained in l1", text[7])
        self.assertIn("0.50 of PyTorch's memory", text[8])
        self.assertEqual(text[9], "goals: our step, ms: at most 8: 9.80, missed")

    def test_then_the_ten_most_expensive_kernels_stand_beside_their_bounds(self):
        text = self.text()
        self.assertEqual(text[10], "")
        self.assertEqual(text[11], "The ten most expensive kernels of a step, of 12 that take 12.00 ms")
        self.assertEqual(sum("kernel " in line and "[bytes]" in line for line in text), 10)
        self.assertRegex(text[13], r"^   1.000    0.500    50%      1      2000  kernel 0 \[bytes\]$")
        self.assertIn("   0.700    0.400  encoder.conv1 (conv3d), forward", text)

    def test_without_results_it_still_has_its_ten_lines(self):
        text = gpu_headline.text_of("lease", {}, [], ["card"], "0 of 370 s", "unknown", True).split("\n")
        self.assertIn("REHEARSAL", text[0])
        self.assertEqual(
            text[4:10],
            [
                f"{name}: not measured"
                for name in ["our step", "PyTorch's step", "same bits", "engines", "memory", "goals"]
            ],
        )

    def test_a_long_reason_does_not_push_the_others_away(self):
        text = self.text(parity=dict(status=FAILED, reasons=["x\n" * 900]))
        self.assertLessEqual(len(text[2]), 600)
        self.assertTrue(text[2].endswith("… (see below)"))
        self.assertTrue(text[4].startswith("our step"))


class Process(FakeJob):
    """The program itself, with fake programs of ours."""

    def begin(self, *options):
        memory = dict(planned=dict(total=1, beside=1), measured=dict(above_baseline=1, beside=0), batch=2, free=1)
        self.program(
            "bin/profile_memory",
            f'echo "$1" >>{self.root}/probes',
            'while [ $# -gt 0 ] && [ "$1" != --json ]; do shift; done',
            f"[ $# -eq 0 ] || echo '{json.dumps(memory)}' >\"$2\"",
        )
        return subprocess.Popen(
            self.command(*options),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.root,
            env=dict(os.environ, TMPDIR=str(self.root)),  # a killed check leaves its files
        )

    def command(self, *options):
        return [sys.executable, CHECK, *options, "--root", self.root, "--out", self.root / "out"]

    def finished(self, *options):
        return subprocess.run(
            self.command(*options), capture_output=True, text=True, timeout=60, cwd=self.root, check=False
        )

    def hang(self):
        """Starts a group whose step never ends, and waits until its output is on disk."""
        self.program("bin/benchmark", "echo half a result", f"echo $$ >{self.root}/child", "exec sleep 100")
        process = self.begin("lease", "--rehearse", "--deadline", "300")
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        for _ in range(600):
            time.sleep(0.1)
            if b"half a result" in self.files().get("step.txt", b""):
                return process
        self.fail(f"no output on disk: {self.files()}")

    def files(self):
        archive = self.root / "out/results.tar"
        if not archive.exists():
            return {}
        with tarfile.open(fileobj=io.BytesIO(archive.read_bytes())) as tar:
            return {Path(member.name).name: tar.extractfile(member).read() for member in tar}

    def test_a_kill_leaves_all_results_until_then(self):
        process = self.hang()
        process.kill()
        process.wait()
        os.kill(int((self.root / "child").read_text()), signal.SIGKILL)
        files = self.files()
        self.assertEqual(json.loads(files["card.json"])["status"], PASSED)
        self.assertEqual(json.loads(files["step.json"])["reasons"], ["it did not finish"])
        text = (self.root / "out/summary.txt").read_text()
        self.assertIn("step: it did not finish", text.splitlines()[3])
        self.assertIn("not begun: kernels, rival", text.splitlines()[3])
        self.assertEqual(files["summary.txt"].decode(), text)
        self.assertLessEqual(len(os.listdir(self.root / "out")), 8)

    def test_when_it_is_ended_it_ends_its_programs(self):
        process = self.hang()
        process.terminate()
        self.assertEqual(process.wait(20), 143)
        self.assertRaises(ProcessLookupError, os.kill, int((self.root / "child").read_text()), 0)
        self.assertEqual(json.loads(self.files()["card.json"])["status"], PASSED)

    def test_the_device_is_asked_for_once(self):
        self.program("bin/benchmark", "exit 7")
        (self.root / "tools/benchmark").mkdir(parents=True)
        process = self.begin("lease", "--deadline", "60", "--without", "kernels", "memcheck")
        self.assertEqual(process.wait(60), 1)
        probes = (self.root / "probes").read_text().split()
        self.assertEqual(probes.count("quickstart"), 1)
        self.assertEqual(len(probes), 3)  # the plan in `card`, and the stage `memory-bfloat16`

    def test_without_a_device_every_stage_says_so_and_the_device_is_asked_for_once(self):
        self.program(
            "bin/profile_memory", f"echo x >>{self.root}/probes", "echo 'error: no driver. Use it.' >&2", "exit 7"
        )
        done = self.finished("lease")
        self.assertEqual(done.returncode, 3)
        self.assertEqual((self.root / "probes").read_text(), "x\n")
        self.assertEqual(done.stdout.count("\n  no driver\n"), 9)

    def fake_card(self):
        """Programs and tools that all succeed, as on a card."""
        layer = dict(layer="l1", op="conv3d", direction="forward", milliseconds=1, bytes=1e9, operations=1e9)
        step = dict(
            seconds_median=0.01, loss=1.0, planned_bytes=1e9, device="a card", layers=[layer], digests=["ab" * 32]
        )
        engine = dict(
            problem="p", direction="forward", ms=1.0, engine=1, equal_bits=True, error_to_first=0.0, chosen=True
        )
        self.program("bin/benchmark", f"echo '{json.dumps(step)}'")
        self.program("bin/sweep_engines", f"echo '{json.dumps(engine)}'", 'echo a table >"$4"')
        self.program("bin/nvidia-smi", "echo 'NVIDIA H200, 580.1'")
        self.program("bin/compute-sanitizer", "echo '========= ERROR SUMMARY: 0 errors'")
        (self.root / "ncu.csv").write_text(
            '"ID","Kernel Name","gpu__time_duration.sum","dram__bytes_read.sum","dram__bytes_write.sum",'
            '"sm__ops_path_tensor_src_bf16_dst_fp32.sum"\n"0","conv","1000000","1000000000","0","500000000000"\n'
        )
        self.program("bin/ncu", f"cat {self.root}/ncu.csv")
        for name in gpu_tests.ON_THE_DEVICE:
            self.program(f"tests/{name}", "echo '[doctest] test cases: 2 | 2 passed | 0 failed | 0 skipped'")
        (self.root / "tools/benchmark").mkdir(parents=True)
        (self.root / "tools/benchmark/benchmark_pytorch_gpu.py").write_text("""import json, sys
if sys.argv[1] == "limits": print(json.dumps(dict(bytes_per_second=4e12, operations_per_second=dict(bfloat16=8e14))))
elif sys.argv[1] == "digest":
    print(json.dumps(dict(refused="max_pool3d", digests=[], digests_after_warnings=["1", "2"])))
else:
    print(json.dumps(dict(seconds_to_warm=1)), flush=True)
    for _ in sys.stdin: print(json.dumps(dict(seconds_median=0.016, loss=1.0, allocated_bytes=3e9)), flush=True)
""")

    def test_on_a_card_where_all_is_well_each_line_has_its_figures(self):
        self.fake_card()
        os.environ["PATH"], before = f"{self.root}/build/release/bin:{os.environ['PATH']}", os.environ["PATH"]
        self.addCleanup(os.environ.update, PATH=before)
        process = self.begin("lease", "--deadline", "100")
        process.wait(100)
        text = (self.root / "out/summary.txt").read_text()
        self.assertEqual(
            text.splitlines()[2:4],
            ["wrong: nothing that ran", "missing: memory-bfloat16: bfloat16, batch 32: NVML is not available"],
        )
        self.assertNotIn("not measured", text)
        self.assertNotIn("Traceback", text)
        self.assertIn("\nour step: 10.00 ms with cuDNN's heuristics; 10.00 ms with the table of engines\n", text)
        self.assertIn(
            "PyTorch refuses: max_pool3d; PyTorch after this warning: 2 trainings, 2 different digests\n", text
        )
        self.assertIn("   1.000    0.625    62%      1      1000  conv [operations]\n", text)
        self.assertEqual(process.returncode, 3)
        self.assertEqual(sorted(os.listdir(self.root / "out")), ["engines.txt", "results.tar", "summary.txt"])

    def test_a_wrong_command_line_is_refused(self):
        (self.root / "out/engines.txt").write_text("a table")
        for words, said in [
            (["lease", "memory"], "run alone"),
            (["lease-2"], "needs --table"),
            (["lease", "--without", "sweeps"], "no stage sweeps"),
            (["lease-2", "--table", "no-such-file"], "no file no-such-file"),
            (["lease-2", "--table", "out/engines.txt"], "another folder than that of --table"),
        ]:
            done = self.finished(*words)
            self.assertEqual(done.returncode, 2)
            self.assertIn(said, done.stderr)


class Mistake(FakeJob):
    def test_a_stage_that_breaks_is_a_failure_and_keeps_what_it_had(self):
        def stage(job):
            job.keep(half=1)
            raise KeyError("milliseconds")

        self.job.absent = ""
        gpu_check.run_stage(self.job, "step", stage, 20)
        written = json.loads((self.root / "out/step.json").read_text())
        self.assertEqual((written["status"], written["half"]), (FAILED, 1))
        self.assertIn("the check itself failed: KeyError: 'milliseconds'", written["reasons"][0])
        self.assertIn("Traceback", (self.root / "out/step.txt").read_text())


if __name__ == "__main__":
    unittest.main()
