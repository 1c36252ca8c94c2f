#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Finds tests by words and runs them with ctest: `./run_tests WORD ...` is this, after a build of what they need.

Each word of the command line selects tests; those of any word are run. A word in quotes may be a phrase. A word is
searched in three places. Tests (ctest's entries) with the word in their name are run completely. Of all other tests,
only the cases with the word in their name are run. If the word is an op or a loss (relu, sup_con), the tests that go
through all ops or losses are run; they have the label `ops` or `losses` (tests/CMakeLists.txt). Upper and lower case
are the same, and so are space, _, - and . between words; any other character must be equal.

--targets prints what must be built for the selected tests, and so reads the names of cases from the sources."""
import concurrent.futures
import dataclasses
import difflib
import json
import os
import pathlib
import re
import subprocess
import sys

import arguments

ROOT = pathlib.Path(__file__).resolve().parents[1]
# Label: folder of the ops or losses that its tests go through. As a word it does not mean names of cases.
LABELS = {"ops": "tensor/ops", "losses": "losses"}
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


def source_of(name):
    """The C++ source of a test, or None. every_op_parity.avx2 is every_op_parity in another environment."""
    for stem in (name, name.rpartition(".")[0]):
        path = ROOT / "tests" / (stem.replace(".", "/") + "_test.cpp")
        if stem and path.exists():
            return path
    return None


def cases_in_python(path):
    found = re.findall(r"^class (\w+)|^    def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    cases, owner = [], ""
    for name, method in found:
        owner = name or owner
        if method:
            cases.append(f"{owner}.{method}")
    return cases


def cases_in_cpp(path):
    """The names of a source's cases. A case for several types has one for each, as doctest names them."""
    literal = r'(?:"(?:[^"\\]|\\.)*"\s*)+'
    case = rf"^TEST_CASE(?:_TEMPLATE)?\(\s*({literal})(?:,\s*\w+,([^)]*))?\)"
    text, cases = path.read_text(encoding="utf-8"), []
    for strings, types in re.findall(case, text, re.MULTILINE):
        name = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', strings))
        name = re.sub(r"\\(.)", r"\1", name)
        cases += [f"{name}<cg::{kind.strip()}>" for kind in types.split(",")] if types else [name]
    return cases


def cases_of_source(test):
    """The names of a test's cases, without a build."""
    if source := source_of(test.name):
        return cases_in_cpp(source)
    return cases_of(test.command)


def cases_of(command):
    """The names of a test's cases, from a doctest program or a unittest file."""
    if command[0].endswith("_test"):
        listed = subprocess.run([command[0], "--list-test-cases", "--no-colors=true"], capture_output=True, text=True)
        if listed.returncode != 0:
            reason = listed.stderr.strip()
            raise SystemExit(f"error: {command[0]} does not list its test cases: {reason}. Run tools/build.sh.")
        return [line for line in listed.stdout.splitlines() if line and not line.startswith(("[doctest] ", "====="))]
    if len(command) == 2 and command[1].endswith("_test.py"):
        return cases_in_python(pathlib.Path(command[1]))
    return []


def registered(build):
    """All tests, with the cases that their sources have."""
    shown = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], capture_output=True, text=True)
    if shown.returncode != 0:
        raise SystemExit(f"error: no tests in {build}: {shown.stderr.strip()}. Run tools/build.sh.")
    tests = [Test(t["name"], t.get("command", []), {p["name"]: p["value"] for p in t.get("properties", [])}, [])
             for t in json.loads(shown.stdout)["tests"]]
    for test in tests:
        test.cases = cases_of_source(test)
    return tests


def listed(tests):
    """The tests with the cases that their programs list."""
    missing = [t.name for t in tests if not t.command or not os.access(t.command[0], os.X_OK)]
    if missing:
        raise SystemExit(f"error: not built: {', '.join(missing)}. Run tools/build.sh.")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for test, cases in zip(tests, pool.map(lambda t: cases_of(t.command), tests)):
            test.cases = cases
    return tests


def all_tests(build):
    return listed(registered(build))


