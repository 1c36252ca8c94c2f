# SPDX-License-Identifier: Apache-2.0
"""Finds the commands that README, the pages of docs/ and every `--help` show."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[1]
PROGRAMS = sorted({"run_experiment", *(path.stem for path in (ROOT / "tools").glob("*.cpp"))} - {"engine_example"})
SCRIPTS = ["tools/build.sh", "tools/package.sh", "tools/install_dependencies.sh",
           "tools/gpu_check/gpu_check.sh", "tools/benchmark/compare_with_pytorch.sh", "./run_tests"]
START = re.compile(r"(?:time )?(?:(?:\./|build/release/bin/)?(?:" + "|".join(PROGRAMS) + r")"
                   + r"|(?:tools/)?convert_pth(?:\.py)?|" + "|".join(map(re.escape, SCRIPTS)) + r")(?= |$)")
# A word in capitals, or dots, stand for what the reader fills in.
PLACEHOLDER = re.compile(r"(?<![\w{/.])(?:[A-Z][A-Z_]+(?:\.\w+)?|KEY=\S+)(?![\w/])|…|\.\.\.|\[|FOLDER")


def without_remark(line):
    """A line of a code block without what is said of its command: after three spaces, or after two and a #."""
    return re.split(r"\s{3,}|\s\s+#|\s#\s", line.strip())[0].strip()


def in_blocks(page):
    """The commands of a page's code blocks, fenced without a language or indented by four spaces."""
    page = re.sub(r" *\\\n\s*", " ", page)  # a command on several lines
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", page, re.MULTILINE | re.DOTALL)  # every block, so that pairs match
    fenced = [block for language, block in blocks if not language]
    rest = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    for line in "\n".join([*fenced, *re.findall(r"^    (\S.*)", rest, re.MULTILINE)]).splitlines():
        command = re.sub(r" {2}(?= )", "  ", line)
        if START.match(without_remark(command)):
            yield without_remark(command)


def in_spans(page):
    """The commands in a page's running text: a program with at least one word."""
    text = re.sub(r"^```.*?^```", "", page, flags=re.MULTILINE | re.DOTALL)
    for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", text):
        span = " ".join(span.split())
        if START.match(span) and " " in span:
            yield span


def of_page(path):
    page = path.read_text(encoding="utf-8")
    return [command for command in dict.fromkeys([*in_blocks(page), *in_spans(page)])
            if not PLACEHOLDER.search(command)]


def of_pages():
    """Pairs of a page and a command."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [(str(page.relative_to(ROOT)), command) for page in pages for command in of_page(page)]


def of_help(text):
    """The commands below the line "Examples:" of a help."""
    block = re.search(r"^Examples:\n((?:  .*\n|\n)*)", text.replace("\\\n", " "), re.MULTILINE)
    return [without_remark(line) for line in block[1].splitlines() if START.match(line.strip())] if block else []


if __name__ == "__main__":
    for source, command in of_pages():
        print(f"{source:<28} {command}")
