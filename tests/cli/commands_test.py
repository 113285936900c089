"""Each command says what it is for, does it, and helps where it was called wrongly."""

import json
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