def text_with_headers(path, seen):
    """A source and the headers of tests/ that it includes."""
    seen.add(path)
    text = path.read_text(encoding="utf-8")
    for name in re.findall(r'^#include "(tests/[^"]+)"', text, re.MULTILINE):
        if ROOT / name not in seen:
            text += text_with_headers(ROOT / name, seen)
    return text


def targets_of(test):
    """What must be built for a test; None: everything. A C++ test needs its program and those that it starts; a Python
    test that is given the build's folder may need anything in it."""
    source = source_of(test.name)
    if source is None:
        python = "python" in pathlib.Path(test.command[0]).name
        return None if python and any("/build/" in word for word in test.command[1:]) else set()
    text = text_with_headers(source, set())
    targets = {str(source.relative_to(ROOT / "tests"))[:-len(".cpp")].replace("/", ".")}
    if re.search(r"CG_TEST_BINARIES|tests/support/(program|binaries)\.h", text):
        if '"/../tests/' in text or '"/tools"' in text:
            return None  # it starts tests, or every program
        programs = {"run_experiment", *(path.stem for path in (ROOT / "tools").glob("*.cpp"))}
        targets |= programs & set(re.findall(r"\w+", text))
    return targets


def targets(tests):
    """What must be built for some tests, in ninja's words."""
    needed = [targets_of(test) for test in tests]
    return ["all"] if None in needed else sorted(set().union(*needed))


def select(tests, word):
    """Pairs of a test and the cases to run; None: all cases."""
    word = folded(word)
    labels = labels_of(word)
    for test in tests:
        cases = [] if word in LABELS else [case for case in test.cases if contains(case, word)]
        if contains(test.name, word) or labels & set(test.properties.get("LABELS", [])):
            yield test, None
        elif cases:
            yield test, None if len(cases) == len(test.cases) else cases


def choose(tests, words):
    """The tests for the words of the command line: each a speed, or a part of names. And the words that find none."""
    found, unknown = {}, []
    for word in words:
        if word in SPEEDS:
            pairs = [(test, None) for test in tests if word in test.properties.get("LABELS", [])]
        else:
            pairs = list(select(tests, word))
        if not pairs:
            unknown.append(word)
        for test, cases in pairs:
            before = found.get(test.name, (test, []))[1]
            whole = cases is None or before is None
            found[test.name] = (test, None if whole else [c for c in test.cases if c in before or c in cases])
    return [found[test.name] for test in tests if test.name in found], unknown


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


def quotes(word):
    return f'"{word}"'


def suggestion(tests, word):
    known = {w for t in tests for name in [t.name, *t.cases] for w in folded(name).split()}
    near = difflib.get_close_matches(folded(word), sorted(known), 3)
    return f" Did you mean {' or '.join(near)}?" if near else ""


def main():
    parser = arguments.Parser(prog="./run_tests", add_help=False)
    parser.add_argument("--build", default=ROOT / "build" / "release")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--targets", action="store_true")
    parser.add_argument("words", nargs="*")
    options = parser.parse_args()
    words = options.words
    for word in words:
        if not folded(word):
            print(f'error: "{word}" contains no word to search for. Name a test, an op or a loss.', file=sys.stderr)
            return USAGE
    known = registered(options.build)
    chosen, unknown = choose(known, words)
    for word in unknown:
        print(f'error: there is no test and no test case with "{word}" in its name.{suggestion(known, word)} '
              "./run_tests --list shows all of them.", file=sys.stderr)
    if unknown:
        return NOTHING
    if options.targets:
        print("\n".join(targets([test for test, _ in chosen]) if words else ["all"]))
        return FOUND
    if not words:
        for test in known:
            show(test, test.cases)
        return FOUND
    selected = chosen
    if not options.list:  # run what the programs have
        selected, _ = choose(listed([test for test, _ in chosen]), words)
    if options.list or not set(words) <= set(SPEEDS):
        for test, cases in selected:
            show(test, cases)
    print(f'{", ".join(quotes(w) for w in words)}: {len(selected)} of {len(known)} tests, '
          f"{sum(c is not None for _, c in selected)} of them partly", flush=True)
    return FOUND if options.list else run(options.build, selected)


if __name__ == "__main__":
    sys.exit(main())
