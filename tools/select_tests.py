#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Finds tests by a word and runs them with ctest: `./run_tests WORD` is this, after a build.

A word is searched in three places. Tests (ctest's entries) with the word in their name are run completely. Of all other
tests, only the cases with the word in their name are run. If the word is an op or a loss (relu, sup_con), the tests
that go through all ops or losses are run; they have the label `ops` or `losses` (tests/CMakeLists.txt). Upper and lower
case are the same, and so are space, _, - and . between words; any other character must be equal."""
import argparse
import concurrent.futures
import dataclasses
import difflib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
LABELS = {"ops": "tensor/ops", "losses": "losses"}  # label: folder of the ops or losses that its tests go through
SPEEDS = ("fast", "slow")  # labels, of which each test has one; as words they mean only the label
FOUND, NOTHING, USAGE = 0, 1, 2


@dataclasses.dataclass
class Test:
    """An entry of ctest."""
    name: str
    command: list
    properties: dict
    cases: list  # names; empty if a test has no cases

    def filter_of(self, cases):
        """The command that runs only these cases."""
        if self.command[0].endswith("_test"):
            # doctest takes commas as separators and * as any text; ? is any one byte.
            patterns = [re.sub(r'[,\\*"]', "?", case) for case in cases]
            return [*self.command, "--test-case=" + ",".join(patterns)]
        return [*self.command, *cases]


def folded(text):
    """A name for comparison: words in lower case with one space between them."""
    return re.sub(r"[\s_.\-]+", " ", text.casefold()).strip()


def contains(name, word):
    """Also true for a type name of several words: SupCon contains sup_con."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return word in folded(name) or word in folded(apart)


def labels_of(word):
    """The labels of the tests that go through all ops or losses, if the word is the name of an op or loss, or the
    beginning of a word in a name."""
    out = set()
    for label, folder in LABELS.items():
        for header in (ROOT / folder).glob("*.h"):
            for name in re.findall(r'static constexpr \S+(?: \S+)? name = "(\w+)"', header.read_text(encoding="utf-8")):
                if f" {word}" in f" {folded(name)}":
                    out.add(label)
    return out


def cases_of(command):
    """The names of a test's cases, from a doctest program or a unittest file."""
    if command[0].endswith("_test"):
        listed = subprocess.run([command[0], "--list-test-cases", "--no-colors=true"], capture_output=True, text=True)
        if listed.returncode != 0:
            raise SystemExit(f"error: {command[0]} does not list its test cases: {listed.stderr.strip()}. Build it.")
        return [line for line in listed.stdout.splitlines() if line and not line.startswith(("[doctest] ", "====="))]
    if len(command) == 2 and command[1].endswith("_test.py"):
        text = pathlib.Path(command[1]).read_text(encoding="utf-8")
        found = re.findall(r"^class (\w+)|^    def (test_\w+)", text, re.MULTILINE)
        cases, owner = [], ""
        for name, method in found:
            owner = name or owner
            if method:
                cases.append(f"{owner}.{method}")
        return cases
    return []


def all_tests(build):
    shown = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], capture_output=True, text=True)
    if shown.returncode != 0:
        raise SystemExit(f"error: no tests in {build}: {shown.stderr.strip()}. Run tools/build.sh.")
    tests = [Test(t["name"], t.get("command", []), {p["name"]: p["value"] for p in t.get("properties", [])}, [])
             for t in json.loads(shown.stdout)["tests"]]
    missing = [t.name for t in tests if not t.command or not os.access(t.command[0], os.X_OK)]
    if missing:
        raise SystemExit(f"error: not built: {', '.join(missing)}. Run tools/build.sh.")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for test, cases in zip(tests, pool.map(lambda t: cases_of(t.command), tests)):
            test.cases = cases
    return tests


def select(tests, word):
    """Pairs of a test and the cases to run; None: all cases."""
    word = folded(word)
    labels = labels_of(word)
    for test in tests:
        cases = [case for case in test.cases if contains(case, word)]
        if contains(test.name, word) or labels & set(test.properties.get("LABELS", [])):
            yield test, None
        elif cases:
            yield test, None if len(cases) == len(test.cases) else cases


def choose(tests, word):
    """The tests for a word of the command line: a speed, or a part of names."""
    if word in SPEEDS:
        return [(test, None) for test in tests if word in test.properties.get("LABELS", [])]
    return list(select(tests, word))


def quoted(text):
    return f"[==[{text}]==]"


def entry(test, cases):
    """The lines of a CTestTestfile.cmake for a selected test."""
    name, command = test.name, test.command
    if cases is not None:
        name, command = f"{test.name} ({len(cases)} of {len(test.cases)} cases)", test.filter_of(cases)
    lines = [f"add_test({quoted(name)} {' '.join(quoted(c) for c in command)})"]
    for key, value in test.properties.items():
        if key == "SKIP_REGULAR_EXPRESSION" or key == "ENVIRONMENT" or key == "LABELS":
            value = ";".join(value)
        lines.append(f"set_tests_properties({quoted(name)} PROPERTIES {key} {quoted(value)})")
    return "\n".join(lines) + "\n"


def run(build, selected):
    folder = pathlib.Path(build) / "selected_tests"
    folder.mkdir(exist_ok=True)
    (folder / "CTestTestfile.cmake").write_text("".join(entry(*s) for s in selected), encoding="utf-8")
    return subprocess.run(["ctest", "--test-dir", folder, "--output-on-failure", "--no-tests=error"]).returncode


def show(test, cases):
    """Prints the line of a test, and its selected cases."""
    labels = ", ".join(test.properties.get("LABELS", []))
    part = f", {len(cases)} of {len(test.cases)} cases" if cases is not None else ""
    print("\n    ".join([f"{test.name} ({labels}){part}", *(cases or [])]))


def suggestion(tests, word):
    known = {w for t in tests for name in [t.name, *t.cases] for w in folded(name).split()}
    near = difflib.get_close_matches(folded(word), sorted(known), 3)
    return f" Did you mean {' or '.join(near)}?" if near else ""


def main():
    parser = argparse.ArgumentParser(prog="./run_tests", allow_abbrev=False, add_help=False)
    parser.add_argument("--build", default=ROOT / "build" / "release")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("words", nargs="*")
    arguments = parser.parse_args()
    word = " ".join(arguments.words)
    if arguments.words and not folded(word):
        print(f'error: "{word}" contains no word to search for. Name a test, an op or a loss.', file=sys.stderr)
        return USAGE
    tests = all_tests(arguments.build)
    if not word:
        for test in tests:
            show(test, test.cases)
        return FOUND
    selected = choose(tests, word)
    if not selected:
        print(f'error: there is no test and no test case with "{word}" in its name.{suggestion(tests, word)} '
              "./run_tests --list shows all of them.", file=sys.stderr)
        return NOTHING
    if arguments.list or word not in SPEEDS:
        for test, cases in selected:
            show(test, cases)
    print(f'"{word}": {len(selected)} of {len(tests)} tests, {sum(c is not None for _, c in selected)} of them partly',
          flush=True)
    return FOUND if arguments.list else run(arguments.build, selected)


if __name__ == "__main__":
    sys.exit(main())
