"""What a run reports: the measures, the scores against a gold column, savings, and that each of
them is what an independent computation gives."""

import json
import math
import os
import pty
import random
import re
import unittest

import program
from program import USAGE, ProgramTest, read_jsonl, read_report

LABELS = ["red", "green", "blue"]
ADJECTIVES = ["good", "bad", "old", "new", "warm", "cold", "long", "short", "clean", "broken"]
NOUNS = ["film", "room", "price", "team", "city", "service", "story", "light", "law", "game"]


def random_rows(count, seed):
    rng = random.Random(seed)
    return [{"text": f"{rng.choice(ADJECTIVES)} {rng.choice(NOUNS)} {rng.randrange(50)}",
             "gold": rng.choice([*LABELS, "purple"])} for _ in range(count)]


def scores(gold, predicted):
    """Accuracy, macro F1 and the confusion matrix, computed from their definitions."""
    names = [*LABELS, None]
    known = [name if name in LABELS else None for name in gold]
    confusion = [[sum(g == gold_name and p == predicted_name
                      for g, p in zip(known, predicted))
                  for predicted_name in names] for gold_name in names]
    f1 = []
    for label in LABELS:
        hits = sum(g == p == label for g, p in zip(known, predicted))
        total = known.count(label) + predicted.count(label)
        f1.append(2 * hits / total)
    if None in known:
        f1.append(0.0)  # golds that are no label are a class of their own, which nobody finds
    right = sum(g is not None and g == p for g, p in zip(known, predicted))
    return right / len(gold), sum(f1) / len(f1), confusion


def wilson(right, total, z=1.959963984540054):
    centre = (right + z * z / 2) / (total + z * z)
    half = z / (total + z * z) * math.sqrt(right * (total - right) / total + z * z / 4)
    return centre - half, centre + half


class GoldTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.rows = random_rows(120, seed=3)
        self.rows[17]["text"] = ""  # a row without an answer counts as a wrong one
        self.write_jsonl("in.jsonl", self.rows)

    def classify(self, *options, **more):
        return self.run_job("classify", "in.jsonl", "--labels", ",".join(LABELS), *options, **more)

    def test_scores_equal_their_definitions(self):
        # A prompt after which this random model likes now this label, now that.
        run = self.classify("--gold", "gold", "--probabilities", "-o", "out.jsonl", "--raw-prompt",
                            "--prompt", "{{text}} is", "--label-norm", "prior")
        answers = read_jsonl(self.path("out.jsonl"))
        predicted = [answer["label"] for answer in answers]
        self.assertEqual(set(predicted), {*LABELS, None}, "the model ought to use every label")
        accuracy, macro_f1, confusion = scores([row["gold"] for row in self.rows], predicted)
        report = read_report(self.path("out.jsonl"))
        gold = report["gold"]
        self.assertAlmostEqual(gold["accuracy"], accuracy, 9)
        self.assertAlmostEqual(report["measures"]["accuracy"], accuracy, 9)
        self.assertAlmostEqual(gold["macro_f1"], macro_f1, 9)
        self.assertEqual(gold["confusion"], confusion)
        self.assertEqual(gold["rows"], 120)
        self.assertEqual(gold["unanswered_rows"], 1)
        self.assertEqual(gold["other_gold_rows"], sum(row["gold"] == "purple"
                                                      for row in self.rows))
        low, high = wilson(gold["correct"], gold["rows"])
        self.assertAlmostEqual(gold["accuracy_interval_95"][0], low, 6)
        self.assertAlmostEqual(gold["accuracy_interval_95"][1], high, 6)
        self.assertIn(f"accuracy      {accuracy:.4f}", run.stderr)
        self.assertIn(f"macro F1      {macro_f1:.4f}", run.stderr)

    def test_probabilities_sum_to_one_and_the_label_is_the_likeliest(self):
        self.classify("--probabilities", "--log-probs", "-o", "out.jsonl")
        for answer in read_jsonl(self.path("out.jsonl")):
            if answer["status"] != "ok":
                self.assertEqual([answer[f"probability_{label}"] for label in LABELS], [None] * 3)
                continue
            shares = [answer[f"probability_{label}"] for label in LABELS]
            self.assertAlmostEqual(sum(shares), 1.0, 12)
            self.assertEqual(answer["probability"], max(shares))
            self.assertEqual(answer["label"], LABELS[shares.index(max(shares))])
            top = max(answer["log_probs"])
            total = sum(math.exp(score - top) for score in answer["log_probs"])
            for share, score in zip(shares, answer["log_probs"]):
                self.assertAlmostEqual(share, math.exp(score - top) / total, 6)

    def test_a_gold_column_that_is_not_there_is_refused(self):
        run = self.classify("--gold", "golb", "-o", "out.jsonl", expect=USAGE)
        self.assertIn("did you mean 'gold'", run.stderr)
        self.assertEqual(self.names(), ["in.jsonl"])
        self.write_csv("in.csv", self.rows)
        run = self.run_job("sentiment", "in.csv", "--gold", "golb", "-o", "o.csv", expect=USAGE)
        self.assertIn("did you mean 'gold'", run.stderr)

    def test_free_text_has_no_gold(self):
        run = self.run_job("generate", "in.jsonl", "--prompt", "{{text}}", "--gold", "gold",
                           expect=USAGE)
        self.assertIn("--gold", run.stderr)


