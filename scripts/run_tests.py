#!/usr/bin/env python3
"""Runs tests of every kind and counts them in one way, for scripts/test.sh.

    run_tests.py ctest    --results FILE --stage NAME --build FOLDER [--only REGEX]
    run_tests.py unittest --results FILE --stage NAME --folder FOLDER
    run_tests.py command  --results FILE --stage NAME --name NAME -- COMMAND...
    run_tests.py failure  --results FILE --stage NAME --name NAME
    run_tests.py skip     --results FILE --stage NAME --name NAME --reason TEXT
    run_tests.py summary  --results FILE [--goldens-required [--excused WORD]...]

The first three add a line of JSON per test to FILE; `failure` and `skip` add one that failed
or was skipped. `summary` prints what failed, what was skipped and why, and last the line `N passed,
N failed, N skipped`; its exit code says whether nothing failed.

--goldens-required: reference outputs are here, so a golden test that is skipped has failed, unless
its reason contains the words `not built yet` or one of the excused words (the name of a model that
cannot be had here).
"""

import argparse
import collections
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import unittest
import xml.etree.ElementTree

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
NOT_BUILT_YET = "not built yet"
# A golden test by its name or file, or one that says that it wants what goldens need.
GOLDEN_TEST = re.compile(r"golden|parity", re.IGNORECASE)
GOLDEN_REASON = re.compile(r"golden|shared|reference|model|weights|gguf|absent", re.IGNORECASE)
PLACE = re.compile(r"\S+:\d+")


@dataclasses.dataclass
class Result:
    stage: str
    name: str
    outcome: str
    detail: str = ""


def append_results(path, results):
    with open(path, "a", encoding="utf-8") as file:
        for result in results:
            file.write(json.dumps(dataclasses.asdict(result)) + "\n")


