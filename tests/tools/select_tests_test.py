# SPDX-License-Identifier: Apache-2.0
"""The selection of ./run_tests WORD, with the built tests: after a case is renamed, no documented word may find
nothing.   select_tests_test.py BUILD"""
import pathlib
import re
import shlex
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = "build/release"
sys.path.insert(0, str(ROOT / "tools"))
import select_tests  # noqa: E402


def tests_of_build(known=[]):
    """All tests with their cases, listed once."""
    if not known:
        known.extend(select_tests.all_tests(BUILD))
    return known


def selected(word):
    """Names of selected tests, each with its selected cases or None for all."""
    return {test.name: cases for test, cases in select_tests.select(tests_of_build(), word)}


def program(name):
    return next(test for test in tests_of_build() if test.name == name)


def run(*words):
    return subprocess.run([sys.executable, ROOT / "tools" / "select_tests.py", "--build", BUILD, *words],
                          capture_output=True, text=True)


class Selection(unittest.TestCase):
    def test_the_name_of_a_loss_finds_its_cases_and_what_goes_through_all_losses(self):
        found = selected("dynlocrep")
        self.assertIsNone(found["losses.gradient"])
        self.assertIsNone(found["losses.golden"])
        self.assertTrue(any("dynlocrep" in case.lower() for case in found["experiments.config.config"]))
        self.assertNotIn("tensor.random", found)
        for name in ["sup_con", "rank_n_contrast", "y_aware", "simclr", "nnclr", "exponential", "threshold"]:
            self.assertIsNone(selected(name)["losses.gradient"], name)

    def test_the_name_of_an_op_finds_what_goes_through_all_ops(self):
        for name in ["relu", "conv3d", "max_pool3d", "l2_normalise", "batch_norm", "linear"]:
            found = selected(name)
            for test in ["every_op", "every_op_parity", "every_op_parity.avx2", "tensor.golden_ops"]:
                self.assertIsNone(found[test], f"{name}: {test}")
        self.assertIn("tensor.backend.cpu.conv3d_widened", selected("conv3d"))
        self.assertNotIn("every_op", selected("age"))  # not from within global_average_pool

    def test_every_op_and_every_loss_is_found_by_its_name(self):
        for label, folder, registry in [("ops", "tensor/ops", "tensor/ops/all.h"),
                                        ("losses", "losses", "losses/all.h")]:
            text = (ROOT / registry).read_text(encoding="utf-8")
            headers = set(re.findall(rf'#include "{folder}/(\w+)\.h"', text)) - {"registry"}
            self.assertGreater(len(headers), 7)
            for name in headers:
                self.assertIn(label, select_tests.labels_of(select_tests.folded(name)), name)

    def test_the_word_for_all_losses_does_not_search_cases(self):
        found = selected("losses")
        self.assertIsNone(found["losses.gradient"])
        for name, cases in found.items():
            self.assertIsNone(cases, name)
            self.assertTrue("losses" in name or "losses" in program(name).properties["LABELS"], name)

    def test_the_name_of_a_test_runs_it_whole(self):
        found = selected("golden")
        self.assertIsNone(found["losses.golden"])
        self.assertIsNone(found["tensor.golden_ops"])
        self.assertIsNone(found["layers.resnet_golden"])
        self.assertTrue(0 < len(found["losses.planted_faults"] or ["all"]))
        self.assertEqual(list(selected("includes.losses")), ["includes.losses"])

    def test_cases_of_python_tests_are_found_too(self):
        self.assertEqual(selected("an encrypted archive"),
                         {"tools.convert_pth": ["ConvertPth.test_an_encrypted_archive_is_refused"]})

    def test_case_and_the_separators_of_words_do_not_matter(self):
        for word in ["SHORT BATCH", "short_batch", "Short-Batch", "  short   batch "]:
            self.assertEqual(selected(word), selected("short batch"), word)
        self.assertTrue(selected("short batch"))
        self.assertEqual(selected("Rank-N-Contrast"), selected("rank_n_contrast"))

    def test_types_of_templates_are_found_by_their_words(self):
        self.assertTrue(select_tests.contains("noticed by the golden file<cg::RankNContrast>", "rank n contrast"))
        self.assertTrue(select_tests.contains("noticed<cg::DynLocRep>", "dynlocrep"))

    def test_signs_stand_for_themselves(self):
        case = "Far decay: weight 1 at the edge, falling as (e/d)^lambda, and nothing beyond for infinity"
        for word in ["(e/d)^lambda", "falling as (e/d)^lambda, and", case]:
            self.assertEqual(selected(word), {"losses.neighbours": [case]}, word)
        for word in ["^losses", "losses$", "[a-z]", "losses|tensor", "\\w"]:
            self.assertEqual(selected(word), {}, word)
        self.assertTrue(all("(" in case for cases in selected("(").values() for case in cases))

    def test_a_filter_runs_exactly_the_cases_that_were_selected(self):
        partial = [(test, cases) for word in ["refused", "(e/d)^lambda", "1e4", "−", "whatever"]
                   for test, cases in select_tests.select(tests_of_build(), word)
                   if cases and test.command[0].endswith("_test")]
        self.assertGreater(len(partial), 20)
        for test, cases in partial:
            counted = subprocess.run([*test.filter_of(cases), "--count", "--no-colors=true"],
                                     capture_output=True, text=True).stdout
            self.assertIn(f"passing the current filters: {len(cases)}\n", counted, test.name)

    def test_words_that_the_pages_give_find_something(self):
        pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob(".github/*.md")]
        words = {word.strip() for page in pages
                 for word in re.findall(r"\./run_tests +([^`\n#:;,-]+)[`\n#:;,]", page.read_text(encoding="utf-8"))}
        words -= {"", "WORD"}
        self.assertGreater(len(words), 10)
        for word in sorted(words):
            self.assertEqual(select_tests.choose(tests_of_build(), shlex.split(word))[1], [], word)


    def test_several_words_select_the_tests_of_any_of_them(self):
        def names(*words):
            found, unknown = select_tests.choose(tests_of_build(), words)
            self.assertEqual(unknown, [])
            return {test.name: cases for test, cases in found}
        both = names("evaluating twice", "losses.golden", "permuting the rows", "short batch")
        self.assertEqual(set(both), {"losses.golden", "losses.properties"} | set(names("short batch")))
        self.assertIsNone(both["losses.golden"])
        self.assertTrue(set(names("evaluating twice")["losses.properties"]) < set(both["losses.properties"]))
        self.assertIsNone(names("evaluating twice", "losses")["losses.properties"])
        self.assertEqual(select_tests.choose(tests_of_build(), ["relu", "dynlocrop"])[1], ["dynlocrop"])


