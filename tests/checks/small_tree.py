"""A tree of a few files in a temporary folder, for the tests of the checks."""

import pathlib
import sys
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "tools"))
sys.path.insert(0, str(PROJECT / "scripts"))

from source_tree import SourceTree  # noqa: E402


class SmallTreeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, path, text):
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def tree(self):
        return SourceTree(self.root)

    def texts(self, check):
        """What `check` finds, as "path:line: text" lines."""
        return [str(finding) for finding in check(self.tree())[0]]
