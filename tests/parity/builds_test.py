"""Builds of the program by other compilers and with other options write the same bytes.

Run by scripts/test.sh with ROWMILL_BINARY (gcc, optimised, debug checks) and the others in
ROWMILL_OTHER_BINARIES, separated by colons: gcc release (the one that people run), gcc without
optimisation, clang release. What is compared is the whole output file, log-probabilities and
sampled text included.
"""

import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

PROJECT = pathlib.Path(__file__).resolve().parents[2]
SMOLLM2 = "SmolLM2-135M-Instruct.Q4_1.gguf"
SCORES = ["--text", "review", "--probabilities", "--log-probs"]
JOBS = {
    "sentiment": ["sentiment", *SCORES],
    "classify": ["classify", *SCORES, "--labels", "bill,billing,a good product,an awful one"],
    "greedy": ["generate", "--prompt", "Summarise: {{review}}", "--max-tokens", "12"],
    "sampled": ["generate", "--prompt", "Summarise: {{review}}", "--max-tokens", "12",
                "--seed", "7", "--temperature", "0.9", "--top-p", "0.95", "--samples", "2"],
}


def model_folder():
    default = pathlib.Path(os.environ.get("HOME", ".")) / ".cache" / "rowmill" / "models"
    return pathlib.Path(os.environ.get("ROWMILL_MODELS") or default)


# Without optimisation a real model takes minutes; the tiny ones show every instruction as well.
SLOW_BUILDS = ["debug"]


def is_slow(binary):
    return pathlib.Path(binary).parent.name in SLOW_BUILDS


class BuildsTest(unittest.TestCase):
    def setUp(self):
        self.binary = os.environ.get("ROWMILL_BINARY")
        self.others = [name for name in os.environ.get("ROWMILL_OTHER_BINARIES", "").split(":")
                       if name]
        if not self.binary or not self.others:
            self.skipTest("only one build of the program")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def output_hash(self, binary, job, options):
        output = self.folder / f"{len(os.listdir(self.folder))}.jsonl"
        command = [binary, *job, str(PROJECT / "examples" / "reviews.csv"), "-o", str(output),
                   "--progress", "none", *options]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(run.returncode, 0, f"{' '.join(command)}\n{run.stderr}")
        data = output.read_bytes()
        answered = data.count(b'"status":"ok"') + data.count(b'"status":"truncated"')
        self.assertGreater(answered, data.count(b"\n") * 0.9, "too few answers to compare")
        return hashlib.sha256(data).hexdigest()

    def check_same_bytes(self, others, options):
        for name, job in JOBS.items():
            wanted = self.output_hash(self.binary, job, options)
            for binary in others:
                with self.subTest(job=name, binary=binary):
                    self.assertEqual(self.output_hash(binary, job, options), wanted)

    def test_a_tiny_model(self):
        for weights in ["q4_1", "q4_k", "f16"]:
            with self.subTest(weights=weights):
                model = self.folder / f"tiny-{weights}.gguf"
                make = [sys.executable, str(PROJECT / "tools" / "make_tiny_model.py"),
                        "-o", str(model), "--type", weights, "--dim", "256", "--ffn", "512"]
                subprocess.run(make, check=True)
                self.check_same_bytes(self.others, ["--model", str(model), "--overflow", "tail"])

    def test_every_instruction_set(self):
        """Compilers may differ in each of them."""
        model = self.folder / "tiny.gguf"
        make = [sys.executable, str(PROJECT / "tools" / "make_tiny_model.py"), "-o", str(model),
                "--type", "q4_1"]
        subprocess.run(make, check=True)
        run = subprocess.run([self.binary, "doctor"], capture_output=True, text=True, check=True)
        sets = re.findall(r"^  (\w+) +(?:chosen|available) ", run.stdout, re.MULTILINE)
        self.assertIn("scalar", sets)
        for isa in sets:
            with self.subTest(isa=isa):
                self.check_same_bytes(self.others, ["--model", str(model), "--overflow", "tail",
                                                    "--isa", isa, "--limit", "40"])

    def test_smollm2(self):
        model = model_folder() / SMOLLM2
        if not model.exists():
            self.skipTest(f"no model file {SMOLLM2}")
        others = [binary for binary in self.others if not is_slow(binary)]
        self.check_same_bytes(others, ["--model", str(model), "--limit", "24"])


if __name__ == "__main__":
    unittest.main()
