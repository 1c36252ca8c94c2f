# SPDX-License-Identifier: Apache-2.0
"""Searches the OpenMP regions of all sources for calls that can throw and stand in no guard (tensor/parallel.h): an
exception that leaves a region ends the program. Functions called from a region are not followed."""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = (".h", ".cpp", ".cu")
FOLDERS = ("tensor", "autograd", "layers", "losses", "optim", "data", "experiments", "tests", "tools")

# What allocates, checks or reports: each can throw.
THROWING = re.compile(
    r"\bthrow\b|\bfail\(|\brefuse\(|\brethrow\(|\bnew\b|\bstd::(?:vector|string|map|set|deque|function)\b"
    r"|\bstd::(?:make_unique|make_shared|to_string|sto\w+)\b|\bfmt::"
    r"|\.(?:push_back|emplace_back|emplace|insert|resize|reserve|assign|append|substr|allocate|tensor|host_tensor)\("
    r"|\.at\([^(),]*\)|\b(?:from_doubles|to_doubles)\(|\bREQUIRE\w*\(|\bCHECK_THROWS\w*\(")
EMPTY = re.compile(r"\bstd::(?:vector|string|map|set)\b(?:<[^;(){}=]*>)?\s+\w+(?:,\s*\w+)*;")  # allocates nothing
REGION = re.compile(r"^[ \t]*#pragma omp parallel\b(?:.*\\\n)*.*\n", re.MULTILINE)


def blanked(text):
    """The text with comments and literals replaced by spaces, so that every place stays where it was."""
    pattern = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])'", re.DOTALL)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def closing(text, at):
    """The place behind the bracket that closes the one at `at`."""
    pairs, depth = {"(": ")", "{": "}", "[": "]"}, 0
    for k in range(at, len(text)):
        if text[k] in pairs:
            depth += 1
        elif text[k] in pairs.values():
            depth -= 1
            if depth == 0:
                return k + 1
    raise ValueError("a bracket is not closed")


def statement_end(text, at):
    """The place behind the statement that begins at or after `at`."""
    while True:
        at += len(re.match(r"\s*", text[at:]).group())
        if text[at] != "#":
            break
        at = text.index("\n", at)
    if text[at] == "{":
        return closing(text, at)
    if tried := re.match(r"try\s*(?=\{)", text[at:]):
        end = closing(text, at + tried.end())
        while handler := re.match(r"\s*catch\s*(?=\()", text[end:]):
            block = closing(text, end + handler.end())
            end = closing(text, text.index("{", block))
        return end
    head = re.match(r"(for|if|while)\b\s*(constexpr\s*)?", text[at:])
    if head:
        end = statement_end(text, closing(text, at + head.end()))
        other = re.match(r"\s*else\b", text[end:])
        return statement_end(text, end + other.end()) if other else end
    while text[at] != ";":
        at = closing(text, at) if text[at] in "({[" else at + 1
    return at + 1


def without_guards(text):
    """The text without what stands in `.guard(…)` and in try blocks with a handler for everything."""
    while match := re.search(r"\.guard\(", text):
        text = text[:match.start()] + text[closing(text, match.end() - 1):]
    while match := re.search(r"\btry\s*(?=\{)", text):
        end = closing(text, match.end())
        handler = re.match(r"\s*catch\s*\(\s*\.\.\.\s*\)\s*", text[end:])
        rest = closing(text, end + handler.end()) if handler else end
        text = text[:match.start()] + ("" if handler else text[match.end():end]) + text[rest:]
    return text


def complaints(name, source):
    text, found = blanked(source), []
    for region in REGION.finditer(text):
        body = without_guards(text[region.end():statement_end(text, region.end())])
        for call in sorted({m.group().strip() for m in THROWING.finditer(EMPTY.sub("", body))}):
            line = text.count("\n", 0, region.start()) + 1
            found.append(f"{name}:{line}: the parallel region contains \"{call}\", which can throw. "
                         "Put it into RegionErrors::guard, or in front of the region (tensor/parallel.h).")
    for guard in re.finditer(r"\bRegionErrors (\w+);", text):
        if not re.search(rf"\b{guard.group(1)}\.rethrow\(\)", text[guard.end():]):
            found.append(f"{name}: nothing throws what {guard.group(1)} kept. Call {guard.group(1)}.rethrow().")
    return found


class TheSearch(unittest.TestCase):
    def test_finds_what_can_throw_in_a_region(self):
        for body in ["for (int i = 0; i < n; ++i) v[i] = std::vector<int>(3)[0];",
                     "for (int i = 0; i < n; ++i)\n  for (int j = 0; j < n; ++j) {\n    all.push_back(i);\n  }",
                     "{\n  std::string text(n, 'x');\n#pragma omp for\n  for (int i = 0; i < n; ++i) use(text);\n}",
                     "for (int i = 0; i < n; ++i)\n  if (bad(i)) fail(kind, where);",
                     "for (int i = 0; i < n; ++i) a[i] = b.at(i);",
                     "for (int i = 0; i < n; ++i) try { throw 1; } catch (const int&) {}"]:
            self.assertEqual(len(complaints("x", f"#pragma omp parallel for\n{body}\nint after;\n")), 1, body)

    def test_finds_a_region_whose_pragma_has_two_lines(self):
        text = "#pragma omp parallel for \\\n    schedule(static)\nfor (;;) all.resize(2);\n"
        self.assertEqual(len(complaints("x", text)), 1)

    def test_leaves_arithmetic_guards_and_handlers_alone(self):
        for body in ["for (int i = 0; i < n; ++i) v[i] = w.at(n, i, 2) + std::max(1, 2);",
                     "for (int i = 0; i < n; ++i) errors.guard([&] { all.push_back(fmt::format(\"{}\", i)); });",
                     "for (int i = 0; i < n; ++i) try { fail(1); } catch (...) { error = now(); }",
                     "for (int i = 0; i < n; ++i) {\n  std::vector<int> none;\n  errors.guard([&] { none = some(); });\n}",
                     "for (int i = 0; i < n; ++i) v[i] = 1;  // fail( in a comment\nstd::vector<int> behind;"]:
            self.assertEqual(complaints("x", f"#pragma omp parallel for\n{body}\nfail(1);\n"), [], body)

    def test_finds_errors_that_nobody_throws(self):
        self.assertEqual(len(complaints("x", "RegionErrors errors;\nerrors.guard([] {});\n")), 1)
        self.assertEqual(complaints("x", "RegionErrors errors;\nerrors.guard([] {});\nerrors.rethrow();\n"), [])


if __name__ == "__main__":
    regions, wrong = 0, []
    for path in (path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in SOURCES):
        source = path.read_text(encoding="utf-8")
        regions += len(REGION.findall(blanked(source)))
        wrong += complaints(str(path.relative_to(ROOT)), source)
    print("\n".join(wrong) or f"{regions} parallel regions, no complaint")
    result = unittest.main(exit=False, argv=sys.argv[:1]).result
    sys.exit(0 if result.wasSuccessful() and not wrong and regions > 20 else 1)
