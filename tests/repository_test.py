# SPDX-License-Identifier: Apache-2.0
"""What holds for every source file: the licence is named in its first lines, and C++ keeps to the house's limits.

The files are those of the folder, so that a copy without git's data is checked in the same way."""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[1]
LICENCE = "SPDX-License-Identifier: Apache-2.0"
LINES_TO_LICENCE = 5
LINES, COLUMNS = 400, 120
NOT_OURS = {"build", "runs", "phantoms", "__pycache__", ".git", ".bundle"}
CPP = {".h", ".cpp", ".cu"}
SOURCES = CPP | {".py", ".sh", ".cmake", ".js", ".css", ".html"}
TEACHING_PROGRAM = "tools/engine_example.cpp"  # it has no command line
NAMES = {"CMakeLists.txt", "run_experiment", "run_tests", ".ci/run"}


def below(folder):
    """Every file below a folder, but what was built, trained or fetched."""
    for path in sorted(folder.iterdir()):
        if path.name in NOT_OURS or path.is_symlink():
            continue
        if path.is_dir():
            yield from below(path)
        else:
            yield path


def is_source(path):
    name = path.relative_to(ROOT).as_posix()
    return path.suffix in SOURCES or path.name == "CMakeLists.txt" or name in NAMES


def licence_is_missing(text):
    return not any(LICENCE in line for line in text.splitlines()[:LINES_TO_LICENCE])


def over_the_limits(text):
    """What is too long, in words; empty where nothing is. A column is a character."""
    lines = text.split("\n")
    found = [f"line {k} has {len(line)} columns" for k, line in enumerate(lines, 1) if len(line) > COLUMNS]
    if len(lines) - 1 > LINES:
        found.append(f"{len(lines) - 1} lines")
    return found


def ends_through_run_program(text):
    """Whether main gives its result to run_program, so that all programs have the same errors and exit codes."""
    return re.search(r"\n  return (cg::)?run_program\(app, argc, argv,\s", text.partition("\nint main(")[2]) is not None


class Repository(unittest.TestCase):
    def setUp(self):
        self.sources = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
                        for path in below(ROOT) if is_source(path)}

    def test_the_sources_are_found(self):
        for name in [*NAMES, "tensor/op.h", "tests/CMakeLists.txt", "tools/explain_loss/page.html",
                     "tensor/backend/cuda/module.cmake", "tests/repository_test.py"]:
            self.assertIn(name, self.sources)
        self.assertGreater(sum(name.endswith(".cpp") for name in self.sources), 250)
        self.assertFalse([name for name in self.sources if name.startswith("build/")])

    def test_every_source_names_its_licence(self):
        missing = [name for name, text in self.sources.items() if licence_is_missing(text)]
        self.assertEqual(missing, [], f'Write "{LICENCE}" as a comment into the first {LINES_TO_LICENCE} lines.')

    def test_cpp_files_keep_to_their_lines_and_columns(self):
        over = {name: found for name, text in self.sources.items()
                if pathlib.PurePath(name).suffix in CPP and (found := over_the_limits(text))}
        self.assertEqual(over, {}, f"Split what is longer than {LINES} lines of {COLUMNS} columns.")

    def test_programs_of_tools_end_through_run_program(self):
        programs = {name: text for name, text in self.sources.items()
                    if re.fullmatch(r"tools/\w+\.cpp", name) and name != TEACHING_PROGRAM}
        self.assertGreater(len(programs), 10)
        others = [name for name, text in programs.items() if not ends_through_run_program(text)]
        self.assertEqual(others, [], "Let main end with run_program (experiments/program/command_line.h).")

    def test_the_licence_is_here(self):
        text = (ROOT / "LICENSE").read_text(encoding="utf-8")
        self.assertIn("Apache License", text)
        self.assertIn("Version 2.0, January 2004", text)

    def test_citation_changelog_and_scripts_have_the_version_that_is_built(self):
        version = re.search(r"project\(cortexgrad VERSION (\S+)", self.sources["CMakeLists.txt"])[1]
        self.assertIn(f"\nversion: {version}\n", (ROOT / "CITATION.cff").read_text(encoding="utf-8"))
        self.assertIn(f'\nVERSION = "{version}"', self.sources["tools/convert_pth.py"])
        self.assertIn(f"\n## [{version}]\n", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))

    def test_links_of_the_pages_beside_readme_lead_somewhere(self):
        links = [(page, link) for page in [*ROOT.glob("*.md"), *ROOT.glob(".github/*.md")]
                 for link in re.findall(r"\]\(([^)\s#]+)[)#]", page.read_text(encoding="utf-8"))
                 if not link.startswith("http")]
        self.assertGreater(len(links), 5)
        for page, link in links:
            self.assertTrue((page.parent / link).exists(), f"{page.name}: {link}")

    def test_what_is_missing_or_too_long_is_noticed(self):
        self.assertTrue(licence_is_missing("// A file.\n"))
        self.assertTrue(licence_is_missing("\n" * LINES_TO_LICENCE + f"// {LICENCE}\n"))
        self.assertFalse(licence_is_missing(f"#!/bin/sh\n# {LICENCE}\n"))
        self.assertEqual(over_the_limits("σ" * COLUMNS + "\n" + "x\n" * (LINES - 1)), [])
        self.assertEqual(over_the_limits("σ" * (COLUMNS + 1) + "\n"), [f"line 1 has {COLUMNS + 1} columns"])
        self.assertEqual(over_the_limits("x\n" * (LINES + 1)), [f"{LINES + 1} lines"])
        end = "  return run_program(app, argc, argv, [&] { return run(a); });\n}\n"
        self.assertTrue(ends_through_run_program("\nint main(int argc, char** argv) {\n" + end))
        self.assertFalse(ends_through_run_program("\nint main(int argc, char** argv) {\n  return 0;\n}\n"))
        self.assertFalse(ends_through_run_program(end + "\nint main() {\n  return 0;\n}\n"))


if __name__ == "__main__":
    unittest.main()
