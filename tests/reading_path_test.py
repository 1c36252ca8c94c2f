# SPDX-License-Identifier: Apache-2.0
"""Checks the reading path: a file's opening comment may say "Read next: a.h (why), b.h". Each file named there exists,
none of them includes the file that names it (the path leads downwards), and the path has no cycle.

    reading_path_test.py [ROOT]      prints what is wrong; exit code 1 if anything is
"""
import re
import sys
import unittest
from pathlib import Path

SOURCES = (".h", ".cpp", ".cu")
READ = (*SOURCES, ".md", ".js", ".py")
FOLDERS = ("tensor", "autograd", "layers", "losses", "optim", "data", "experiments", "tests", "tools", "docs")
NAME = re.compile(r"[\w/]+\.(?:h|cpp|cu|md|js|py)\b")


def opening_comment(text):
    lines = []
    for line in text.splitlines():
        if not line.startswith("//"):
            break
        lines.append(line[2:].strip())
    return " ".join(lines)


def named_next(text):
    """The files that an opening comment says to read next."""
    _, found, behind = opening_comment(text).partition("Read next:")
    return NAME.findall(behind) if found else []


def resolve(name, source, paths):
    """The path that `name` means in the file `source`: a path from the root, a file beside it, or a unique name."""
    beside = str(Path(source).parent / name)
    for candidate in (name, beside):
        if candidate in paths:
            return candidate
    same = [path for path in paths if path.endswith("/" + name)]
    return same[0] if len(same) == 1 else None


def includes_of(path, files):
    """All files that `path` includes, also through others."""
    seen, todo = set(), [path]
    while todo:
        for used in re.findall(r'^#include "([^"]+)"', files.get(todo.pop(), ""), re.MULTILINE):
            if used not in seen:
                seen.add(used)
                todo.append(used)
    return seen


def cycle(edges):
    """Files that lead back to the first of them, or nothing."""
    done = set()

    def search(path):
        for target in edges.get(path[-1], []):
            if target in path:
                return path[path.index(target):] + [target]
            if target not in done:
                found = search(path + [target])
                if found:
                    return found
        done.add(path[-1])
        return []

    for start in sorted(edges):
        found = search([start])
        if found:
            return found
    return []


def complaints(files):
    """What is wrong with the reading path of `files`, texts by path from the root."""
    out, edges = [], {}
    for source, text in sorted(files.items()):
        for name in named_next(text) if source.endswith(SOURCES) else []:
            target = resolve(name, source, files)
            if target is None:
                out.append(f"{source}: \"{name}\" names no file, or several. Write the path from the root.")
                continue
            edges.setdefault(source, []).append(target)
            if source in includes_of(target, files):
                out.append(f"{source}: {target} includes it, so the path leads upwards. Name what {source} uses.")
    found = cycle(edges)
    if found:
        out.append("cycle: " + " -> ".join(found))
    return out


class ReadingPath(unittest.TestCase):
    def test_a_path_downwards_is_right(self):
        text = '// X. Read next: y.h (why),\n// b/z.h.\n#include "a/y.h"\n'
        files = {"a/x.h": text, "a/y.h": "// Y.\n", "b/z.h": ""}
        self.assertEqual(complaints(files), [])

    def test_a_missing_file_is_noticed(self):
        self.assertIn("names no file", complaints({"a/x.h": "// Read next: gone.h.\n"})[0])

    def test_a_path_upwards_is_noticed(self):
        files = {"a/x.h": "// Read next: y.h.\n", "a/y.h": '#include "a/m.h"\n', "a/m.h": '#include "a/x.h"\n'}
        self.assertIn("upwards", complaints(files)[0])

    def test_a_cycle_is_noticed(self):
        files = {f"a/{k}.h": f"// Read next: {(k + 1) % 3}.h.\n" for k in range(3)}
        self.assertIn("cycle: a/0.h -> a/1.h -> a/2.h -> a/0.h", complaints(files))


if __name__ == "__main__":
    checked = unittest.main(argv=sys.argv[:1], exit=False, verbosity=0).result
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1]
    every = [path for folder in FOLDERS for path in (root / folder).rglob("*") if path.suffix in READ]
    wrong = complaints({str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in every})
    print("\n".join(wrong) or f"{len(every)} files, no complaint")
    sys.exit(0 if checked.wasSuccessful() and not wrong else 1)
