#!/usr/bin/env python3
"""Checks that the documents speak of what there is: paths in backticks and links lead to files,
flags and environment variables exist, and docs/cli.md knows every flag of the program.

    tools/check_docs.py [--root FOLDER]

A path is taken for one of the project's where it begins with a folder of the project or a room
(`src/engine/journal.h`, `engine/journal.h`), or where it is the name of a document. `*` in a path
is a pattern that must match something; the suffix may be left out where a header or a source has
the name.
"""

import re
import sys

from source_tree import CPP_SUFFIXES, Finding, line_of, run_check

INLINE_CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
PATH = re.compile(r"\.?[\w.*-]+(?:/[\w.*-]*)+")
DOCUMENT = re.compile(r"[\w-]+\.md")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*")
VARIABLE = re.compile(r"\bROWMILL_[A-Z0-9_]+")
# Flags of other programs in the lines of a document that call them.
FOREIGN_COMMAND = re.compile(r"\b(?:cmake|ctest|ninja|git|pip|apt-get|clang-format|clang-tidy"
                             r"|docker|llama-server|gdb|perf|strace)\b")
FOREIGN_FLAG = re.compile(r"^--gtest_\w+")
CLI_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
CLI_FLAG = re.compile(r'\b(?:AddFlag|add_flag|add_option|set_version_flag)\(\s*(?:\w+,\s*)?'
                      r'"([^"]*--[^"]*)"')
BUILT_IN_FLAGS = {"--help"}  # of CLI11
CLI_DOCUMENT = "docs/cli.md"


def documents(tree):
    return tree.files([""], (".md",))


class Existing:
    """What documents may speak of."""

    def __init__(self, tree):
        self.tree = tree
        self.folders = {entry.name for entry in tree.root.iterdir()
                        if entry.is_dir() and not tree.is_generated(entry.name)}
        source = tree.root / "src"
        self.rooms = {entry.name for entry in source.iterdir()} if source.is_dir() else set()
        sources = tree.files(["src"], CPP_SUFFIXES)
        scripts = tree.files(["scripts", "tools", "bench", ".ci"], (".sh", ".py", "run"))
        command_line = [tree.read(path) for path in sources if path.startswith("src/cli/")]
        self.program_flags = {flag for text in command_line for names in CLI_FLAG.findall(text)
                              for flag in FLAG.findall(names)}
        mentioned = [string for text in command_line for string in CLI_STRING.findall(text)]
        mentioned += [tree.read(path) for path in scripts]
        self.flags = {flag for text in mentioned for flag in FLAG.findall(text)} | BUILT_IN_FLAGS
        build = tree.files(["cmake", "CMakeLists.txt", "tests"],
                           (".cmake", ".txt", ".h", ".cc", ".py"))
        self.variables = {name for path in sources + scripts + build
                          for name in VARIABLE.findall(tree.read(path))}
        self.variables |= {"ROWMILL_" + flag[2:].upper().replace("-", "_")
                           for flag in self.program_flags}

    def has_path(self, path):
        """None where `path` does not look like one of the project's."""
        first = path.split("/")[0]
        if DOCUMENT.fullmatch(path):
            places = ["", "docs/", "docs/decisions/", "examples/"]
        elif first in self.folders:
            places = [""]
        elif first in self.rooms:
            places = ["src/"]
        else:
            return None
        return any(self._is_there(place + path.rstrip("/")) for place in places)

    def _is_there(self, path):
        root = self.tree.root
        if "*" in path:
            return any(True for _ in root.glob(path))
        return any((root / (path + suffix)).exists() for suffix in ("",) + CPP_SUFFIXES)


def check_paths(path, text, existing):
    for match in INLINE_CODE.finditer(text):
        name = match.group(1)
        if (PATH.fullmatch(name) or DOCUMENT.fullmatch(name)) and existing.has_path(name) is False:
            yield Finding(path, line_of(text, match.start()), f"there is no '{name}'")


def check_links(path, text, tree):
    for match in LINK.finditer(text):
        target = match.group(1).split("#")[0]
        if not target or "://" in target or target.startswith("mailto:"):
            continue
        if not ((tree.root / path).parent / target).exists():
            yield Finding(path, line_of(text, match.start()), f"the link '{target}' leads nowhere")


def check_flags(path, text, existing):
    for number, line in enumerate(text.splitlines(), start=1):
        if FOREIGN_COMMAND.search(line):
            continue
        for flag in FLAG.findall(line):
            if flag not in existing.flags and not FOREIGN_FLAG.match(flag):
                yield Finding(path, number, f"there is no flag {flag}")
        for name in VARIABLE.findall(line):
            if name not in existing.variables and not name.endswith("_"):
                yield Finding(path, number, f"there is no variable {name}")


def check_completeness(tree, existing):
    if not (tree.root / CLI_DOCUMENT).exists():
        return
    described = set(FLAG.findall(tree.read(CLI_DOCUMENT)))
    for flag in sorted(existing.program_flags - described):
        yield Finding(CLI_DOCUMENT, 0, f"does not describe {flag}")


def check(tree):
    existing = Existing(tree)
    findings = list(check_completeness(tree, existing))
    for path in documents(tree):
        text = tree.read(path)
        findings += check_paths(path, text, existing)
        findings += check_links(path, text, tree)
        findings += check_flags(path, text, existing)
    return findings, []


if __name__ == "__main__":
    sys.exit(run_check(check, __doc__.splitlines()[0]))
