"""Runs the program as people do, and reads what it wrote.

The binary is the one that ROWMILL_BINARY names, by default that of preset dev. Models are tiny and
random, made by tools/make_tiny_model.py once per process: what they answer means nothing, but it
depends on every token of the prompt, so that a wrong byte anywhere shows.
"""

import atexit
import csv
import functools
import gzip
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("ROWMILL_BINARY") or str(PROJECT / "build" / "dev" / "rowmill")
REVIEWS = PROJECT / "examples" / "reviews.csv"
SMOLLM2 = "SmolLM2-135M-Instruct.Q4_1.gguf"

# Exit codes, as docs/cli.md lists them.
OK, USAGE, DATA, MODEL, IO, TOO_MANY_ERRORS, RESOURCE = range(7)
STOPPED = 75


@functools.cache
def _model_folder():
    folder = tempfile.mkdtemp(prefix="rowmill-models-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return pathlib.Path(folder)


@functools.cache
def tiny_model(*options):
    """The path of a random model that was made with these options of make_tiny_model.py."""
    name = "-".join(option.strip("-") for option in options) or "tiny"
    path = _model_folder() / f"{name}.gguf"
    make = [sys.executable, str(PROJECT / "tools" / "make_tiny_model.py"), "-o", str(path)]
    subprocess.run([*make, *options], check=True)
    return str(path)


def real_model():
    """The path of SmolLM2, or None where it is not on this machine."""
    default = pathlib.Path(os.environ.get("HOME", ".")) / ".cache" / "rowmill" / "models"
    path = pathlib.Path(os.environ.get("ROWMILL_MODELS") or default) / SMOLLM2
    return str(path) if path.exists() else None


def shared_folder():
    """Data and reference outputs that are not part of the project."""
    return pathlib.Path(os.environ.get("ROWMILL_SHARED") or PROJECT.parent / "shared")


def clean_environment(**variables):
    """The environment without our own variables, which would change what is tested."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith("ROWMILL_") or name == "ROWMILL_MODELS"}
    environment.pop("NO_COLOR", None)
    environment.update(variables)
    return environment


def read_csv(path, delimiter=","):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def read_jsonl(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def read_report(output):
    with open(f"{output}.run.json", encoding="utf-8") as file:
        return json.load(file)


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def review_rows(count=None):
    rows = read_csv(REVIEWS)
    return rows if count is None else rows[:count]


class ProgramTest(unittest.TestCase):
    """A folder of its own for each test, in which the program runs."""

    def setUp(self):
        if not os.access(BINARY, os.X_OK):
            self.fail(f"there is no program {BINARY}: build it, or set ROWMILL_BINARY")
        folder = tempfile.TemporaryDirectory(prefix="rowmill-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def path(self, name):
        return str(self.folder / name)

    def write(self, name, content):
        data = content.encode("utf-8") if isinstance(content, str) else content
        (self.folder / name).write_bytes(data)
        return name

    def write_jsonl(self, name, rows):
        return self.write(name, "".join(json.dumps(row) + "\n" for row in rows))

    def write_csv(self, name, rows, delimiter=","):
        with open(self.folder / name, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys(), delimiter=delimiter, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        return name

    def write_gzip(self, name, content):
        return self.write(name, gzip.compress(content.encode("utf-8"), mtime=0))

    def read(self, name):
        return (self.folder / name).read_bytes()

    def names(self):
        """What lies in the folder."""
        return sorted(os.listdir(self.folder))

    def start(self, *arguments, **options):
        """The running program; for those who want to signal it."""
        options.setdefault("env", clean_environment())
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        command = [BINARY, *(str(argument) for argument in arguments)]
        return subprocess.Popen(command, cwd=self.folder, **options)

    def run_program(self, *arguments, expect=OK, stdin=b"", env=None, timeout=120):
        """Runs the program to its end; the result's stdout is bytes, its stderr text."""
        command = [BINARY, *(str(argument) for argument in arguments)]
        run = subprocess.run(command, cwd=self.folder, input=stdin, capture_output=True,
                             check=False, timeout=timeout, env=clean_environment(**(env or {})))
        run.stderr = run.stderr.decode("utf-8", "replace")
        if expect is not None:
            self.assertEqual(run.returncode, expect, f"{' '.join(command)}\n{run.stderr}")
        return run

    def run_job(self, *arguments, model=None, **options):
        """A job with a tiny model (or the named one) and without progress lines."""
        return self.run_program(*arguments, "-m", model or tiny_model(), "--progress", "none",
                                **options)