class ReportTest(ProgramTest):
    def test_fields_and_their_sums(self):
        rows = random_rows(60, seed=5)
        rows += rows[:10]
        rows[5]["text"] = None
        rows[6]["text"] = "long " * 2000
        self.write_jsonl("in.jsonl", rows)
        run = self.run_job("sentiment", "in.jsonl", "-o", "out.jsonl", "--units", "2")
        report = read_report(self.path("out.jsonl"))
        self.assertEqual(report["rowmill"], (program.PROJECT / "VERSION").read_text().strip())
        self.assertEqual(report["task"], "sentiment")
        self.assertEqual(report["model"]["architecture"], "llama")
        self.assertEqual(report["model"]["sha256"], program.sha256(program.tiny_model()))
        self.assertEqual((report["units"], report["threads_per_unit"]), (2, 1))
        self.assertEqual(report["options"]["labels"], '["positive", "negative"]')
        self.assertEqual(report["execution"]["split"], "stealing")
        self.assertEqual(report["exit_code"], 0)
        counts = report["rows"]
        self.assertEqual(counts["total"], 70)
        self.assertEqual(sum(counts[name] for name in
                             ["ok", "truncated", "invalid", "error", "skipped"]), 70)
        self.assertEqual((counts["invalid"], counts["error"]), (2, 2))
        self.assertEqual(report["first_failure"],
                         {"row": 5, "line": 6, "error": "column 'text' is null"})
        self.assertIn("first failure row 5 (line 6): column 'text' is null", run.stderr)
        distinct = len({row["text"] for row in rows}) - 2
        self.assertEqual(counts["computed"], distinct)
        self.assertEqual(counts["duplicates"], 66 - distinct)
        tokens = report["tokens"]
        self.assertEqual(tokens["saved"], tokens["saved_by_deduplication"] +
                         tokens["saved_by_prefix_sharing"])
        self.assertGreater(tokens["saved_by_prefix_sharing"], tokens["computed"])
        self.check_measures(report)

    def check_measures(self, report):
        measures, rows = report["measures"], report["rows"]["total"]
        stages = measures["stages"]
        threads = report["units"] * report["threads_per_unit"]
        self.assertAlmostEqual(measures["speed"],
                               measures["inference_seconds"] / (rows * threads), 12)
        self.assertEqual(measures["efficiency"], measures["speed"])
        self.assertAlmostEqual(measures["rows_per_second"], rows / measures["wall_seconds"], 6)
        self.assertAlmostEqual(stages["plan"] + stages["inference"] + stages["write"],
                               measures["wall_seconds"], delta=0.05)
        self.assertEqual(len(measures["units"]), report["units"])
        for unit in measures["units"]:
            parts = sum(unit[f"{kind}_seconds"] for kind in ["model", "decode", "wait", "idle"])
            self.assertAlmostEqual(parts, measures["inference_seconds"], delta=0.02)
            self.assertLessEqual(unit["busy"], 1.0)

    def test_cleaning_is_reported(self):
        rows = [{"text": "a good film"}, {"text": "a  good\u0007 <b>film</b> &amp; more"},
                {"text": "<br>"}, {"text": "bad \ud800 half"}]
        self.write_jsonl("in.jsonl", rows)
        run = self.run_job("sentiment", "in.jsonl", "-o", "out.jsonl", "--clean", "all")
        report = read_report(self.path("out.jsonl"))["preprocessing"]
        self.assertEqual((report["rows"], report["changed_rows"]), (4, 3))
        self.assertEqual((report["html_rows"], report["control_rows"], report["space_rows"]),
                         (2, 1, 2))
        self.assertEqual((report["utf8_rows"], report["emptied_rows"]), (1, 1))
        self.assertRegex(run.stderr, r"cleaned +3 rows")
        answers = read_jsonl(self.path("out.jsonl"))
        self.assertEqual(answers[1]["text"], rows[1]["text"], "what passes through is not cleaned")
        self.assertEqual([answer["status"] for answer in answers],
                         ["ok", "ok", "invalid", "ok"])
        self.assertIn("empty after cleaning", answers[2]["error"])

    def test_cleaning_changes_what_the_model_reads(self):
        self.write_jsonl("in.jsonl", [{"text": "a good film &amp; more"},
                                      {"text": "a good film & more"}])
        self.run_job("sentiment", "in.jsonl", "-o", "raw.jsonl")
        self.run_job("sentiment", "in.jsonl", "-o", "clean.jsonl", "--clean", "html")
        raw = [row["probability"] for row in read_jsonl(self.path("raw.jsonl"))]
        clean = [row["probability"] for row in read_jsonl(self.path("clean.jsonl"))]
        self.assertNotEqual(raw[0], raw[1])
        self.assertEqual(clean, [raw[1], raw[1]])
        run = self.run_job("sentiment", "in.jsonl", "--clean", "htm", expect=USAGE)
        self.assertIn("did you mean 'html'", run.stderr)


