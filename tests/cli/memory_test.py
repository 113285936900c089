"""Memory does not grow with the number of rows: the peak of anonymous memory (RssAnon) of a large
job is that of a small one, duplicates and prefixes planned.

ROWMILL_TEST_ROWS sets how many rows the large job has; scripts/test.sh leaves it at 200,000.
"""

import os
import random
import threading
import unittest

import program
from program import ProgramTest, read_report

SMALL = 10_000
LARGE = int(os.environ.get("ROWMILL_TEST_ROWS") or 200_000)
ALLOWED_GROWTH_MIB = 50
# The small job may end within 80 ms: it still has to be seen a few times, on a busy machine too.
SECONDS_BETWEEN_SAMPLES = 0.002
PROMPT = "Please tell me whether this is good, and answer with one word.\n{{text}}\nAnswer:"
WORDS = ("good bad film room price team city service story light law game world answer text name "
         "order money week day help line year end way best part price score sun wind").split()


def write_rows(path, count):
    """Short rows, a tenth of them duplicates, many with a beginning that others share."""
    rng = random.Random(count)
    with open(path, "w", encoding="utf-8") as file:
        for i in range(count):
            number = rng.randrange(i + 1) if i % 10 == 0 else i
            first, second = WORDS[number % 31], WORDS[number // 31 % 29]
            file.write(f'{{"text":"{first} {second} {number}"}}\n')


class PeakReader(threading.Thread):
    """Follows /proc/PID/status of a running process."""

    def __init__(self, process):
        super().__init__()
        self.process, self.peaks = process, {"RssAnon": 0, "RssFile": 0, "RssShmem": 0}
        self.samples, self.ended = 0, threading.Event()

    def run(self):
        while not self.ended.wait(SECONDS_BETWEEN_SAMPLES):
            try:
                with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
                    lines = dict(line.split(":", 1) for line in file)
            except OSError:
                return
            for name in self.peaks:
                if name in lines:
                    self.peaks[name] = max(self.peaks[name], int(lines[name].split()[0]) / 1024)
            self.samples += 1


class MemoryTest(ProgramTest):
    def peak_of(self, count):
        write_rows(self.path(f"{count}.jsonl"), count)
        model = program.tiny_model("--layers", "1", "--dim", "32", "--heads", "2", "--kv-heads",
                                   "1", "--ffn", "32", "--context", "128")
        process = self.start("classify", f"{count}.jsonl", "-m", model, "--labels", "yes,no",
                             "--prompt", PROMPT, "--raw-prompt", "--label-end", "none",
                             "-o", f"{count}.out.jsonl", "--progress", "none")
        reader = PeakReader(process)
        reader.start()
        message = process.communicate()[1].decode()
        reader.ended.set()
        reader.join()
        self.assertEqual(process.returncode, 0, message)
        self.assertGreater(reader.samples, 3)
        report = read_report(self.path(f"{count}.out.jsonl"))
        self.assertEqual(report["rows"]["ok"], count)
        self.assertGreater(report["rows"]["duplicates"], count // 20)
        self.assertGreater(report["tokens"]["saved_by_prefix_sharing"], 0)
        seconds = report["measures"]["wall_seconds"]
        print(f"\n  {count} rows: {seconds:.1f} s, peak RssAnon {reader.peaks['RssAnon']:.1f} MiB, "
              f"RssFile {reader.peaks['RssFile']:.1f} MiB", end="")
        return reader.peaks["RssAnon"]

    def test_anonymous_memory_does_not_grow_with_rows(self):
        small, large = self.peak_of(SMALL), self.peak_of(LARGE)
        print()
        self.assertLess(large - small, ALLOWED_GROWTH_MIB)


if __name__ == "__main__":
    unittest.main()
