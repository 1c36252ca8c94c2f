# SPDX-License-Identifier: Apache-2.0
"""Plain technical English: finds phrases that readers must decode, and says what to write instead.

    language_test.py                       tests itself, then checks the kinds of text in CHECKED
    language_test.py headers messages      tests itself, then checks these kinds
    language_test.py --count headers       tests itself, then counts the phrases in each folder

To add a phrase, add a Rule with examples. If no other word is possible in one place, add it to ALLOWED.
"""

import argparse
import io
import re
import sys
import tempfile
import tokenize
import unittest
from collections import Counter
from pathlib import Path
from typing import NamedTuple

# What is checked by default. KINDS, below, has all kinds.
CHECKED = ["docs", "headers", "messages"]

# {(file, phrase in lower case): why no other word is possible}. An entry that is not needed is an error.
ALLOWED = {}

PRODUCT_FOLDERS = ["autograd", "data", "experiments", "layers", "losses", "optim", "tensor", "tools"]

UNITS = (
    "epoch step batch loss op node layer kernel anchor row column line case subject participant person scan map volume "
    "voxel thread block file folder part page point array parameter dataset seed year second unit call round"
).replace(" ", "|")
MEASURES = r"ms|milliseconds|seconds|minutes|hours|years|bytes|kB|MB|MiB|GB|GiB|\d s"
COMPARED = (
    "one more less fewer longer larger smaller higher lower greater nearer farther faster slower newer older later "
    "earlier better worse"
).replace(" ", "|")
FUNCTION_WORDS = "and|are|as|at|before|but|by|for|from|in|is|it|of|on|or|so|that|than|they|to|which|with"


class Rule(NamedTuple):
    pattern: str  # of whole words; a space also stands for a line break
    write: str  # what to write instead
    found: tuple  # texts in which it finds one phrase each
    accepted: tuple = ()  # texts in which it finds nothing


RULES = [
    Rule(
        "tell(?:s|ing)?|told",
        "is reported; a warning says; distinguish",
        ("89+ counts as 89 and is told.", "It tells them apart.", "what a kernel is told"),
        ("A warning says so.", "Nothing is untold."),
    ),
    Rule("mend(?:s|ed|ing)?", "fix", ("The weighted losses mend this.",), ("We recommend it.",)),
    Rule(
        rf"(?:an?|one|no) (?!(?:{FUNCTION_WORDS})\b)[a-z]+ an? (?:{UNITS})",
        "one X per Y",
        ("a row an epoch", "a node an op", "One file a participant.", "a line a\ncase"),
        ("one row per epoch", "a map at a time", "the last one of an epoch", "It gives a row a weight."),
    ),
    Rule(
        f"(?:{MEASURES}) an? (?:{UNITS})",
        "X per Y",
        ("25.9 s a step of 32", "ms a volume", "about 10 MB a thread"),
        ("3 s per step", "It draws a volume."),
    ),
    Rule(
        "at once",
        "together; immediately",
        ("All errors are reported at once.", "The run ends at\n  once."),
        ("It runs once.", "The end of what we look at\n\nOnce more."),
    ),
    Rule(
        "(?:no|every|some|any)body|whoever|(?:every|some|any)one",
        "a named subject: no row, all other rows, the caller, the reader",
        ("Everybody is repelled.", "nobody's weight", "as somebody else does"),
        ("No row is repelled.", "repels_none(i)"),
    ),
    Rule("whom", "which row; the rows that", ("Whom DynLocRep repels.",), ("who is in the cohort",)),
    Rule(
        "(?:that|which|it) (?:is|are|was|were) none",
        "an invalid X; is not an X",
        ("an affine that is none", "ages that\nare none", "if it is none"),
        ("missing: none", "if there are none"),
    ),
    Rule(
        rf"(?<!there )(?:is|are|was|were) no (?!(?:{COMPARED})\b)[^\s\0]+",
        "is not an X; an invalid X",
        ("an axis that is no number", "this is no\nweight", "which are no maps"),
        ("There is no file.", "there are\nno errors", "It is no longer 0.", "It is no larger than 3."),
    ),
    Rule("(?:or|nor) no number", "or not a number", ("an age that is negative or no number",)),
    Rule(
        "made[- ]up(?! of)",
        "fake, generated, sample",
        ("with a made-up driver", "made up numbers"),
        ("It is made up of layers.", "made_up_driver.cpp"),
    ),
    Rule(
        "(?:go|goes|going|gone|went) on",
        "continue",
        ("The same command goes on from there.", "and goes\non"),
        ("The voxel goes into the grid.", "an ongoing run"),
    ),
    Rule("(?:hangs?|hanging|hung) on", "depend on", ("what that age hangs on",), ("The program hangs.",)),
    Rule(
        "(?:stands?|stood|standing) (?:in|there|here|beside|above|below|at|behind|on|outside|inside)",
        "is in; is beside",
        ("All constants stand there.", "It stands in row i.", "medians stand\nbeside them"),
        ("τ stands for the temperature.", "as it stood"),
    ),
    Rule(
        r"(?:lies?|lay|lying) in(?! [\[(\d−-])",
        "is in",
        ("The file lies in the folder.", "as they lie in\nmemory"),
        ("The value lies in [0, 1].", "x lies in (0, 1).", "It lies outside the grid."),
    ),
    Rule("want of", "lack of; without", ("for want of memory",), ("if you want to",)),
    Rule("so many", "this number of; that", ("the first so many of them",), ("as many",)),
    Rule(
        rf"of (?:one's|its|his|her|their|our|your|my) own(?= (?:{FUNCTION_WORDS})\b|[^ \w]|$)",
        "its own X, your own X; a separate X",
        ("a cohort of your own", "a section of\nits own.", "a process of its own that reads"),
        ("its own section", "the bodies of our own kernels"),
    ),
    Rule("(?:come|comes|came|coming) by", "get", ("hard to come by",), ("It comes from the file.",)),
    Rule("for people(?! (?:who|that|with))", "as text; human-readable", ("The same for people.",)),
    Rule("to be had", "available", ("900 MB are to be had",), ("It has to be read.",)),
    Rule("but for|save for", "except", ("the same but for the clock",), ("for rows",)),
    Rule("nothing but", "only", ("nothing but zeros",)),
    Rule("passed over", "ignore", ("The rest is passed over.",), ("in two passes over the data",)),
    Rule("as (?:it|they) stands?", "unchanged", ("accepted as it stands",), ("as it is",)),
    Rule("anew", "again", ("It starts anew.",), ("a new run", "It is renewed.")),
    Rule("(?:paper|reference) formulation", "printed or published formulation", ("the reference formulation",)),
    Rule("rebuilt", "recomputed (of outputs)", ("outputs that are rebuilt",), ("It is built again.",)),
    Rule("confined", "sandboxed", ("a confined process",), ("a sandboxed process",)),
]
PATTERNS = [(re.compile(rf"(?<![\w-])(?:{rule.pattern})(?!\w)", re.IGNORECASE), rule) for rule in RULES]

