# SPDX-License-Identifier: Apache-2.0
"""No type or function of a namespace is defined in two headers: a program that links both files would use one of the
definitions in both, without a message of the linker.

    unique_names_test.py
"""
import collections
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDERS = ["tensor", "autograd", "layers", "losses", "optim", "data", "experiments", "tools"]
TYPE = re.compile(r"(?:struct|class|enum class) (\w+)(?: final)?(?: : [^:].*)?\s*\{")
FUNCTION = re.compile(r"(?:inline |constexpr |\[\[\w+\]\] )*(?:const )?[\w:]+(?:<[^()]*>)?[ &*]+(\w+)\(([^()]*)\)(?: noexcept)?[;{ ]")


def parameters(text):
    """The types of a list of parameters, without names and defaults."""
    text = re.sub(r" = [^,]*", "", text)
    return tuple(re.sub(r"(?<=[\w>&*]) *[ &*]\w+$", lambda m: re.sub(r"\w+$", "", m[0]).strip(), part.strip())
                 for part in text.split(",")) if text.strip() else ()


def definitions(text):
    """What a file defines in its namespaces, except in anonymous ones: full names."""
    spaces, previous = [], ""
    for line in text.splitlines():
        opened = re.match(r"namespace ([\w:]*) ?\{", line)
        if opened:
            spaces.append(opened[1])
        elif re.match(r"\}  // namespace", line) and spaces:
            spaces.pop()
        elif "" not in spaces and not previous.startswith("template"):
            place = "::".join(spaces)
            if found := TYPE.match(line):
                yield f"{place}::{found[1]}"
            elif found := FUNCTION.match(line):
                yield f"{place}::{found[1]}({', '.join(parameters(found[2]))})"
        previous = line


class UniqueNames(unittest.TestCase):
    def test_of_headers(self):
        files = collections.defaultdict(set)
        for folder in FOLDERS:
            for path in sorted((ROOT / folder).rglob("*.h")):
                for name in definitions(path.read_text()):
                    files[name].add(str(path.relative_to(ROOT)))
        self.assertGreater(len(files), 1000)
        twice = {name: sorted(of) for name, of in files.items() if len(of) > 1}
        self.assertEqual(twice, {})

    def test_finds_what_is_there_twice(self):
        one = "namespace cg {\nstruct Table {\n};\ninline double rounded(double x, int n = 3) {\n}\n}  // namespace cg\n"
        other = "namespace cg {\nstruct Table final : Base {\n};\ndouble rounded(double value, int digits);\n" \
                "}  // namespace cg\n"
        apart = "namespace cg::report {\nstruct Table {\n};\n}  // namespace cg::report\n" \
                "namespace {\ndouble rounded(double x, int n) {\n}\n}  // namespace\n"
        names = {"cg::Table", "cg::rounded(double, int)"}
        self.assertEqual(set(definitions(one)), names)
        self.assertEqual(set(definitions(other)), names)
        self.assertEqual(set(definitions(apart)), {"cg::report::Table"})


if __name__ == "__main__":
    unittest.main()
