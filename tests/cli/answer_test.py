"""answer: from a passage and by choices."""

import pathlib
import shutil
import unittest

import program
from program import PROJECT, USAGE, ProgramTest, read_csv, read_jsonl, read_report

ENCODER = str(PROJECT / "tests" / "data" / "encoders" / "bert")
EXAMPLES = PROJECT / "examples"

QUESTIONS = [
    {"question": f"What of {subject}?", "context": f"It is said that {subject} is {kind}. " * 3,
     "short": kind, "long": f"{kind}, as everybody has known for long", "number": number,
     "gold": [kind, f"a {kind}"]}
    for number, (subject, kind) in enumerate(
        [("the sea", "wide"), ("a nail", "hard"), ("the sea", "deep"), ("tea", "hot"),
         ("the moon", "round"), ("a nail", "hard")] * 4)]

# Questions of our own, their choices, and the log-likelihoods that llama.cpp gives them with the weights of
# SmolLM2's Q4_1 file as F32 (bench/answers/reference_choices.py).
QUIZ = [
    ("How do you keep bread from going stale?",
     "Keep it in a closed box or a bag.",
     "Keep it in a bowl of water.", -34.07906, -24.64119),
    ("How can you see whether an egg is fresh?",
     "Paint it and wait until the paint is dry.",
     "Put it into water: a fresh one sinks.", -49.64917, -55.45822),
    ("How do you sharpen a pencil?",
     "Turn it in a pencil sharpener.",
     "Press it into a pencil case.", -26.98521, -31.92216),
    ("What helps when a jar cannot be opened?",
     "Put the jar into the freezer for a week.",
     "Hold the lid under hot water for a minute.", -27.53930, -34.53113),
    ("How do you dry wet shoes?",
     "Stuff them with newspaper.",
     "Stuff them with wet towels.", -28.11415, -27.93449),
    ("How do you get candle wax off a table?",
     "Let it get hard and scrape it off with a card.",
     "Rub it into the wood with a warm cloth.", -53.85182, -35.44432),
    ("How do you water plants while you are away?",
     "Lay a thread of wool from a jug of water into the soil.",
     "Lay a thread of wool around the window.", -60.28412, -48.06962),
    ("How do you find north without a compass?",
     "Look for the nearest road.",
     "Look for the North Star at night.", -30.95405, -21.36637),
]


class AnswerTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.model = program.tiny_model("--type", "q4_1", "--dim", "64", "--ffn", "128",
                                        "--context", "1024")
        self.write_jsonl("in.jsonl", QUESTIONS)

    def answer(self, output, *options, **more):
        return self.run_job("answer", "in.jsonl", "-o", output, *options, model=self.model, **more)