OTHER = "\0"  # stands for text that is not of the kind looked at


def masked(text, pieces):
    """`text` with everything but `pieces` hidden: (start, end, marks) by offset, of which `marks` become spaces."""
    out = [c if c.isspace() else OTHER for c in text]
    for start, end, marks in pieces:
        out[start:end] = re.sub(marks, lambda mark: " " * len(mark[0]), text[start:end])
    return "".join(out)


C_TOKEN = re.compile(
    r"""(?P<raw>R"(?P<end>\w*)\((?s:.*?)\)(?P=end)")"""
    r"""|(?P<string>"(?:\\.|[^"\\\n])*")"""
    r"""|(?P<comment>//[^\n]*|/\*(?s:.*?)\*/)"""
    r"""|(?<!\w)'(?:\\[^']+|[^'\\\n])'"""  # a character, so that '"' begins no string
)


def c_comments(text):
    found = (token for token in C_TOKEN.finditer(text) if token["comment"])
    return masked(text, [(*token.span(), r"^//+<?|^/\*+|\*/$") for token in found])


def c_strings(text):
    """Adjacent literals are one text, as for the compiler; \\n in a literal is a break."""
    found = (token for token in C_TOKEN.finditer(text) if token["string"] or token["raw"])
    hidden = masked(text, [(*token.span(), r'^R?"\w*\(?|\)?\w*"$' if token["raw"] else '"') for token in found])
    return re.sub(r"\\[nt]", OTHER * 2, hidden)


def python_strings(text):
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    kinds = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    found = [token for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type in kinds]
    pieces = [tuple(starts[row - 1] + column for row, column in (token.start, token.end)) for token in found]
    return re.sub(r"\\[nt]", OTHER * 2, masked(text, [(*piece, r"^\w*[\"']+|[\"']+$") for piece in pieces]))


def joined(text):
    """The text with one space for a line break and its indentation, a break for an empty line; and each character's
    line."""
    out, lines, line = [], [], 1
    for piece in re.findall(r"\s+|[^\s\0]+|\0+", text):
        hidden = piece[0] == OTHER or piece.count("\n") > 1
        word = OTHER if hidden else " " if piece.isspace() else piece
        out.append(word)
        lines += [line] * len(word)
        line += piece.count("\n")
    return "".join(out), lines


def phrases(text):
    """(line, phrase, what to write) of a text in which only what is looked at can be read."""
    words, lines = joined(text)
    found = [(match, rule) for pattern, rule in PATTERNS for match in pattern.finditer(words)]
    return [(lines[match.start()], match[0], rule.write) for match, rule in sorted(found, key=lambda f: f[0].start())]


def below(root, folders, *endings):
    return sorted(file for name in folders for file in (root / name).rglob("*") if file.suffix in endings)