def read_results(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return [Result(**json.loads(line)) for line in file]


def parse_gtest(path, stage):
    """The results in a report that GoogleTest wrote (--gtest_output=xml)."""
    binary = pathlib.Path(path).stem
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        if case.get("status") == "notrun":
            continue
        name = f"{binary}: {case.get('classname')}.{case.get('name')}"
        if "golden" in os.path.basename(case.get("file", "")):
            name += " (golden)"
        failures, skips = case.findall("failure"), case.findall("skipped")
        if failures:
            yield Result(stage, name, FAILED, failures[0].get("message", ""))
        elif skips or case.get("result") == "skipped":
            yield Result(stage, name, SKIPPED, skips[0].get("message", "") if skips else "")
        else:
            yield Result(stage, name, PASSED)


def parse_ctest(junit, reports, stage):
    """The results of a run of CTest: those of each GoogleTest binary, and for everything else the
    test's own. A binary that failed without a failed test crashed, leaked or ran out of time."""
    for case in xml.etree.ElementTree.parse(junit).getroot().iter("testcase"):
        name, status = case.get("name"), case.get("status")
        failed = status == "fail" or case.find("failure") is not None
        report = reports / f"test_{name.removeprefix('unit.')}.xml"
        if report.exists():
            results = list(parse_gtest(report, stage))
            yield from results
            if failed and all(result.outcome != FAILED for result in results):
                yield Result(stage, name, FAILED, "ended badly after its tests: crash or leak")
        elif failed or status == "notrun":
            yield Result(stage, name, FAILED, "ended without a report: crash or time limit")
        elif case.find("skipped") is not None or status == "disabled":
            yield Result(stage, name, SKIPPED, "disabled")
        else:
            yield Result(stage, name, PASSED)


def run_ctest(arguments):
    build = pathlib.Path(arguments.build).resolve()
    reports = build / "test-reports"
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    junit = reports / "ctest-junit.xml"
    command = ["ctest", "--test-dir", str(build), "--output-on-failure", "--no-tests=error",
               "-j", str(os.cpu_count() or 1), "--output-junit", str(junit)]
    if arguments.only:
        command += ["-R", arguments.only]
    environment = dict(os.environ, GTEST_OUTPUT=f"xml:{reports}/")
    code = subprocess.run(command, env=environment, check=False).returncode
    results = list(parse_ctest(junit, reports, arguments.stage)) if junit.exists() else []
    if code != 0 and all(result.outcome != FAILED for result in results):
        results.append(Result(arguments.stage, "ctest", FAILED, f"exit code {code}"))
    append_results(arguments.results, results)


class Recorder(unittest.TextTestResult):
    """Adds each test to the results as soon as it ends, so that a crash loses none."""

    def __init__(self, stream, descriptions, verbosity, file, stage):
        super().__init__(stream, descriptions, verbosity)
        self._file, self._stage = file, stage
        self._outcome, self._detail, self._started = PASSED, "", 0.0

    def startTest(self, test):
        self._outcome, self._detail, self._started = PASSED, "", time.monotonic()
        super().startTest(test)

    def _note(self, outcome, detail):
        if self._outcome != FAILED:
            self._outcome, self._detail = outcome, detail

    def _fail(self, test, error):
        self._note(FAILED, str(error[1]))
        if not isinstance(test, unittest.TestCase):  # a fixture of a class or of a module
            self._record(test)

    def addError(self, test, err):
        super().addError(test, err)
        self._fail(test, err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._fail(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._note(FAILED, f"{subtest}: {err[1]}")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self._note(FAILED, "was expected to fail")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._note(SKIPPED, reason)
        if not isinstance(test, unittest.TestCase):
            self._record(test)

    def stopTest(self, test):
        super().stopTest(test)
        self._record(test)
        if time.monotonic() - self._started > 10:
            print(f"  took {time.monotonic() - self._started:.0f} s", file=sys.stderr)

    def _record(self, test):
        append_results(self._file,
                       [Result(self._stage, str(test), self._outcome, self._detail)])
        self._outcome, self._detail = PASSED, ""


def run_unittest(arguments):
    tests = unittest.defaultTestLoader.discover(arguments.folder, pattern="*_test.py")

    def make_result(stream, descriptions, verbosity):
        return Recorder(stream, descriptions, verbosity, arguments.results, arguments.stage)
    unittest.TextTestRunner(verbosity=2, resultclass=make_result).run(tests)


def run_command(arguments):
    code = subprocess.run(arguments.command, check=False).returncode
    outcome = PASSED if code == 0 else FAILED
    append_results(arguments.results, [Result(arguments.stage, arguments.name, outcome,
                                              "" if code == 0 else f"exit code {code}")])


def add_failure(arguments):
    append_results(arguments.results, [Result(arguments.stage, arguments.name, FAILED)])


def add_skip(arguments):
    append_results(arguments.results, [Result(arguments.stage, arguments.name, SKIPPED,
                                              arguments.reason)])


def is_golden(result):
    return bool(GOLDEN_TEST.search(result.name) or GOLDEN_REASON.search(result.detail))


def judge(results, excused):
    """The results, golden tests that were skipped without leave turned into failures."""
    for result in results:
        if (result.outcome == SKIPPED and is_golden(result) and
                not any(word.lower() in result.detail.lower() for word in excused)):
            detail = f"skipped although goldens are here: {result.detail}"
            result = dataclasses.replace(result, outcome=FAILED, detail=detail)
        yield result


def first_line(text):
    """What a reader wants to see of a message; GoogleTest puts the place on a line of its own."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and PLACE.fullmatch(lines[0]):
        lines[0] = f"{os.path.basename(lines[0])}: {lines[1]}"
    return lines[0][:300] if lines else "no reason given"


def summarize(results):
    """The lines to print; the last one has the counts."""
    lines = []
    skipped = collections.Counter(first_line(r.detail) for r in results if r.outcome == SKIPPED)
    for reason, count in sorted(skipped.items()):
        lines.append(f"skipped {count}: {reason}")
    for result in results:
        if result.outcome == FAILED:
            lines.append(f"FAILED [{result.stage}] {result.name}: {first_line(result.detail)}")
    counts = collections.Counter(result.outcome for result in results)
    lines.append(f"{counts[PASSED]} passed, {counts[FAILED]} failed, {counts[SKIPPED]} skipped")
    return lines


def print_summary(arguments):
    results = read_results(arguments.results)
    if arguments.goldens_required:
        results = list(judge(results, [NOT_BUILT_YET] + arguments.excused))
    print("\n".join(summarize(results)))
    outcomes = {result.outcome for result in results}
    return 0 if PASSED in outcomes and FAILED not in outcomes else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)

    def add(name, run, *, needs_stage=True):
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        command.add_argument("--results", required=True)
        if needs_stage:
            command.add_argument("--stage", required=True)
        return command

    ctest = add("ctest", run_ctest)
    ctest.add_argument("--build", required=True)
    ctest.add_argument("--only", default="")
    add("unittest", run_unittest).add_argument("--folder", required=True)
    command = add("command", run_command)
    command.add_argument("--name", required=True)
    command.add_argument("command", nargs="+")
    add("failure", add_failure).add_argument("--name", required=True)
    skip = add("skip", add_skip)
    skip.add_argument("--name", required=True)
    skip.add_argument("--reason", required=True)
    summary = add("summary", print_summary, needs_stage=False)
    summary.add_argument("--goldens-required", action="store_true")
    summary.add_argument("--excused", action="append", default=[])
    arguments = parser.parse_args()
    return arguments.run(arguments) or 0


if __name__ == "__main__":
    sys.exit(main())
