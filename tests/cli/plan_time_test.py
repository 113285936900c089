"""What a job will take, and the choice of units: that figures are there and change no byte. How good
they are is measured by bench/eta/first_eta.py."""

import json
import os
import re
import unittest

import program
from program import ProgramTest, read_report


class TimeTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write_jsonl("in.jsonl", [{"text": f"row {i} " + "of words " * (i % 40)}
                                      for i in range(1500)])
        self.model = program.tiny_model()
        self.job = ["classify", "in.jsonl", "--labels", "good,bad", "--prompt", "{{text}} so:",
                    "--raw-prompt", "-m", self.model]

    def test_a_plan_says_the_time(self):
        for job in [self.job, ["generate", "in.jsonl", "--prompt", "{{text}}", "--max-tokens",
                               "4", "-m", self.model]]:
            text = self.run_program("plan", *job).stdout.decode()
            self.assertRegex(text, r"time +.* in the model \(.* to .*\), from a pilot of \d+ rows")

    def test_a_run_says_how_long_it_goes_on(self):
        # So small a budget makes the job long enough, in steps, for a pilot.
        run = self.run_program(*self.job, "-o", "out.jsonl", "--progress", "json", "--units", "1",
                               "--batch-tokens", "32")
        lines = [json.loads(line) for line in run.stderr.splitlines() if line.startswith("{")]
        running = [line for line in lines if line["stage"] == "run"]
        self.assertTrue(any(line["seconds_left"] is not None for line in running))
        first = next(line for line in running if line["seconds_left"] is not None)
        low, high = first["seconds_left_between"]
        self.assertLessEqual(low, first["seconds_left"])
        self.assertGreaterEqual(high, first["seconds_left"])
        done = [line["rows_done"] for line in running]
        self.assertEqual(done, sorted(done))


class AutotuneTest(ProgramTest):
    def test_it_says_why_keeps_what_it_found_and_changes_no_byte(self):
        self.write_jsonl("in.jsonl", [{"text": f"row {i} " + "of words " * (i % 40)}
                                      for i in range(600)])
        env = {"HOME": str(self.folder)}
        job = ["classify", "in.jsonl", "--labels", "good,bad", "--prompt", "{{text}} so:",
               "--raw-prompt"]
        self.run_job(*job, "-o", "plain.jsonl", "--autotune", "off", env=env)
        self.assertFalse((self.folder / ".cache" / "rowmill" / "tuning").exists())
        run = self.run_job(*job, "-o", "tuned.jsonl", "--autotune", "on", env=env)
        found = re.search(r"tuned: (\d+) units? of (\d+) threads?, (\d+) tokens a step", run.stderr)
        self.assertIsNotNone(found, run.stderr)
        self.assertEqual(self.read("tuned.jsonl"), self.read("plain.jsonl"))
        report = read_report(self.path("tuned.jsonl"))
        self.assertEqual([str(report["units"]), str(report["threads_per_unit"]),
                          report["execution"]["batch_tokens"]], list(found.groups()))
        # The next job finds it.
        self.run_job(*job, "-o", "kept.jsonl", env=env)
        kept = read_report(self.path("kept.jsonl"))
        self.assertIn("found by an earlier job", kept["execution"]["tuned"])
        self.assertEqual(kept["execution"]["batch_tokens"], found.group(3))
        self.assertEqual(self.read("kept.jsonl"), self.read("plain.jsonl"))
        text = self.run_program("plan", *job, "-m", program.tiny_model(), env=env).stdout.decode()
        self.assertRegex(text, rf"units +{found.group(1)} x {found.group(2)} threads, "
                               rf"{found.group(3)} tokens at a time, .*found by an earlier job")
        # What the user says stands, and a broken file is no more than a lost one.
        (self.folder / ".cache" / "rowmill" / "tuning").write_bytes(os.urandom(500))
        self.run_job(*job, "-o", "asked.jsonl", "--units", "1", "--batch-tokens", "32", env=env)
        asked = read_report(self.path("asked.jsonl"))
        self.assertEqual((asked["units"], asked["execution"]["batch_tokens"]), (1, "32"))
        self.assertNotIn("tuned", asked["execution"])
        self.assertEqual(self.read("asked.jsonl"), self.read("plain.jsonl"))


if __name__ == "__main__":
    unittest.main()
