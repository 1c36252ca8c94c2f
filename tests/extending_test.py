# SPDX-License-Identifier: Apache-2.0
"""Follows the recipes of docs/extending.md for a loss and an op, word for word: takes the files and list entries that
the page shows, compiles what includes them in an overlay of the source tree, links it with the libraries that are
built, and runs the checks of all losses and of all ops on the new ones. A second loss, tests/losses/age_margin.h, is 0
for many batches: the checks must not take this for an error.

    extending_test.py BUILD        BUILD: the folder that CMake configured, with its libraries built
"""
import json
import re
import shlex
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/extending.md").read_text(encoding="utf-8")


LOSS_TESTS = ("gradient", "hazards", "properties", "explanation")


def code_after(text):
    """The first block of code of the page behind `text`."""
    before, found, behind = PAGE.partition(text)
    if not found:
        sys.exit(f"docs/extending.md has no \"{text}\"")
    return re.search(r"```cpp\n(.*?)```", behind, re.DOTALL)[1]


def list_with(path, entry):
    """The list in file `path`, changed as the page says: lines to include, and the declaration of the list."""
    include, declaration = re.fullmatch(r"((?:#include [^\n]*\n)+)(.*)", entry, re.DOTALL).groups()
    name = re.match(r"using (\w+) = ", declaration)[1]
    text = (ROOT / path).read_text(encoding="utf-8")
    text, lists = re.subn(rf"using {name} = [^;]*;\n", declaration, text)
    if lists != 1:
        sys.exit(f"{path} does not declare {name} once")
    return text.replace("#pragma once\n", f"#pragma once\n{include}", 1)


class Overlay:
    """A folder that is searched for includes before the source tree."""

    def __init__(self, folder, build):
        self.folder, self.build = folder, build
        commands = json.loads((build / "compile_commands.json").read_text())
        self.commands = {entry["file"]: entry["command"] for entry in commands}
        self.objects = []

    def write(self, path, text):
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text, encoding="utf-8")

    def compile(self, source):
        """Compiles a source of the tree or of the overlay, as the build does but without optimisation."""
        own = self.folder / source
        pattern = ROOT / (source if not own.exists() else "tests/tensor/ops/relu.cpp")
        command = shlex.split(self.commands[str(pattern)])
        compiler = next(k for k, word in enumerate(command) if not word.endswith("ccache"))
        words, skip = [], False
        for word in command[compiler:]:
            if skip or word in ("-c", str(pattern)):
                skip = False
            elif word in ("-o", "-MF", "-MT"):
                skip = True
            elif word == "-O3":
                words.append("-O0")
            elif word != "-MD":
                words.append(word)
        out = self.folder / (source.replace("/", "_") + ".o")
        words[1:1] = ["-I", str(self.folder)]
        words += ["-c", str(own if own.exists() else ROOT / source), "-o", str(out)]
        run(words, self.build)
        return str(out)

    def link(self, name, target, sources):
        """Links `sources`, compiled in the overlay, as `target` of the build is linked: their objects come first."""
        with ThreadPoolExecutor(2) as threads:
            objects = list(threads.map(self.compile, sources))
        last = run(["ninja", "-t", "commands", "-s", target], self.build).strip().splitlines()[-1]
        command = shlex.split(max(last.split(" && "), key=len))
        start = command.index("-o")
        program = self.folder / name
        command[start + 1] = str(program)
        replaced = tuple("/" + Path(source).name + ".o" for source in sources)
        kept = [word for word in command if not word.endswith(replaced)]
        at = kept.index("-o")
        kept[at:at] = objects
        run(kept, self.build)
        return str(program)


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{shlex.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def check_loss(overlay):
    overlay.write("losses/nearest_age.h", code_after("`losses/nearest_age.h`:"))
    overlay.write("losses/age_margin.h", (ROOT / "tests/losses/age_margin.h").read_text(encoding="utf-8"))
    entry = code_after("append the type to `AllLosses`").replace("NearestAge>", "NearestAge, AgeMargin>")
    overlay.write("losses/all.h", list_with("losses/all.h", '#include "losses/age_margin.h"\n' + entry))
    for test in LOSS_TESTS:
        sources = ["losses/registry.cpp", f"tests/losses/{test}_test.cpp"]
        program = overlay.link(test, f"tests/losses.{test}_test", sources)
        print(run([program], overlay.folder).strip().splitlines()[-3])
    explain = overlay.link("explain", "bin/explain_loss", ["losses/registry.cpp", "tools/explain_loss.cpp"])
    text = run([explain, "--loss", "nearest_age", "--ages", "20,21,25,70"], overlay.folder)
    if "the rows of the nearest other age" not in text or "warning" in text:
        sys.exit("explain_loss does not show the new loss:\n" + text)


def check_op(overlay):
    overlay.write("tensor/ops/square.h", code_after("`tensor/ops/square.h`:"))
    overlay.write("tensor/ops/all.h", list_with("tensor/ops/all.h", code_after("append the type to `AllOps`")))
    overlay.write("tests/tensor/ops/square.cpp", code_after("`tests/tensor/ops/square.cpp`:"))
    names = sorted(path.stem for path in (ROOT / "tests/tensor/ops").glob("*.cpp")) + ["square"]
    listed = (ROOT / "tests/support/op_test_files.cpp.in").read_text()
    listed = listed.replace("@CG_OP_TESTS_DECLARED@", "".join(f"OpTests {name}_tests();\n" for name in names))
    listed = listed.replace("@CG_OP_TESTS@", ", ".join(f'{{"{name}", {name}_tests}}' for name in names))
    overlay.write("op_test_files.cpp", listed)
    sources = ["tensor/registry.cpp", "tensor/backend/cpu/kernels.cpp", "tests/support/op_checks.cpp",
               "op_test_files.cpp", "tests/tensor/ops/square.cpp"]
    for test in ("every_op", "every_op_faults"):
        program = overlay.link(test, f"tests/{test}_test", [*sources, f"tests/{test}_test.cpp"])
        print(run([program], overlay.folder).strip().splitlines()[-3])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        made = Overlay(Path(folder), Path(sys.argv[1]).resolve())
        check_loss(made)
        check_op(made)
