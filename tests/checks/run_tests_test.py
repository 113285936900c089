import argparse
import contextlib
import io
import os
import subprocess
import sys

from small_tree import PROJECT, SmallTreeTest

import run_tests
from run_tests import FAILED, PASSED, SKIPPED, Result

GTEST = """<?xml version="1.0"?>
<testsuites><testsuite name="A">
<testcase name="Good" file="x_test.cc" status="run" result="completed" classname="A" />
<testcase name="Bad" file="x_test.cc" status="run" result="completed" classname="A">
  <failure message="1 is not 2&#x0A;more"/></testcase>
<testcase name="Left" file="x_golden_test.cc" status="run" result="skipped" classname="A">
  <skipped message="no-shared"/></testcase>
<testcase name="Off" file="x_test.cc" status="notrun" result="suppressed" classname="A" />
</testsuite></testsuites>"""

JUNIT = """<?xml version="1.0"?>
<testsuite name="(empty)" tests="3">
<testcase name="unit.base" classname="unit.base" time="1" status="{base}"/>
<testcase name="unit.text" classname="unit.text" time="1" status="fail"/>
<testcase name="script" classname="script" time="1" status="run"/>
</testsuite>"""

GOOD_GTEST = """<testsuites><testsuite name="A">
<testcase name="Good" file="x_test.cc" status="run" result="completed" classname="A" />
</testsuite></testsuites>"""

UNITTESTS = """
import unittest

class A(unittest.TestCase):
    def test_good(self): pass
    def test_bad(self): self.assertEqual(1, 2)
    def test_error(self): raise ValueError("broken")
    def test_left(self): self.skipTest("not here")
    def test_parts(self):
        for i in range(3):
            with self.subTest(i=i): self.assertLess(i, 1)

class B(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise OSError("no room")
    def test_never_runs(self): pass
"""


class CountTest(SmallTreeTest):
    def outcomes(self, results):
        return {result.name: result.outcome for result in results}

    def test_reads_reports_of_googletest(self):
        self.write("test_x.xml", GTEST)
        results = list(run_tests.parse_gtest(self.root / "test_x.xml", "unit"))
        self.assertEqual(results, [
            Result("unit", "test_x: A.Good", PASSED),
            Result("unit", "test_x: A.Bad", FAILED, "1 is not 2\nmore"),
            Result("unit", "test_x: A.Left (golden)", SKIPPED, "no-shared")])

    def parse_ctest(self, base):
        self.write("junit.xml", JUNIT.format(base=base))
        return self.outcomes(run_tests.parse_ctest(self.root / "junit.xml", self.root, "unit"))

    def test_counts_binaries_that_crash(self):
        self.write("test_base.xml", GOOD_GTEST)
        self.assertEqual(self.parse_ctest("run"), {"test_base: A.Good": PASSED, "unit.text": FAILED,
                                                   "script": PASSED})

    def test_counts_binaries_that_fail_after_their_tests(self):
        self.write("test_base.xml", GOOD_GTEST)
        self.assertEqual(self.parse_ctest("fail")["unit.base"], FAILED)

    def test_counts_the_tests_of_python(self):
        self.write("tests/a_test.py", UNITTESTS)
        file = self.root / "results"
        script = PROJECT / "scripts" / "run_tests.py"
        subprocess.run([sys.executable, script, "unittest", "--results", file, "--stage", "cli",
                        "--folder", self.root / "tests"], check=True, capture_output=True)
        outcomes = self.outcomes(run_tests.read_results(file))
        self.assertEqual({name.split(" ")[0]: outcome for name, outcome in outcomes.items()},
                         {"test_good": PASSED, "test_bad": FAILED, "test_error": FAILED,
                          "test_left": SKIPPED, "test_parts": FAILED, "setUpClass": FAILED})

    def test_counts_commands(self):
        file = self.root / "results"
        for command in ["true", "false"]:
            subprocess.run([sys.executable, PROJECT / "scripts" / "run_tests.py", "command",
                            "--results", file, "--stage", "checks", "--name", command, "--",
                            command], check=True)
        self.assertEqual(self.outcomes(run_tests.read_results(file)),
                         {"true": PASSED, "false": FAILED})


class SummaryTest(SmallTreeTest):
    def judge(self, result, excused=("not built yet",)):
        return next(run_tests.judge([result], excused)).outcome

    def test_skipped_goldens_fail(self):
        for name, reason in [("test_text: Golden.A", "no idea"), ("A.B (golden)", ""),
                             ("A.B", "no-shared"), ("A.B", "no model file x.gguf")]:
            with self.subTest(name=name, reason=reason):
                self.assertEqual(self.judge(Result("unit", name, SKIPPED, reason)), FAILED)

    def test_other_skips_stay_skips(self):
        for name, reason in [("A.B", "no-locale"), ("Golden.A", "gemma3 is not built yet")]:
            with self.subTest(name=name, reason=reason):
                self.assertEqual(self.judge(Result("unit", name, SKIPPED, reason)), SKIPPED)
        gemma = Result("unit", "Golden.A", SKIPPED, "no model file gemma-3.gguf")
        self.assertEqual(self.judge(gemma, ["gemma"]), SKIPPED)
        self.assertEqual(self.judge(Result("unit", "Golden.A", PASSED)), PASSED)

    def test_ends_with_the_counts(self):
        lines = run_tests.summarize([
            Result("a", "x", PASSED), Result("a", "y", FAILED, "why\nso"),
            Result("a", "z", SKIPPED, "no-locale"), Result("a", "w", PASSED)])
        self.assertEqual(lines, ["skipped 1: no-locale", "FAILED [a] y: why",
                                 "2 passed, 1 failed, 1 skipped"])

    def test_shows_the_place_with_the_message(self):
        self.assertEqual(run_tests.first_line("\n/a/b/x_test.cc:12\nExpected: 2\n  Which is: 3\n"),
                         "x_test.cc:12: Expected: 2")
        self.assertEqual(run_tests.first_line("no-locale"), "no-locale")
        self.assertEqual(run_tests.first_line(" \n"), "no reason given")

    def summary_code(self, results):
        file = os.fspath(self.root / f"results-{len(results)}")
        run_tests.append_results(file, results)
        arguments = argparse.Namespace(results=file, goldens_required=True, excused=[])
        with contextlib.redirect_stdout(io.StringIO()):
            return run_tests.print_summary(arguments)

    def test_the_exit_code_tells(self):
        passed = Result("a", "x", PASSED)
        self.assertEqual(self.summary_code([passed]), 0)
        self.assertEqual(self.summary_code([passed, Result("a", "y", FAILED)]), 1)
        golden = Result("a", "Golden.z", SKIPPED)
        self.assertEqual(self.summary_code([passed, golden, passed]), 1)
        self.assertEqual(self.summary_code([]), 1)