class ChoicesTest(AnswerTest):
    def choose(self, output, *options, **more):
        return self.answer(output, "--choices", "short,long", "--log-probs", *options, **more)

    def test_log_likelihoods_are_those_of_labels_behind_the_question(self):
        self.choose("out.jsonl", "--choice-norm", "none")
        rows = read_jsonl(self.path("out.jsonl"))
        for row in rows[:3]:
            self.write_jsonl("one.jsonl", [row])
            labels = f" {row['short']}\n {row['long']}\n"
            self.write("labels.txt", labels)
            self.run_job("classify", "one.jsonl", "--labels-file", "labels.txt", "--label-end",
                         "none", "--raw-prompt", "--prompt", "Question: {{question}}\nAnswer:",
                         "--log-probs", "-o", "labels.jsonl", "--overwrite", model=self.model)
            label = read_jsonl(self.path("labels.jsonl"))[0]
            self.assertEqual(row["log_probs"], label["rowmill_log_probs"])
            self.assertEqual(row["answer"], label["label"])
            self.assertEqual(row["probability"], label["rowmill_probability"])

    def test_the_same_bytes_however_the_work_is_done(self):
        self.choose("whole.jsonl")
        for number, options in enumerate([
                ["--units", 1, "--batch-tokens", 3], ["--units", 3, "--split", "equal"],
                ["--units", 2, "--split", "length", "--dedupe", "off", "--max-rows", 2],
                ["--prefix-sharing", "off", "--isa", "scalar"]]):
            with self.subTest(options=options):
                self.choose(f"{number}.jsonl", *options)
                self.assertEqual(self.read(f"{number}.jsonl"), self.read("whole.jsonl"))

    def test_norms_and_gold(self):
        right = [{**row, "right": ["short", "long", "0", "1", row["short"], row["long"]][i % 6]}
                 for i, row in enumerate(QUESTIONS)]
        self.write_jsonl("in.jsonl", right)
        for norm in ("none", "tokens", "bytes"):
            self.choose(f"{norm}.csv", "--choice-norm", norm, "--gold", "right")
            rows = read_csv(self.path(f"{norm}.csv"))
            correct = sum((row["answer"] == row["long"]) == bool(i % 2)
                          for i, row in enumerate(rows))
            gold = read_report(self.path(f"{norm}.csv"))["gold"]
            self.assertEqual((gold["rows"], gold["correct"]), (len(rows), correct))
            self.assertEqual(gold["other_gold_rows"], 0)
        self.assertTrue(all(row["answer"] == row["short"]
                            for row in read_csv(self.path("none.csv"))), "sums favour short ones")

    def test_counts(self):
        self.choose("out.jsonl")
        report = read_report(self.path("out.jsonl"))
        self.assertEqual(report["rows"]["total"], 24)
        self.assertEqual(report["inputs"]["total"], 48)
        self.assertEqual(report["inputs"]["duplicates"], 48 - 2 * 5)
        self.assertEqual(report["rows"]["computed"], 5)

    def test_rows_without_a_choice(self):
        self.write_jsonl("in.jsonl", [{"question": "q", "short": "a", "long": ""},
                                      {"question": "", "short": "a", "long": "b"},
                                      {"question": "q", "short": "a", "long": "b"}])
        self.choose("out.jsonl")
        rows = read_jsonl(self.path("out.jsonl"))
        self.assertEqual([row["status"] for row in rows], ["invalid", "invalid", "ok"])
        self.assertEqual(rows[0]["error"], "column 'long' is empty")
        self.assertIsNone(rows[0]["answer"])

    def test_what_is_redacted_in_choices_counts(self):
        self.write_jsonl("in.jsonl", [
            {"question": "Whom to ask?", "short": "a@example.org", "long": "b@example.org or c@example.org"},
            {"question": "Is d@example.org right?", "short": "e@example.org", "long": "no"},
            {"question": "q", "short": "yes", "long": "no"}])
        self.choose("out.jsonl", "--redact", "email")
        redaction = read_report(self.path("out.jsonl"))["redaction"]
        self.assertEqual((redaction["rows"], sum(redaction["found"].values())), (2, 5))
        self.assertNotIn("example.org", "".join(row["answer"] for row in read_jsonl(self.path("out.jsonl"))))

    def test_refusals(self):
        for options, message in [(["--choices", "short"], "names 1 column"),
                                 (["--choices", "short,lang"], "lang"),
                                 (["--choices", "short,long", "--choice-norm", "byte"],
                                  "--choice-norm takes")]:
            run = self.answer("out.csv", *options, expect=USAGE)
            self.assertIn(message, run.stderr)


class PassageTest(AnswerTest):
    def test_answers_and_measures(self):
        run = self.answer("out.jsonl", "--gold", "gold", "--max-tokens", 6)
        rows = read_jsonl(self.path("out.jsonl"))
        self.assertEqual({row["status"] for row in rows}, {"ok"})
        self.assertTrue(all(row["answer"] == row["answer"].strip() for row in rows))
        gold = read_report(self.path("out.jsonl"))["gold"]
        self.assertEqual(gold["rows"], 24)
        self.assertIn("exact_match", run.stderr)
        # With the model's own answers for gold everything is right.
        self.write_jsonl("in.jsonl", [{**row, "gold": row["answer"]} for row in rows])
        self.answer("own.jsonl", "--gold", "gold", "--max-tokens", 6)
        gold = read_report(self.path("own.jsonl"))["gold"]
        self.assertEqual(gold["exact_match"], 1.0)

    def test_names_of_columns_and_prompts_of_ones_own(self):
        rows = [{"q": row["question"], "p": row["context"]} for row in QUESTIONS]
        self.write_jsonl("in.jsonl", rows)
        self.answer("a.jsonl", "--question", "q", "--context", "p", "--max-tokens", 4)
        self.answer("b.jsonl", "--question", "q", "--prompt", "{{p}}\n{{text}}", "--raw-prompt",
                    "--max-tokens", 4)
        self.assertEqual(len(read_jsonl(self.path("b.jsonl"))), len(rows))
        run = self.answer("c.jsonl", "--question", "q", expect=USAGE)
        self.assertIn("context", run.stderr)

    def test_log_probs_are_of_choices(self):
        run = self.answer("out.csv", "--log-probs", expect=USAGE)
        self.assertIn("--choices", run.stderr)


