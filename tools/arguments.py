# SPDX-License-Identifier: Apache-2.0
"""How the Python programs read their command line: errors in the words of the C++ programs, and exit code 2."""
import argparse
import difflib
import re
import sys


class Parser(argparse.ArgumentParser):
    """argparse with `error: command line: …`, the nearest known option, and a help that keeps its lines."""

    def __init__(self, **options):
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **options)

    def error(self, message):
        if found := re.match(r"unrecognized arguments: (\S+)", message):
            word = found[1].partition("=")[0]
            known = [name for action in self._actions for name in action.option_strings if name.startswith("--")]
            near = difflib.get_close_matches(word, known, 1)
            kind = "unknown option" if word.startswith("-") else "unexpected argument"
            message = f'{kind} "{word}"' + (f'; did you mean "{near[0]}"?' if near else "")
        elif found := re.match(r"the following arguments are required: ([^,]+)", message):
            message = f"{found[1]} is missing"
        elif found := re.match(r"argument (\S+?)(?:/\S+)?: expected .*argument", message):
            message = f"{found[1]}: expected a value"
        elif found := re.match(r"argument (\S+?)(?:/\S+)?: invalid choice: '(.*)' \(choose from (.*)\)", message):
            words = re.findall(r"[^', ]+", found[3])
            near = difflib.get_close_matches(found[2], words, 1)
            message = f"{found[1]} = {found[2]}: expected one of {', '.join(words)}"
            message += f'; did you mean "{near[0]}"?' if near else ""
        elif found := re.match(r"argument (\S+?)(?:/\S+)?: invalid (\w+) value: '(.*)'", message):
            kind = {"int": "an integer", "float": "a number"}.get(found[2], found[2])
            message = f"{found[1]} = {found[3]}: expected {kind}"
        stop = "" if message.endswith(("?", ".")) else "."
        print(f"error: command line: {message}{stop} Run {self.prog} --help to see the options.", file=sys.stderr)
        sys.exit(2)
