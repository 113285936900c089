#!/usr/bin/env python3
"""Checks that includes go the way that the table in docs/architecture.md says, and the borders that
go with it: what only one room may do. The table is read from there, so there is one truth.

    tools/check_layers.py [--root FOLDER]
"""

import re
import sys

from source_tree import CPP_SUFFIXES, Finding, code_of, line_of, run_check

ARCHITECTURE = "docs/architecture.md"
TABLE_HEADER = re.compile(r"^\|\s*room\s*\|\s*may include\s*\|", re.IGNORECASE)
QUOTED_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]*)"', re.MULTILINE)
ANGLED_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<([^>]*)>", re.MULTILINE)
CMAKE_ROOM = re.compile(r"^rowmill_room\((\w+)([^)]*)\)", re.MULTILINE)
# std::snprintf and friends format into memory; everything here reaches a stream of the process.
PRINTS = re.compile(r"\b(?:std::(?:cout|cerr|clog|print|println)|fmt::print|(?:std::)?f?printf|"
                    r"(?:std::)?f?puts|(?:std::)?putchar|perror|STDERR_FILENO)\b")
STARTS_THREADS = re.compile(r"\b(?:std::j?thread\s*[({]|std::(?:vector|list|deque)<std::j?thread>|"
                            r"std::j?thread\s+\w+\s*[({]|std::async|pthread_create)")
THREAD_ROOMS = {"parallel", "engine"}
PRINT_ROOMS = {"cli"}
# Folders compiled for a CPU that the machine may not have: nothing of the standard library that has
# code of its own may be instantiated there, or the linker could pick that copy for everybody.
ISA_FOLDER = re.compile(r"^src/kernels/(?!scalar/)\w+/")
ISA_HEADERS = {"immintrin.h", "arm_neon.h", "cstddef", "cstdint"}
TEST_SUPPORT = re.compile(r"^\w+/testing/")


class TableError(Exception):
    pass


def read_table(text):
    """{room: rooms that it may include} from the markdown table."""
    rows = iter(text.splitlines())
    for row in rows:
        if TABLE_HEADER.match(row):
            break
    else:
        raise TableError("has no table with the header '| room | may include |'")
    table = {}
    next(rows, None)  # the line of dashes
    for row in rows:
        if not row.startswith("|"):
            break
        cells = [cell.strip() for cell in row.strip().strip("|").split("|")]
        names = re.findall(r"`(\w+)`", cells[0])
        if len(names) != 1 or len(cells) < 2:
            raise TableError(f"cannot read the row '{row}'")
        if names[0] in table:
            raise TableError(f"the room '{names[0]}' has two rows")
        table[names[0]] = set(re.findall(r"`(\w+)`", cells[1]))
    for room, others in table.items():
        unknown = sorted(others - table.keys())
        if unknown:
            raise TableError(f"'{room}' may include '{unknown[0]}', which has no row")
    refuse_cycles(table)
    return table


def refuse_cycles(table):
    """Takes away rooms that include nothing that is left, until nothing is left."""
    left = dict(table)
    while left:
        free = [room for room, others in left.items() if not (others - {room}) & left.keys()]
        if not free:
            raise TableError("the rooms include each other in a circle: " + ", ".join(sorted(left)))
        for room in free:
            del left[room]


def check_includes(path, room, text, table):
    for match in QUOTED_INCLUDE.finditer(text):
        target = match.group(1)
        line = line_of(text, match.start())
        other = target.split("/")[0]
        if "/" not in target or other not in table:
            yield Finding(path, line, f'"{target}": include by the full path from src/')
        elif other != room and other not in table[room]:
            yield Finding(path, line, f"{room}/ may not include {other}/ ({ARCHITECTURE})")
        if TEST_SUPPORT.match(target) and not TEST_SUPPORT.match(path.removeprefix("src/")):
            yield Finding(path, line, f'"{target}" is for tests alone')
        if ISA_FOLDER.match(path) and other != "kernels":
            yield Finding(path, line, "code of an instruction set includes kernels/ alone")
    if ISA_FOLDER.match(path):
        for match in ANGLED_INCLUDE.finditer(text):
            if match.group(1) not in ISA_HEADERS:
                yield Finding(path, line_of(text, match.start()),
                              f"<{match.group(1)}>: code of an instruction set includes "
                              "intrinsics, <cstddef> and <cstdint> alone")


def check_borders(path, room, code):
    if room not in PRINT_ROOMS:
        for match in PRINTS.finditer(code):
            yield Finding(path, line_of(code, match.start()), "only cli/ prints")
    if room not in THREAD_ROOMS:
        for match in STARTS_THREADS.finditer(code):
            yield Finding(path, line_of(code, match.start()),
                          "only engine/ (and the teams of parallel/) starts threads")


def check_cmake(tree, table):
    """What a room links must be what it may include, or the table would be a pious wish."""
    if not (tree.root / "CMakeLists.txt").exists():
        return
    text = tree.read("CMakeLists.txt")
    for match in CMAKE_ROOM.finditer(text):
        room = match.group(1)
        for other in re.findall(r"\browmill_(\w+)", match.group(2)):
            if room in table and other not in table[room]:
                yield Finding("CMakeLists.txt", line_of(text, match.start()),
                              f"{room}/ links {other}/, which it may not include")


def check(tree):
    try:
        table = read_table(tree.read(ARCHITECTURE))
    except (TableError, OSError) as error:
        return [Finding(ARCHITECTURE, 0, str(error))], []
    findings = list(check_cmake(tree, table))
    for path in tree.files(["src"], CPP_SUFFIXES):
        room = path.split("/")[1]
        if room not in table:
            findings.append(Finding(path, 0, f"the room '{room}' has no row in {ARCHITECTURE}"))
            continue
        text = tree.read(path)
        findings += check_includes(path, room, text, table)
        findings += check_borders(path, room, code_of(text))
    return findings, []


if __name__ == "__main__":
    sys.exit(run_check(check, __doc__.splitlines()[0]))
