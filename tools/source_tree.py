"""What the checks of the source tree (check_layers, check_docs, check_style) have in common: the
files to look at, C++ text without its comments and strings, and how findings are shown.
"""

import argparse
import dataclasses
import pathlib
import re

# Folders of what is made, not written.
GENERATED = {"build", ".git", ".cache", "__pycache__", "third_party"}
CPP_SUFFIXES = (".h", ".cc")


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    path: str  # from the root of the tree
    line: int  # from 1; 0: the file as a whole
    text: str

    def __str__(self):
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.text}"


class SourceTree:
    def __init__(self, root):
        self.root = pathlib.Path(root)

    def files(self, folders, suffixes):
        """The files below `folders` ("" is the root) with one of the suffixes, as paths from the
        root with forward slashes, sorted."""
        found = set()
        for folder in folders:
            base = self.root / folder
            for path in [base] if base.is_file() else base.rglob("*"):
                relative = path.relative_to(self.root)
                if path.is_file() and path.name.endswith(suffixes) and not any(
                        self.is_generated(part) for part in relative.parts[:-1]):
                    found.add(relative.as_posix())
        return sorted(found)

    def read(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    @staticmethod
    def is_generated(part):
        return part in GENERATED or part.startswith("build-")


_CPP_NOT_CODE = re.compile(
    r'//[^\n]*'
    r'|/\*.*?\*/'
    r'|R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"'
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|(?<![0-9A-Fa-f])'(?:[^'\\\n]|\\.)+'",
    re.DOTALL)


def code_of(text):
    """C++ text with its comments blanked and its literals emptied; lines stay where they were."""
    def blank(match):
        first = match.group()[0]
        lines = "\n" * match.group().count("\n")
        return lines if first == "/" else '""' + lines if first != "'" else "' '" + lines
    return _CPP_NOT_CODE.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def run_check(check, description):
    """The main function of a check: `check(tree)` gives findings and notes. Returns the exit
    code."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--root", default=pathlib.Path(__file__).resolve().parent.parent,
                        help="the tree to look at (default: the one this script lies in)")
    arguments = parser.parse_args()
    findings, notes = check(SourceTree(arguments.root))
    for note in sorted(notes):
        print(f"note: {note}")
    for finding in sorted(findings):
        print(finding)
    if findings:
        print(f"{len(findings)} findings")
    return 1 if findings else 0