class ProgressTest(ProgramTest):
    def test_json_lines_for_programs(self):
        self.write_jsonl("in.jsonl", [{"text": f"row {i}"} for i in range(1500)])
        run = self.run_program("generate", "in.jsonl", "-m", program.tiny_model(), "--prompt",
                               "{{text}}", "--max-tokens", "40", "-o", "out.jsonl",
                               "--progress", "json")
        lines = [json.loads(line) for line in run.stderr.splitlines() if line.startswith("{")]
        stages = [line["stage"] for line in lines]
        self.assertIn("run", stages)
        self.assertEqual(sorted(stages, key=["plan", "run", "write"].index), stages)
        last = [line for line in lines if line["stage"] == "run"][-1]
        self.assertEqual((last["rows_done"], last["rows_total"]), (1500, 1500))
        done = [line["rows_done"] for line in lines if line["stage"] == "run"]
        self.assertEqual(done, sorted(done))
        for line in lines:
            self.assertEqual(list(line), ["stage", "rows_done", "rows_total", "tokens_done",
                                          "tokens_total", "seconds", "seconds_left",
                                          "seconds_left_between"])

    def run_on_a_terminal(self, **variables):
        """What a person sees on a terminal while a job runs."""
        controller, terminal = pty.openpty()
        process = self.start("generate", "in.jsonl", "-m", program.tiny_model(), "--prompt",
                             "{{text}}", "--max-tokens", "40", "-o", "out.jsonl", "--overwrite",
                             stderr=terminal, env=program.clean_environment(**variables))
        os.close(terminal)
        seen = b""
        while True:
            try:
                piece = os.read(controller, 4096)
            except OSError:  # how Linux says that the other end is closed
                break
            if not piece:
                break
            seen += piece
        os.close(controller)
        process.stdout.close()
        self.assertEqual(process.wait(60), 0)
        return seen.decode()

    def test_a_bar_on_a_terminal_and_never_a_colour(self):
        self.write_jsonl("in.jsonl", [{"text": f"row {i}"} for i in range(600)])
        for variables in [{"TERM": "xterm"}, {"TERM": "xterm", "NO_COLOR": "1"}]:
            seen = self.run_on_a_terminal(**variables)
            self.assertRegex(seen, r"\r\x1b\[2K\[=* *\] \d+/600 rows +[\d.]+ rows/s")
            self.assertIsNone(re.search(r"\x1b\[[\d;]*m", seen), "a colour")
            self.assertRegex(seen, r"\nrows +600\r?\n|\x1b\[2Krows +600\r?\n")
        self.assertNotIn("\x1b", self.run_on_a_terminal(TERM="dumb"))

    def test_nothing_but_text_where_nobody_looks(self):
        self.write_jsonl("in.jsonl", [{"text": "a"}])
        run = self.run_program("sentiment", "in.jsonl", "-m", program.tiny_model(), "-o", "o.csv")
        self.assertIsNone(re.search(r"[\x00-\x09\x0b-\x1f]", run.stderr), run.stderr)
        run = self.run_program("sentiment", "in.jsonl", "-m", program.tiny_model(), "-o", "p.csv",
                               "--progress", "non", expect=USAGE)
        self.assertIn("auto, json or none", run.stderr)


if __name__ == "__main__":
    unittest.main()