KINDS = {  # name: the files below a root, and the function that leaves of a file's text what is looked at
    "docs": [(lambda root: sorted(root.glob("*.md")) + below(root, ["docs"], ".md"), str)],
    "headers": [(lambda root: below(root, PRODUCT_FOLDERS, ".h"), c_comments)],
    "messages": [
        (lambda root: below(root, PRODUCT_FOLDERS, ".h", ".cpp"), c_strings),
        (lambda root: below(root, PRODUCT_FOLDERS, ".py"), python_strings),
    ],
}


def check(root, kinds, allowed):
    """(file, line, phrase, what to write) of all phrases that are not allowed, the entries that allowed nothing, and
    the number of files read."""
    found, used, read = [], set(), 0
    for files, part in (way for kind in kinds for way in KINDS[kind]):
        for file in files(root):
            read += 1
            name = file.relative_to(root).as_posix()
            for line, phrase, write in phrases(part(file.read_text(encoding="utf-8"))):
                key = (name, phrase.lower())
                used.add(key)
                if key not in allowed:
                    found.append((name, line, phrase, write))
    return found, [key for key in allowed if key not in used], read


class Rules(unittest.TestCase):
    def test_a_rule_finds_its_examples_and_accepts_what_it_should(self):
        for pattern, rule in PATTERNS:
            for text in rule.found:
                with self.subTest(text):
                    self.assertEqual(len(pattern.findall(joined(text)[0])), 1)
            for text in rule.accepted:
                with self.subTest(text):
                    self.assertEqual(phrases(text), [])


class Places(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)

    def write(self, name, text):
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text, encoding="utf-8")

    def found(self, kind, allowed=()):
        return [(name, line, phrase) for name, line, phrase, _ in check(self.root, [kind], allowed)[0]]

    def test_documents(self):
        self.write("README.md", "# A title\n\n- one thing at\n  once\n\nIt stops at\n\nonce.\n")
        self.write("docs/deep/page.md", "| a | is told |\n")
        self.assertEqual(self.found("docs"), [("README.md", 3, "at once"), ("docs/deep/page.md", 1, "told")])

    def test_only_comments_of_headers(self):
        header = '// Mends it.\nconst char* s = "told";  // goes\n                      // on\n'
        header += "int at;  ///< at\nint once;  ///< once\n/* so\n   many */\n"
        self.write("losses/a.h", header)
        self.write("losses/a.cpp", "// told\n")
        places = [("losses/a.h", 1, "Mends"), ("losses/a.h", 2, "goes on"), ("losses/a.h", 6, "so many")]
        self.assertEqual(self.found("headers"), places)

    def test_only_strings_of_sources(self):
        source = '#include "a.h"\n// told\nfail("not all at "\n     "once", \'"\', "x\\ntold", '
        self.write("tools/a.cpp", source + 'R"(Usage:\n  mend "it")");\n')
        self.write("tools/b.py", '# told\nprint(f"made-up {number}", \'to be\' " had")\n"""Go\non."""\n')
        cpp = [("tools/a.cpp", 3, "at once"), ("tools/a.cpp", 4, "told"), ("tools/a.cpp", 5, "mend")]
        python = [(2, "made-up"), (2, "to be had"), (3, "Go on")]
        self.assertEqual(self.found("messages"), cpp + [("tools/b.py", *place) for place in python])

    def test_an_allowed_phrase_is_accepted_only_in_its_file_and_an_unused_entry_is_reported(self):
        self.write("README.md", "It is told.\n")
        self.write("docs/page.md", "It is told.\n")
        allowed = {("README.md", "told"): "a quotation", ("README.md", "whom"): "not there"}
        self.assertEqual(self.found("docs", allowed), [("docs/page.md", 1, "told")])
        self.assertEqual(check(self.root, ["docs"], allowed)[1], [("README.md", "whom")])

    def test_every_kind_finds_files_of_this_project(self):
        for kind in KINDS:
            for files, _ in KINDS[kind]:
                self.assertGreater(len(files(project())), 8, kind)


def project():
    return Path(__file__).resolve().parents[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", default=CHECKED, help=f"of {', '.join(KINDS)} (default: CHECKED)")
    parser.add_argument("--count", action="store_true", help="print numbers by folder instead of the phrases")
    options = parser.parse_args()
    if unknown := set(options.kinds) - set(KINDS):
        parser.error(f"unknown kinds: {', '.join(sorted(unknown))}; choose from {', '.join(KINDS)}")
    if not unittest.main(argv=[sys.argv[0]], exit=False).result.wasSuccessful():
        sys.exit(1)
    found, unused, read = check(project(), options.kinds, ALLOWED)
    if options.count:
        for folder, number in sorted(Counter(str(Path(name).parent) for name, *_ in found).items()):
            print(f"{number:5} {folder}")
    else:
        for name, line, phrase, write in found:
            print(f'{name}:{line}: "{phrase}" → {write}')
    if not set(CHECKED) <= set(options.kinds):
        unused = []  # the entry may be for a kind that was not read
    for name, phrase in unused:
        print(f'ALLOWED: "{phrase}" is not in {name}. Remove the entry.')
    print(f"{len(found)} phrases to replace in {read} files")
    sys.exit(1 if found or unused else 0)


if __name__ == "__main__":
    main()
