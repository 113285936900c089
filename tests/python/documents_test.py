"""What is written about the package holds: examples in its documentation, type stubs, the notebook."""

import doctest
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import package
import program
import rowmill
import rowmill._model

NOTEBOOK = package.PROJECT / "examples" / "quickstart.ipynb"


class DocumentsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="rowmill-test-")
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)
        (pathlib.Path(folder.name) / "reviews.csv").write_bytes(program.REVIEWS.read_bytes())

    def need_model(self):
        if program.real_model() is None:
            self.skipTest("the model SmolLM2 is not on this machine")

    def test_stubs_are_up_to_date(self):
        run = subprocess.run([sys.executable, package.PROJECT / "tools" / "make_python_stubs.py", "--check"],
                             capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_docstrings(self):
        self.need_model()
        failed, run = doctest.testmod(rowmill._model)
        self.assertGreater(run, 3)
        self.assertEqual(failed, 0)

    def test_python_md(self):
        """The fenced examples, one after the other, in one namespace."""
        self.need_model()
        text = (package.PROJECT / "docs" / "python.md").read_text(encoding="utf-8")
        blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        self.assertGreater(len(blocks), 3)
        namespace = {}
        for block in blocks:
            if "import ray" not in block:
                exec(compile(block, "docs/python.md", "exec"), namespace)

    def test_notebook(self):
        """Runs its cells; their answers are those that it shows."""
        self.need_model()
        import nbclient
        import nbformat

        shown = nbformat.read(NOTEBOOK, as_version=4)
        fresh = nbformat.read(NOTEBOOK, as_version=4)
        os.makedirs("examples")
        os.rename("reviews.csv", "examples/reviews.csv")
        nbclient.NotebookClient(fresh, timeout=300, kernel_name="python3").execute()
        for was, now in zip(shown.cells, fresh.cells, strict=True):
            if "same-output" in was.metadata.get("tags", []):
                self.assertEqual(json.dumps(was.outputs, sort_keys=True),
                                 json.dumps(now.outputs, sort_keys=True))
        self.assertTrue(any("image/png" in output.get("data", {})
                            for cell in fresh.cells for output in cell.get("outputs", [])))


if __name__ == "__main__":
    unittest.main()
