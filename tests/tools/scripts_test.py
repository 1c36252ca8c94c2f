# SPDX-License-Identifier: Apache-2.0
"""What is alike in all scripts that a user starts: --help, and the answer to a wrong command line."""
import os
import pathlib
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = ["tools/build.sh", "tools/install_dependencies.sh", "tools/package.sh", "tools/convert_pth.py",
           "tools/fetch_wheels.py", "tools/benchmark/compare_with_pytorch.sh"]


def run(script, *words):
    """From another folder: a script finds its files from its own place."""
    interpreter = ["python3"] if script.endswith(".py") and not os.access(ROOT / script, os.X_OK) else []
    return subprocess.run([*interpreter, ROOT / script, *words], cwd="/", capture_output=True, text=True, timeout=60)


class Scripts(unittest.TestCase):
    def test_help_ends_with_0_and_names_the_script(self):
        for script in SCRIPTS:
            done = run(script, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, ""), script)
            self.assertIn(pathlib.PurePath(script).name, done.stdout, script)

    def test_an_unknown_option_is_an_error_in_the_words_of_the_programs(self):
        for script in SCRIPTS:
            done = run(script, "--bogus", "a", "b", "c", "d")
            self.assertEqual((done.returncode, done.stdout), (2, ""), script)
            self.assertTrue(done.stderr.startswith('error: command line: unknown option "--bogus"'), done.stderr)
            self.assertRegex(done.stderr, r"Run \S+ --help to see the options\.\n$")
            self.assertEqual(done.stderr.count("\n"), 1)

    def test_the_nearest_option_is_suggested(self):
        for script, wrong, right in [("tools/install_dependencies.sh", "--tets", "--tests"),
                                     ("tools/package.sh", "--arhc", "--arch"),
                                     ("tools/convert_pth.py", "--kee", "--key")]:
            done = run(script, wrong, "a", "b")
            self.assertIn(f'unknown option "{wrong}"; did you mean "{right}"?', done.stderr)

    def test_what_is_missing_is_named(self):
        self.assertIn("error: command line: PTH is missing. ", run("tools/convert_pth.py").stderr)
        self.assertIn("error: command line: --key: expected a value. ",
                      run("tools/convert_pth.py", "a", "b", "--key").stderr)
        self.assertIn("error: command line: --arch: expected one value. ", run("tools/package.sh", "--arch").stderr)


if __name__ == "__main__":
    unittest.main()
