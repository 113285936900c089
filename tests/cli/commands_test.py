"""Each command says what it is for, does it, and helps where it was called wrongly."""

import json
import pathlib
import re
import unittest

import program
from program import ProgramTest, tiny_model

COMMANDS = ["sentiment", "classify", "generate", "plan", "inspect", "tokenize", "doctor", "models"]
TASKS = ["sentiment", "classify", "generate"]


class HelpTest(ProgramTest):
    def test_version(self):
        version = (program.PROJECT / "VERSION").read_text().strip()
        self.assertEqual(self.run_program("--version").stdout.decode().strip(), version)

    def test_help_names_every_command(self):
        for option in ["-h", "--help"]:
            text = self.run_program(option).stdout.decode()
            for command in COMMANDS:
                self.assertIn(f"  {command} ", text)

# The tables by what their product of blocks takes, best first, in the words of /proc/cpuinfo.
AVX2 = ("avx2", "fma", "f16c", "bmi2")
AVX512 = (*AVX2, "avx512f", "avx512dq", "avx512bw", "avx512vl")
BEST_PRODUCTS = [("amx", (*AVX512, "avx512_vnni", "amx_tile", "amx_int8")),
                 ("avx512_vnni", (*AVX512, "avx512_vnni")), ("avx512", AVX512), ("avx2", AVX2),
                 ("neon_i8mm", ("asimd", "asimddp", "i8mm")),
                 ("neon_dotprod", ("asimd", "asimddp")), ("neon", ("asimd",))]


class InformationTest(ProgramTest):
    def test_inspect_shows_metadata_and_tensor_types(self):
        text = self.run_program("inspect", tiny_model()).stdout.decode()
        self.assertRegex(text, r"general\.architecture +llama\n")
        self.assertRegex(text, r"llama\.block_count +2\n")
        self.assertRegex(text, r"F32 +\d+ tensors")

    def test_tokenize_gives_a_token_per_line(self):
        run = self.run_program("tokenize", "the film was good", "-m", tiny_model())
        lines = run.stdout.decode().splitlines()
        self.assertGreater(len(lines), 1)
        self.assertEqual("".join(line.split("'", 1)[1][:-1] for line in lines),
                         "the film was good")

    def test_doctor_names_the_kernels_that_it_chooses(self):
        text = self.run_program("doctor").stdout.decode()
        self.assertRegex(text, r"\n  scalar +(chosen|available) ")
        self.assertEqual(text.count(" chosen "), 1)
        self.assertRegex(text, r"\n  gemm_blocks +\w+ +Q4_0 Q4_1 ")
        self.assertRegex(text, r"\n  attend +\w+")

    def test_doctor_uses_what_the_processor_has(self):
        """The kernel's list of features decides here, not what the program found out by itself, and
        the program as it is built: a detection that fails or a part that was left out of the build
        would cost a factor of ten without a word."""
        words = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
        wanted = next((name for name, flags in BEST_PRODUCTS if set(flags) <= set(words)), None)
        if wanted is None:
            self.skipTest("this processor has none of the instruction sets")
        text = self.run_program("doctor").stdout.decode()
        self.assertRegex(text, rf"\n  {wanted} +chosen ")
        used = dict(re.findall(r"^  (\w+) +(\w+)(?:  .*)?$", text.split("\noperations\n")[1],
                               re.MULTILINE))
        self.assertEqual(used["gemm_blocks"], wanted)
        self.assertGreater(len(used), 20)
        for operation, kernels in used.items():
            self.assertNotEqual(kernels, "scalar", operation)

    def test_models_lists_the_default(self):
        self.assertIn("smollm2", self.run_program("models").stdout.decode())


class PlanTest(ProgramTest):
    def test_counts_rows_and_runs_nothing(self):
        rows = program.review_rows(15) + program.review_rows(5)
        rows[7]["review"] = ""
        self.write_csv("in.csv", rows)
        run = self.run_job("plan", "sentiment", "in.csv", "--text", "review")
        text = run.stdout.decode()
        self.assertRegex(text, r"rows +20\n")
        self.assertRegex(text, r"invalid +1\n")
        self.assertRegex(text, r"duplicates +5\n")
        self.assertRegex(text, r"rows to run +14\n")
        self.assertEqual(self.names(), ["in.csv"])


class TaskTest(ProgramTest):
    def test_a_file_gives_the_same_rows_with_answers(self):
        rows = program.review_rows(12)
        self.write_csv("in.csv", rows)
        options = {"sentiment": ["--text", "review"],
                   "classify": ["--text", "review", "--labels", "good,bad,unsure"],
                   "generate": ["--prompt", "Summarise: {{review}}", "--max-tokens", "8"]}
        columns = {"sentiment": ["label", "probability"], "classify": ["label", "probability"],
                   "generate": ["text"]}
        for task in TASKS:
            with self.subTest(task=task):
                output = f"{task}.jsonl"
                self.run_job(task, "in.csv", *options[task], "-o", output)
                answers = program.read_jsonl(self.path(output))
                self.assertEqual(len(answers), 12)
                for row, answer in zip(rows, answers):
                    self.assertEqual({name: answer[name] for name in row}, row)
                    self.assertEqual(list(answer),
                                     [*row, *columns[task], "status", "error"])
                    self.assertEqual((answer["status"], answer["error"]), ("ok", ""))

    def test_standard_input_and_output(self):
        rows = [{"text": "a good film"}, {"text": "a bad film"}]
        stdin = "".join(json.dumps(row) + "\n" for row in rows).encode()
        run = self.run_job("sentiment", "-", "--format", "jsonl", stdin=stdin)
        answers = [json.loads(line) for line in run.stdout.splitlines()]
        self.assertEqual([answer["text"] for answer in answers], [row["text"] for row in rows])
        self.assertEqual({answer["status"] for answer in answers}, {"ok"})
        self.assertEqual(self.names(), [])


if __name__ == "__main__":
    unittest.main()
