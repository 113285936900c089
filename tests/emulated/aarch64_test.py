"""The program built for 64-bit ARM, run under qemu, writes the bytes of the one for this machine.

Run by scripts/test.sh --stages aarch64-program with ROWMILL_BINARY (this machine's) and
ROWMILL_OTHER_BINARY (for aarch64). What is compared is the whole output file, log-probabilities
included, for each table of kernels that the emulated processors can run.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parents[2]
SMOLLM2 = "SmolLM2-135M-Instruct.Q4_1.gguf"
ROWS = 'review\n"Fast delivery and a friendly note, I would order here again."\n'
JOBS = {
    "sentiment": ["sentiment", "--text", "review", "--probabilities", "--log-probs"],
    "generate": ["generate", "--prompt", "Summarise: {{review}}", "--max-tokens", "6",
                 "--seed", "7", "--temperature", "0.9"],
}


def model_folder():
    default = pathlib.Path(os.environ.get("HOME", ".")) / ".cache" / "rowmill" / "models"
    return pathlib.Path(os.environ.get("ROWMILL_MODELS") or default)


class Aarch64Test(unittest.TestCase):
    def setUp(self):
        self.binary, self.other = (os.environ.get(name) for name in
                                   ("ROWMILL_BINARY", "ROWMILL_OTHER_BINARY"))
        if not self.binary or not self.other:
            self.skipTest("only one build of the program")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.input = self.folder / "rows.csv"
        self.input.write_text(ROWS, encoding="utf-8")

    def output_of(self, program, job, options):
        output = self.folder / f"{len(os.listdir(self.folder))}.jsonl"
        command = [*program, *job, str(self.input), "-o", str(output), "--progress", "none",
                   *options]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, f"{' '.join(command)}\n{run.stderr}")
        data = output.read_bytes()
        self.assertRegex(data, rb'"status":"(ok|truncated)"')
        return data

    def check_same_bytes(self, jobs, options, tables):
        for job in jobs:
            expected = self.output_of([self.binary], JOBS[job], options)
            for table in tables:
                with self.subTest(job=job, isa=table):
                    actual = self.output_of(["qemu-aarch64", self.other], JOBS[job],
                                            [*options, "--isa", table])
                    self.assertEqual(actual, expected)

    def test_a_tiny_model(self):
        model = self.folder / "tiny.gguf"
        make = [sys.executable, str(PROJECT / "tools" / "make_tiny_model.py"), "-o", str(model),
                "--type", "q4_1", "--dim", "256", "--ffn", "512"]
        subprocess.run(make, check=True)
        self.check_same_bytes(JOBS, ["--model", str(model), "--overflow", "tail"],
                              ["neon_i8mm", "neon_dotprod", "neon", "scalar"])

    def test_smollm2(self):
        model = model_folder() / SMOLLM2
        if not model.exists():
            self.skipTest(f"no model file {SMOLLM2}")
        self.check_same_bytes(["sentiment"], ["--model", str(model)], ["neon_i8mm"])


if __name__ == "__main__":
    unittest.main()
