#!/usr/bin/env python3
"""Writes the type stubs of the Python package's methods, python/rowmill/_model.pyi, from the commands and
options that the program has. To be run with a Python that can import rowmill:

    PYTHONPATH=build/dev/python python3 tools/make_python_stubs.py [--check]

--check: writes nothing; exit code 1 where the file is not what would be written.
"""

import argparse
import pathlib
import sys

from rowmill import _arguments

STUBS = pathlib.Path(__file__).resolve().parents[1] / "python" / "rowmill" / "_model.pyi"

HEAD = '''\
# Made by tools/make_python_stubs.py of the options that the program has; do not edit.
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Union

from . import _core
from ._result import Result

# A table that speaks Arrow, a list of texts or dicts, or the path of a file.
Data = Any
Path = Union[str, "os.PathLike[str]"]
Progress = Union[bool, str, Callable[[str, int, int, int, int, float], object], None]

class TooManyErrors(_core.Error):
    exit_code: int
    result: Result

class Model:
    def __init__(self, model: Path | None = None, **options: Any) -> None: ...
    def close(self) -> None: ...
    def __enter__(self) -> Model: ...
    def __exit__(self, *_: object) -> None: ...
    def map(
        self, task: str, data: Data, *, output: Path | None = None, progress: Progress = "auto", **options: Any
    ) -> Result: ...
    def plan(self, task: str, data: Data, **options: Any) -> str: ...
    def stream(
        self, task: str, batches: Iterable[Any], *, rows: int = 8192, progress: Progress = False, **options: Any
    ) -> Iterator[Result]: ...
'''


def type_of(option):
    if option.is_switch:
        return "bool"
    if option.is_repeated or option.type_name == "a,b,c":
        return "str | Sequence[str]"
    words = {"N": "int", "UINT": "int", "X": "float", "on|off": "bool | str", "N|auto": "int | str",
             "N|P%": "int | str", "SIZE": "int | str"}
    if option.type_name in words:
        return words[option.type_name]
    is_path = option.is_positional or "FILE" in option.type_name or option.type_name in ("REF", "FOLDER")
    return "Path" if is_path else "str"


def method(task):
    lines = [f"    def {task.name}(", "        self,", "        data: Data,", "        *,",
             "        output: Path | None = None,", '        progress: Progress = "auto",']
    for name, option in _arguments.call_options(task).items():
        is_needed = option.is_positional and option.is_required
        lines.append(f"        {name}: {type_of(option)}" + ("," if is_needed else " | None = None,"))
    return "\n".join([*lines, "    ) -> Result: ...", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the file, and write nothing")
    arguments = parser.parse_args()
    text = HEAD + "".join(method(task) for task in _arguments.TASKS.values())
    if not arguments.check:
        STUBS.write_text(text, encoding="utf-8")
        return 0
    if STUBS.exists() and STUBS.read_text(encoding="utf-8") == text:
        return 0
    print(f"{STUBS} is out of date: run tools/make_python_stubs.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
