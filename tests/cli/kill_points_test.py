"""The program is killed in front of one of its calls of the operating system, at points chosen over
all that it makes on the job's files, and the same command run again: the output has the bytes of a
run that was never killed.

ROWMILL_TEST_KILL_POINTS sets how many points there are; scripts/test.sh leaves it at 20.
"""

import collections
import os
import random
import re
import shutil
import signal
import subprocess
import unittest

import program
from program import OK, ProgramTest

POINTS = int(os.environ.get("ROWMILL_TEST_KILL_POINTS") or 20)
SEED = 20250131
# What changes files, and what makes the changes last.
CALLS = ("pwrite64", "write", "fsync", "fdatasync", "ftruncate", "fallocate", "openat", "mkdir",
         "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "close")


class KillPointsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        if shutil.which("strace") is None:
            self.skipTest("strace is not installed")
        rows = [{"text": f"row {i * 7919 % 1000} " + "of words " * (i % 9)} for i in range(120)]
        rows[17]["text"] = ""
        self.write_jsonl("in.jsonl", rows)
        self.job = ["generate", "in.jsonl", "--prompt", "Say more of {{text}}", "--temperature",
                    "0.8", "--max-tokens", "8", "--units", "2", "-m", program.tiny_model(),
                    "--progress", "none"]

    def traced(self, *options, output):
        """The program's exit code under strace, and what strace wrote."""
        log = self.path("strace.log")
        run = subprocess.run(
            ["strace", "-f", "-qq", "-o", log, *options, program.BINARY, *self.job, "-o", output],
            cwd=self.folder, capture_output=True, check=False, timeout=120,
            env=program.clean_environment())
        with open(log, encoding="utf-8", errors="replace") as file:
            return run, file.read()

    def count_calls(self):
        run, log = self.traced("-e", "trace=" + ",".join(f"?{call}" for call in CALLS),
                               output="counted.jsonl")
        if run.returncode != OK and "ptrace" in run.stderr.decode():
            self.skipTest("this machine does not let strace look at processes")
        self.assertEqual(run.returncode, OK, run.stderr)
        return collections.Counter(re.findall(r"^\d+ +(\w+)\(", log, re.MULTILINE))

    def test_killed_in_front_of_any_call(self):
        self.run_program(*self.job, "-o", "whole.jsonl")
        wanted = self.read("whole.jsonl")
        counts = self.count_calls()
        self.assertEqual(self.read("counted.jsonl"), wanted)
        points = [(call, i + 1) for call in CALLS for i in range(counts[call])]
        rng = random.Random(SEED)
        # Calls that are made once or twice matter as much as the many writes.
        chosen = [rng.choice([p for p in points if p[0] == call]) for call in counts]
        chosen += [rng.choice(points) for _ in range(POINTS - len(chosen))]
        killed = 0
        for number, (call, count) in enumerate(chosen[:POINTS]):
            with self.subTest(call=call, count=count):
                output = f"out-{number}.jsonl"
                run, _ = self.traced("-e", f"inject={call}:signal=KILL:when={count}",
                                     output=output)
                if run.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL):
                    killed += 1
                else:  # Threads take turns differently: this time there were fewer such calls.
                    self.assertEqual(run.returncode, OK, run.stderr)
                if output in self.names():
                    self.assertEqual(self.read(output), wanted, "half an output")
                self.run_program(*self.job, "-o", output)
                self.assertEqual(self.read(output), wanted)
                self.assertEqual([name for name in self.names() if name.startswith(output)],
                                 [output, f"{output}.run.json"])
        self.assertGreaterEqual(killed, POINTS * 3 // 4)
        print(f"\n  {killed} kills at {len(points)} calls, no difference", end=" ")


if __name__ == "__main__":
    unittest.main()