class Targets(unittest.TestCase):
    def of(self, *words):
        return select_tests.targets([test for test, _ in select_tests.choose(tests_of_build(), words)[0]])

    def test_the_cases_in_the_sources_are_those_of_the_programs(self):
        known = {test.name: test.cases for test in select_tests.registered(BUILD)}
        for test in tests_of_build():
            self.assertEqual(sorted(known[test.name]), sorted(test.cases), test.name)

    def test_only_the_programs_of_the_selected_tests_are_built(self):
        self.assertEqual(self.of("losses.golden", "optim.schedule"), ["losses.golden_test", "optim.schedule_test"])
        self.assertIn("explain_loss", self.of("tools.explain_loss"))
        self.assertIn("run_experiment", self.of("experiments.runner.resume"))
        self.assertEqual(self.of("every_op_parity.avx2"), ["every_op_parity_test"])
        self.assertEqual(self.of("includes.losses", "reading_path"), [])

    def test_what_goes_through_all_programs_needs_everything(self):
        for name in ["tools.programs", "docs", "extending", "tools.gpu_rehearsal", "tools.gpu_lease_rehearsal"]:
            if any(test.name == name for test in tests_of_build()):
                self.assertEqual(self.of(name), ["all"], name)

    def test_they_are_printed_before_anything_is_built(self):
        self.assertEqual(run("--targets", "losses.golden").stdout, "losses.golden_test\n")
        self.assertEqual(run("--targets").stdout, "all\n")
        self.assertEqual(run("--targets", "dynlocrop").returncode, 1)


class Labels(unittest.TestCase):
    def test_every_test_is_fast_or_slow(self):
        tests = tests_of_build()
        for test in tests:
            self.assertEqual(len({"fast", "slow"} & set(test.properties.get("LABELS", []))), 1, test.name)
        fast, slow = (select_tests.choose(tests, [word])[0] for word in ["fast", "slow"])
        self.assertEqual(len(fast) + len(slow), len(tests))
        self.assertGreater(len(fast), 80)
        self.assertTrue(all(cases is None for _, cases in fast + slow))

    def test_no_case_is_lost_in_a_list(self):
        self.assertGreater(sum(len(test.cases) for test in tests_of_build()), 650)
        self.assertIn("Losses: evaluating twice gives the same bits", program("losses.properties").cases)


class Program(unittest.TestCase):
    def test_a_selection_is_said_run_and_summed_up_by_ctest(self):
        ran = run("evaluating twice")
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        self.assertIn("Losses: evaluating twice gives the same bits", ran.stdout)
        self.assertIn("100% tests passed, 0 tests failed out of 1", ran.stdout)

    def test_a_list_runs_nothing(self):
        listed = run("--list", "evaluating twice")
        self.assertEqual(listed.returncode, 0)
        self.assertIn("losses.properties", listed.stdout)
        self.assertNotIn("tests passed", listed.stdout)

    def test_a_word_that_finds_nothing_is_an_error_with_the_fix(self):
        ran = run("dynlocrop")
        self.assertEqual(ran.returncode, 1)
        self.assertIn('"dynlocrop"', ran.stderr)
        self.assertIn("Did you mean dynlocrep", ran.stderr)
        self.assertIn("./run_tests --list", ran.stderr)
        for word in ["", "-_.", "--unknown"]:
            self.assertEqual(run(word).returncode, 2, word)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        BUILD = sys.argv.pop(1)
    unittest.main()
