"""What the tests of the Python package share: the package of the dev build, or the installed one where
ROWMILL_INSTALLED is set, and the program that its answers are compared with (tests/cli/program.py)."""

import os
import pathlib
import sys

PROJECT = pathlib.Path(__file__).resolve().parents[2]
BUILT = PROJECT / "build" / "dev" / "python"
if not os.environ.get("ROWMILL_INSTALLED"):
    sys.path.insert(0, str(BUILT))
    # For processes that a test starts.
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(BUILT), os.environ.get("PYTHONPATH")]))
sys.path.insert(0, str(PROJECT / "tests" / "cli"))

import program  # noqa: E402
import pyarrow  # noqa: E402
import rowmill  # noqa: E402

OURS = ["label", "probability", "status", "error"]


class PackageTest(program.ProgramTest):
    """A folder of its own and a tiny model, kept for the class."""

    @classmethod
    def setUpClass(cls):
        cls.model = rowmill.Model(program.tiny_model(), progress="none")

    def by_program(self, *arguments, **options):
        """The rows that the program writes, as dicts."""
        self.run_job(*arguments, "-o", "by-program.jsonl", "--overwrite", **options)
        return program.read_jsonl(self.path("by-program.jsonl"))

    def assert_same_answers(self, result, rows, columns=None):
        """The result has the program's rows, numbers to their last bit."""
        got = pyarrow.table(result).to_pylist()
        self.assertEqual(len(got), len(rows))
        for mine, row in zip(got, rows):
            for column in columns or OURS:
                self.assertEqual(mine[column], row[column])
