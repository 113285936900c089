"""--explain: one row becomes many model inputs, and all that holds of rows still holds."""

import json
import math
import signal
import subprocess
import time
import unittest

import program
from program import USAGE, ProgramTest, read_csv, read_jsonl, read_report

JOB = ["classify", "in.jsonl", "--labels", "bill,billing,awful", "--prompt",
       "What is this about, in one word? {{text}} =", "--raw-prompt", "--log-probs"]


class ExplainTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.model = program.tiny_model("--type", "q4_1", "--dim", "64", "--ffn", "128",
                                        "--context", "256")
        self.rows = [{"text": row["review"][:60]} for row in program.review_rows(24)]
        self.rows[3]["text"] = "one"
        self.rows[5]["text"] = ""
        self.rows[9]["text"] = self.rows[8]["text"]  # a row that is a duplicate in all its inputs
        self.rows[11]["text"] = self.rows[8]["text"].rsplit(" ", 1)[0]  # in one of them
        self.write_jsonl("in.jsonl", self.rows)

    def explain(self, output, *options, **more):
        return self.run_job(*JOB, "--explain", "-o", output, *options, model=self.model, **more)

    def test_contributions_are_what_the_texts_without_the_words_say(self):
        self.explain("out.jsonl")
        rows = read_jsonl(self.path("out.jsonl"))
        self.run_job(*JOB, "-o", "plain.jsonl", model=self.model)
        for row, plain in zip(rows, read_jsonl(self.path("plain.jsonl"))):
            explanation = row.pop("explanation")
            self.assertEqual(row, plain, "the other columns are those without --explain")
            words = row["text"].split()
            if row["status"] == "ok":
                self.assertEqual([word for word, _ in explanation], words)
            else:
                self.assertIsNone(explanation)
        # By hand, of one row: the same texts as rows of their own.
        words = self.rows[0]["text"].split()
        texts = [words] + [words[:i] + words[i + 1:] for i in range(len(words))]
        self.write_jsonl("in.jsonl", [{"text": " ".join(text)} for text in texts])
        self.run_job(*JOB, "--probabilities", "-o", "each.jsonl", model=self.model)
        each = read_jsonl(self.path("each.jsonl"))
        label = each[0]["label"]
        self.explain("again.jsonl", "--limit", 1)
        contributions = [number for _, number in
                         read_jsonl(self.path("again.jsonl"))[0]["explanation"]]
        odds = [math.log(row[f"probability_{label}"] / (1 - row[f"probability_{label}"]))
                for row in each]
        for contribution, without in zip(contributions, odds[1:], strict=True):
            self.assertAlmostEqual(contribution, odds[0] - without, places=9)

    def test_the_same_bytes_however_the_work_is_done(self):
        self.explain("whole.csv")
        for number, options in enumerate([
                ["--units", 1, "--batch-tokens", 7], ["--units", 3, "--split", "equal"],
                ["--units", 2, "--split", "length", "--dedupe", "off", "--max-rows", 3],
                ["--prefix-sharing", "off", "--isa", "scalar"]]):
            with self.subTest(options=options):
                self.explain(f"{number}.csv", *options)
                self.assertEqual(self.read(f"{number}.csv"), self.read("whole.csv"))
        parts = b""
        for shard in range(3):
            self.explain(f"shard{shard}.jsonl", "--shard", f"{shard}/3")
            parts += self.read(f"shard{shard}.jsonl")
        self.explain("whole.jsonl")
        self.assertEqual(parts, self.read("whole.jsonl"))

    def test_the_report_counts_rows_and_inputs(self):
        run = self.explain("out.jsonl")
        report = read_report(self.path("out.jsonl"))
        inputs = sum(1 + len(row["text"].split()) for row in self.rows)
        self.assertEqual(report["inputs"]["total"], inputs)
        rows = report["rows"]
        self.assertEqual((rows["total"], rows["ok"], rows["invalid"]), (24, 23, 1))
        texts = [row["text"] for row in self.rows if row["text"]]
        self.assertEqual(rows["computed"], len(set(texts)))
        self.assertEqual(rows["duplicates"], len(texts) - len(set(texts)))
        self.assertGreater(report["inputs"]["duplicates"], 1 + len(self.rows[9]["text"].split()))
        self.assertEqual(report["inputs"]["computed"] + report["inputs"]["duplicates"], inputs - 1)
        self.assertIn(f"model inputs  {inputs}, ", run.stderr)
        plan = self.run_job("plan", *JOB, "--explain", model=self.model).stdout.decode()
        self.assertIn("inputs to run", plan)

    def test_a_stopped_job_goes_on(self):
        rows = [{"text": f"row {i} " + "and more words of it " * 6} for i in range(300)]
        self.write_jsonl("in.jsonl", rows)
        self.explain("whole.jsonl")
        command = [*JOB, "--explain", "-m", self.model, "--progress", "none", "--batch-tokens", 32]
        process = self.start(*command, "-o", "out.jsonl", "--units", 1)
        try:
            process.wait(0.5)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, -signal.SIGKILL, "killed before its end")
        self.explain("out.jsonl", "--units", 2)
        self.assertEqual(self.read("out.jsonl"), self.read("whole.jsonl"))
        report = read_report(self.path("out.jsonl"))
        self.assertLess(report["inputs"]["computed"], report["inputs"]["total"])
        self.assertLessEqual(report["rows"]["interrupted"], 128)

    def test_a_changed_row_is_noticed(self):
        rows = [{"text": f"row {i} " + "and more words of it " * 6} for i in range(300)]
        self.write_jsonl("in.jsonl", rows)
        command = [JOB[0], "-", *JOB[2:], "--format", "jsonl", "--explain", "-m", self.model,
                   "--progress", "none", "-o", "out.jsonl"]
        text = "".join(json.dumps(row) + "\n" for row in rows).encode()
        process = self.start(*command, "--units", 1, "--batch-tokens", 32, stdin=subprocess.PIPE)
        process.stdin.write(text)
        process.stdin.close()
        process.stdin = None
        journal = self.folder / "out.jsonl.rowmill" / "journal"
        while process.poll() is None:
            if journal.exists() and journal.stat().st_size > 20000:
                process.kill()
                break
            time.sleep(0.002)
        process.communicate(timeout=60)
        run = self.run_program(*command, stdin=text.replace(b"more words of", b"more of"),
                               expect=USAGE)
        self.assertIn("is not the row that the stopped job had there", run.stderr)

    def test_the_page(self):
        self.explain("out.csv", "--explain-html", "why.html")
        page = self.read("why.html").decode()
        self.assertEqual(page.count("<section>"), len(self.rows))
        for row in read_csv(self.path("out.csv")):
            for word, _ in json.loads(row["explanation"] or "[]"):
                self.assertIn(f">{word.replace('&', '&amp;').replace('<', '&lt;')}</span>"
                              .replace('"', "&quot;"), page)
        self.assertNotIn("http", page, "the page needs nothing else")
        self.assertNotIn("why.html.part", self.names())
        # A job that had finished before writes no rows, and leaves the page alone.
        self.explain("out.csv", "--explain-html", "why.html")
        self.assertEqual(self.read("why.html").decode(), page)

    def test_a_page_that_cannot_be_written_is_refused(self):
        run = self.explain("out.csv", "--explain-html", "no/folder.html", expect=program.IO)
        self.assertIn("--explain-html", run.stderr)


if __name__ == "__main__":
    unittest.main()