class RetrievalTest(ProgramTest):
    """From a collection, by a tiny random encoder: a question is nearest to the passage with its very words."""

    PASSAGES = ["the film was good .", "a bad plot", "it made me laugh and cry !", "not very good , the plot",
                "laughed crying"]

    def setUp(self):
        super().setUp()
        self.model = program.tiny_model("--type", "q4_1", "--dim", "64", "--ffn", "128", "--context", "1024")
        self.write_jsonl("p.jsonl", [{"name": f"p{i}", "text": text} for i, text in enumerate(self.PASSAGES)])
        self.questions = [{"question": self.PASSAGES[i % 5], "right": f"p{i % 5}", "row": i % 5, "gold": ["x"]}
                          for i in (3, 1, 0, 4, 2, 3, 1)]
        self.write_jsonl("in.jsonl", self.questions)

    def answer(self, output, *options, retriever=ENCODER, **more):
        return self.run_job("answer", "in.jsonl", "--passages", "p.jsonl", "--retriever", retriever, "-o", output,
                            "--max-tokens", 6, *options, model=self.model, **more)

    def test_what_was_found_is_in_the_output_and_answered_from(self):
        run = self.answer("out.jsonl", "--passage-id", "name", "--gold-passage", "right", "--gold", "gold",
                          "--passages-k", 3)
        self.assertIn("recall_at_1", run.stderr)
        rows = read_jsonl(self.path("out.jsonl"))
        for row in rows:
            self.assertEqual(row["status"], "ok")
            self.assertEqual(len(row["passages"]), 3)
            self.assertEqual(row["passages"][0]["id"], row["right"])
            self.assertEqual(row["passages"][0]["text"], row["question"])
            self.assertAlmostEqual(row["passages"][0]["score"], 1.0, places=5)
        gold = read_report(self.path("out.jsonl"))["gold"]
        self.assertEqual((gold["recall_at_1"], gold["recall_at_3"], gold["mrr"]), (1.0, 1.0, 1.0))
        self.assertEqual(gold["rows"], 7)
        # The same answers as from a column with the same passages.
        self.write_jsonl("in.jsonl", [{"question": row["question"],
                                       "context": "\n\n".join(found["text"] for found in row["passages"])}
                                      for row in rows])
        self.run_job("answer", "in.jsonl", "-o", "given.jsonl", "--max-tokens", 6, model=self.model)
        self.assertEqual([row["answer"] for row in read_jsonl(self.path("given.jsonl"))],
                         [row["answer"] for row in rows])

    def test_the_same_bytes_however_the_work_is_done(self):
        self.answer("whole.jsonl", "--passages-k", 2)
        report = read_report(self.path("whole.jsonl"))
        self.assertEqual(report["rows"]["duplicates"], 2)
        for number, options in enumerate([["--units", 1, "--batch-tokens", 3], ["--units", 3, "--split", "equal"],
                                          ["--dedupe", "off", "--max-rows", 2, "--isa", "scalar"]]):
            self.answer(f"{number}.jsonl", "--passages-k", 2, *options)
            self.assertEqual(self.read(f"{number}.jsonl"), self.read("whole.jsonl"))
        self.run_job("verify", "answer", "in.jsonl", "--passages", "p.jsonl", "--retriever", ENCODER, "-o",
                     "whole.jsonl", "--max-tokens", 6, "--passages-k", 2, model=self.model)

    def test_the_passages_and_the_retriever_are_part_of_the_job(self):
        self.answer("out.jsonl")
        self.answer("out.jsonl")  # nothing is left to do
        self.write_jsonl("p.jsonl", [{"text": text} for text in self.PASSAGES[:4]])
        self.answer("out.jsonl", expect=USAGE)
        shutil.copytree(ENCODER, self.path("other"))
        config = pathlib.Path(self.path("other")) / "config.json"
        config.write_text(config.read_text() + "\n")
        self.write_jsonl("p.jsonl", [{"text": text} for text in self.PASSAGES])
        self.answer("out.jsonl", retriever="other", expect=USAGE)
        self.answer("out.jsonl")

    def test_rows_of_the_collection_and_of_the_data_set_without_a_text(self):
        self.write_jsonl("p.jsonl", [{"text": ""}, {"text": "a bad plot"}, {"other": 1}])
        self.write_jsonl("in.jsonl", [{"question": ""}, {"question": "a bad plot"}])
        run = self.answer("out.jsonl", "--passages-k", 5)
        self.assertIn("1 rows of p.jsonl, 2 without a usable text", run.stderr)
        rows = read_jsonl(self.path("out.jsonl"))
        self.assertEqual([row["status"] for row in rows], ["invalid", "ok"])
        self.assertEqual((rows[0]["answer"], rows[0]["passages"]), (None, None))
        self.assertEqual(rows[0]["error"], "column 'question' is empty")
        self.assertEqual([found["row"] for found in rows[1]["passages"]], [1])

    def test_prompts_of_ones_own_and_refusals(self):
        self.answer("own.jsonl", "--prompt", "{{passages}} {{text}}", "--raw-prompt")
        # Words around what the retriever reads change how near texts are, and nothing that is shown.
        scores = {}
        for name, options in (("plain", ()), ("one", ("--question-prompt", "the film {{text}}")),
                              ("both", ("--question-prompt", "the film {{text}}", "--passage-prompt",
                                        "the film {{text}}"))):
            self.answer(f"{name}.jsonl", *options)
            found = [row["passages"][0] for row in read_jsonl(self.path(f"{name}.jsonl"))]
            scores[name] = [passage["score"] for passage in found]
            self.assertFalse(any(passage["text"].startswith("the film t") for passage in found))
        self.assertNotEqual(scores["one"], scores["plain"])
        for score in scores["both"]:
            self.assertAlmostEqual(score, 1.0, places=5)
        self.answer("both.jsonl", expect=USAGE)  # what the retriever reads is part of the job
        for options, message in [(["--prompt", "{{text}}", "--raw-prompt"], "{{passages}}"),
                                 (["--context", "c"], "--context"), (["--passages-k", 0], "--passages-k"),
                                 (["--question-prompt", "query: {{text}} {{right}}"], "around one text"),
                                 (["--passage-prompt", "passage:"], "--passage-prompt"),
                                 (["--passage-text", "nothing"], "no row with a usable text"),
                                 (["--passage-id", "nothing"], "no id"),
                                 (["--gold-passage", "wrong"], "wrong")]:
            with self.subTest(options=options):
                run = self.answer("no.jsonl", *options, expect=USAGE)
                self.assertIn(message, run.stderr)
        run = self.answer("no.jsonl", retriever=self.model, expect=USAGE)
        self.assertIn("--retriever needs an encoder", run.stderr)
        run = self.run_job("answer", "in.jsonl", "--gold-passage", "right", "-o", "no.jsonl", model=self.model,
                           expect=USAGE)
        self.assertIn("--passages", run.stderr)

    def test_the_second_model_counts(self):
        run = self.run_job("plan", "answer", "in.jsonl", "--passages", "p.jsonl", "--retriever", ENCODER,
                           model=self.model)
        self.assertIn(b"task ", run.stdout)


class RealModelTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.model = program.real_model()
        if self.model is None:
            self.skipTest("no weights of SmolLM2 (scripts/get_model.sh)")

    def test_choices_are_as_likely_as_another_engine_says(self):
        self.write_jsonl("in.jsonl", [{"question": row[0], "a": row[1], "b": row[2]} for row in QUIZ])
        for numerics, delta in (("f32", 0.02), ("auto", 1.0)):
            self.run_job("answer", "in.jsonl", "--choices", "a,b", "--choice-norm", "none", "--log-probs",
                         "--numerics", numerics, "-o", f"{numerics}.jsonl", model=self.model)
            for row, (_, a, b, *expected) in zip(read_jsonl(self.path(f"{numerics}.jsonl")), QUIZ):
                self.assertEqual(row["answer"], a if expected[0] > expected[1] else b)
                for ours, theirs in zip(row["log_probs"], expected):
                    self.assertAlmostEqual(ours, theirs, delta=delta)

    def test_answers_from_the_example_library(self):
        retriever = pathlib.Path(self.model).parent / "minilm"
        if not retriever.exists():
            self.skipTest("no weights of MiniLM (scripts/get_model.sh minilm)")
        self.run_job("answer", EXAMPLES / "questions.csv", "--passages", EXAMPLES / "library.jsonl", "--passage-id",
                     "name", "--retriever", retriever, "--gold", "gold", "--gold-passage", "passage", "-o",
                     "out.jsonl", model=self.model)
        # What the program wrote when this was made; it writes the same on every machine.
        self.assertEqual([row["answer"] for row in read_jsonl(self.path("out.jsonl"))],
                         ["1.7 litres", "18", "The crumbs of the toaster are collected in a tray below.",
                          "From Utrecht", "within thirty days", "Mira Holm"])
        gold = read_report(self.path("out.jsonl"))["gold"]
        self.assertEqual((gold["rows"], gold["recall_at_1"]), (6, 1.0))


if __name__ == "__main__":
    unittest.main()
