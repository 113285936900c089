"""What the demo installs is enough to configure the program: a machine that has no test library builds it."""

import pathlib
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class ConfigureTest(unittest.TestCase):
    def test_the_release_preset_needs_no_test_library(self):
        with tempfile.TemporaryDirectory() as folder:
            result = subprocess.run(
                ["cmake", "--preset", "release", "-B", folder, "-DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON",
                 "-DCMAKE_DISABLE_FIND_PACKAGE_benchmark=ON"],
                cwd=ROOT, capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)


if __name__ == "__main__":
    unittest.main()
