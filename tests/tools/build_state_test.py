# SPDX-License-Identifier: Apache-2.0
"""What a program records of the sources that it was built from (experiments/program/build_state.cmake)."""

import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "experiments/program/build_state.cmake"


PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(sample CXX)
set(CMAKE_CXX_STANDARD 20)
include_directories(${PROJECT_SOURCE_DIR})
include(experiments/program/build_state.cmake)
add_executable(sample main.cpp other.cpp)
cg_record_build_state(sample)
"""
MAIN = """
#include <cstdio>
#include "experiments/program/build_state.h"
int main() { std::puts((cg::build_state().commit + " " + cg::build_state().sources).c_str()); }
"""


class BuildState(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="cg-build-state-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.root = self.folder / "source+tree"  # a plus is special in regular expressions
        self.out = self.folder / "build_state.cpp"
        (self.root / "tests").mkdir(parents=True)
        for name in ["main.cpp", "notes.md", "tests/main_test.cpp"]:
            (self.root / name).write_text("first\n")

    def git(self, *words):
        name = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
        done = subprocess.run(["git", "-C", self.root, *name, *words], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(self):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "a change")
        return self.git("rev-parse", "HEAD")

    def state(self, root=None):
        command = ["cmake", f"-DROOT={root or self.root}", f"-DTO={self.out}", "-P", SCRIPT]
        subprocess.run(command, check=True, capture_output=True)
        return tuple(re.findall(r'return {"(\w+)", "(\w+)"}', self.out.read_text())[0])

    def test_without_git_both_are_unknown(self):
        self.assertEqual(self.state(), ("unknown", "unknown"))

    def test_a_repository_without_a_commit_is_unknown(self):
        self.git("init", "--quiet")
        self.assertEqual(self.state(), ("unknown", "unknown"))

    def test_an_archive_inside_another_repository_is_unknown(self):
        self.git("init", "--quiet")
        self.commit()
        inside = self.root / "unpacked"
        inside.mkdir()
        (inside / "main.cpp").write_text("first\n")
        self.assertEqual(self.state(inside), ("unknown", "unknown"))

    def test_the_state_follows_commits_and_changes(self):
        self.git("init", "--quiet")
        first = self.commit()
        self.assertEqual(self.state(), (first, "clean"))
        (self.root / "main.cpp").write_text("second\n")
        self.assertEqual(self.state(), (first, "changed"))
        second = self.commit()
        self.assertNotEqual(first, second)
        self.assertEqual(self.state(), (second, "clean"))
        (self.root / "new.h").write_text("a new source file\n")
        self.assertEqual(self.state(), (second, "changed"))

    def test_what_is_not_built_into_programs_does_not_count(self):
        self.git("init", "--quiet")
        first = self.commit()
        for name in ["notes.md", "results.csv", "tests/main_test.cpp", "tests/new_test.cpp"]:
            (self.root / name).write_text("second\n")
        self.assertEqual(self.state(), (first, "clean"))

    def test_the_file_is_written_only_if_the_state_changes(self):
        self.git("init", "--quiet")
        self.commit()
        self.state()
        before = self.out.stat().st_mtime_ns
        self.state()
        self.assertEqual(self.out.stat().st_mtime_ns, before)
        (self.root / "main.cpp").write_text("second\n")
        self.state()
        self.assertGreater(self.out.stat().st_mtime_ns, before)

    def test_an_incremental_build_compiles_the_state_alone_and_only_if_it_changes(self):
        program = self.root / "experiments/program"
        program.mkdir(parents=True)
        for name in ["build_state.cmake", "build_state.h"]:
            shutil.copy(SCRIPT.parent / name, program)
        (self.root / "CMakeLists.txt").write_text(PROJECT)
        (self.root / "main.cpp").write_text(MAIN)
        (self.root / "other.cpp").write_text("int other() { return 1; }\n")
        self.git("init", "--quiet")
        first = self.commit()
        build = self.folder / "build"
        subprocess.run(["cmake", "-G", "Ninja", "-S", self.root, "-B", build], check=True, capture_output=True)

        def built():
            """The files that a build compiles, and what the program says then."""
            done = subprocess.run(["ninja", "-C", build, "-v"], check=True, capture_output=True, text=True)
            said = subprocess.run([build / "sample"], check=True, capture_output=True, text=True)
            return set(re.findall(r"-c \S+/(\w+\.cpp)", done.stdout)), said.stdout.strip()

        self.assertEqual(built(), ({"main.cpp", "other.cpp", "build_state.cpp"}, f"{first} clean"))
        self.assertEqual(built(), (set(), f"{first} clean"))
        (self.root / "other.cpp").write_text("int other() { return 2; }\n")
        self.assertEqual(built(), ({"other.cpp", "build_state.cpp"}, f"{first} changed"))
        second = self.commit()
        self.assertEqual(built(), ({"build_state.cpp"}, f"{second} clean"))
        self.git("checkout", "--quiet", "--detach", first)
        self.assertEqual(built(), ({"other.cpp", "build_state.cpp"}, f"{first} clean"))


if __name__ == "__main__":
    unittest.main()
