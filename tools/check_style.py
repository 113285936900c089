#!/usr/bin/env python3
"""Checks what neither the compiler nor clang-format sees: file lengths, open ends, names, headers
without an introduction, boolean parameters, and functions that would make output differ between
machines.

    tools/check_style.py [--root FOLDER]

The check of boolean parameters is a heuristic. What it is after is the call that nobody can read,
`Open(path, true)`: a parameter with a default, or one that somewhere gets a literal beside other
arguments, is a finding; one that only hands a computed truth on is a note. Parameter lists with
parentheses inside are not understood.
"""

import re
import sys

from source_tree import CPP_SUFFIXES, Finding, code_of, line_of, run_check

MAX_LINES = 700
LONG_LINES = 400  # worth a note
CODE_FOLDERS = ["src", "tests", "fuzz", "bench", "tools", "scripts", "cmake", ".ci",
                "CMakeLists.txt"]
CODE_SUFFIXES = CPP_SUFFIXES + (".py", ".sh", ".cmake", "CMakeLists.txt")
# In two halves, so that this file has no open end itself.
OPEN_END = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
BANNED_WORDS = {"helper", "helpers", "util", "utils", "manager", "managers"}
BANNED_NAME = re.compile(r"\w*(?:helper|util|manager)\w*", re.IGNORECASE)
NAME_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
PARAMETERS = re.compile(r"(\w+)\s*\(([^()]*\bbool\b[^()]*)\)")
BOOL_LITERAL = re.compile(r",\s*(?:true|false)\s*[,)]|^\s*(?:true|false)\s*,")
BOOL_PARAMETER = re.compile(r"^\s*(?:const\s+)?bool\s*&?\s+(\w+)\s*(?:=.*)?$", re.DOTALL)
NOT_FUNCTIONS = {"if", "while", "for", "switch", "return", "sizeof", "decltype"}
REGEX = re.compile(r"\bstd::w?regex\b|#\s*include\s*<regex>")
# Their last bits depend on the C library. base/real_math.h and the kernels have ours.
LIBM = re.compile(r"\bstd::(?:exp|exp2|expm1|log|log2|log10|log1p|pow|sin|cos|tan|tanh|sinh|cosh|"
                  r"asin|acos|atan|atan2|cbrt|erf|erfc|tgamma|lgamma|hypot)[fl]?\s*\(")
LIBM_ROOMS = re.compile(r"^src/(?:cli|metrics)/")  # never on a path to the output file


def check_length(path, text):
    lines = text.count("\n")
    if lines > MAX_LINES:
        return [Finding(path, 0, f"{lines} lines, {MAX_LINES} are the limit: split it")], []
    if lines > LONG_LINES:
        return [], [f"{path} has {lines} lines: is there a seam?"]
    return [], []


def check_words(path, text):
    for match in OPEN_END.finditer(text):
        yield Finding(path, line_of(text, match.start()), f"{match.group()}: no open ends")


def has_banned_word(name):
    return any(part.lower() in BANNED_WORDS for part in NAME_PARTS.findall(name))


def check_file_name(path):
    for part in path.split("/"):
        if has_banned_word(part):
            yield Finding(path, 0, f"'{part}' says nothing: name it after what it does")


def check_names(path, code):
    seen = set()
    for match in BANNED_NAME.finditer(code):
        name = match.group()
        if name in seen or not has_banned_word(name):
            continue
        seen.add(name)
        yield Finding(path, line_of(code, match.start()),
                      f"'{name}' says nothing: name it after what it does")


def check_header(path, text):
    if not text.startswith(("//", "/*")):
        yield Finding(path, 1, "a header begins with a comment: what it is, what it is not")
    if "#pragma once" not in text:
        yield Finding(path, 1, "no #pragma once")


def bool_parameters(code):
    """(position, function, parameter, has a default) of each."""
    for match in PARAMETERS.finditer(code):
        parameters = match.group(2).split(",")
        if match.group(1) in NOT_FUNCTIONS or len(parameters) == 1:
            continue  # a single one is a value: SetVisible(true) reads well
        for parameter in parameters:
            found = BOOL_PARAMETER.match(parameter)
            if found:
                yield match.start(), match.group(1), found.group(1), "=" in parameter


def check_bool_parameters(codes):
    """`codes`: the code of each file. Declarations and calls may be far apart."""
    everything = "\n".join(codes.values())
    findings, notes = [], []
    for path, code in codes.items():
        for position, function, name, has_default in bool_parameters(code):
            calls = re.finditer(rf"\b{function}\s*\(([^;{{}}]*)", everything)
            if has_default or any(BOOL_LITERAL.search(call.group(1)) for call in calls):
                findings.append(Finding(path, line_of(code, position),
                                        f"bool {name} of {function}: use an enum or options"))
            else:
                notes.append(f"{path}:{line_of(code, position)}: bool {name} of {function}")
    return findings, notes


def check_functions(path, code):
    for match in REGEX.finditer(code):
        yield Finding(path, line_of(code, match.start()),
                      "std::regex recurses on its input and is slow; write a scanner")
    if LIBM_ROOMS.match(path):
        return
    for match in LIBM.finditer(code):
        yield Finding(path, line_of(code, match.start()),
                      f"{match.group().strip('( ')}: bits of the C library; see base/real_math.h")


def check(tree):
    findings, notes, codes = [], [], {}
    for path in tree.files(CODE_FOLDERS, CODE_SUFFIXES):
        text = tree.read(path)
        too_long, long = check_length(path, text)
        findings += too_long
        notes += long
        findings += check_words(path, text)
        findings += check_file_name(path)
        if not path.endswith(CPP_SUFFIXES):
            continue
        code = code_of(text)
        findings += check_names(path, code)
        if path.endswith(".h"):
            findings += check_header(path, text)
        if path.startswith("src/"):
            codes[path] = code
            findings += check_functions(path, code)
    for_bools, bool_notes = check_bool_parameters(codes)
    findings += for_bools
    notes += bool_notes
    return findings, notes


if __name__ == "__main__":
    sys.exit(run_check(check, __doc__.splitlines()[0]))
