"""embed, similar, and classify with an encoder: what people get, and the same bytes however it is run."""

import csv
import json
import math
import os
import pathlib
import unittest

import program
from program import OK, PROJECT, USAGE, ProgramTest, read_jsonl

ENCODER = str(PROJECT / "tests" / "data" / "encoders" / "bert")
TEXTS = ["the film was good", "a bad plot .", "it made me laugh and cry !", "not very good , the plot",
         "the film was good", "laughed crying", ""]


def minilm():
    default = pathlib.Path(os.environ.get("HOME", ".")) / ".cache" / "rowmill" / "models"
    path = pathlib.Path(os.environ.get("ROWMILL_MODELS") or default) / "minilm"
    return str(path) if (path / "model.safetensors").exists() else None


def dot(x, y):
    return sum(a * b for a, b in zip(x, y))


class TinyEncoderTest(ProgramTest):
    def write_texts(self, name, texts, **columns):
        self.write_jsonl(name, [{"id": i, "body": text} | {name: values[i] for name, values in columns.items()}
                                for i, text in enumerate(texts)])

    def run_encoder(self, *arguments, expect=OK):
        return self.run_program(*arguments, "-m", ENCODER, expect=expect)

    def test_a_vector_of_length_one_for_each_row(self):
        self.write_texts("in.jsonl", TEXTS)
        self.run_encoder("embed", "in.jsonl", "--text", "body", "-o", "out.jsonl")
        rows = read_jsonl(self.path("out.jsonl"))
        self.assertEqual([row["id"] for row in rows], list(range(7)))
        for row in rows[:6]:
            self.assertEqual(list(row), ["id", "body", "embedding", "status", "error"])
            self.assertEqual(len(row["embedding"]), 32)
            self.assertAlmostEqual(dot(row["embedding"], row["embedding"]), 1.0, places=5)
        self.assertEqual(rows[0]["embedding"], rows[4]["embedding"])
        self.assertEqual((rows[6]["embedding"], rows[6]["status"]), (None, "invalid"))

    def test_csv_holds_the_vector_as_a_list(self):
        self.write_texts("in.jsonl", TEXTS[:3])
        self.run_encoder("embed", "in.jsonl", "--text", "body", "-o", "out.csv")
        self.run_encoder("embed", "in.jsonl", "--text", "body", "-o", "out.jsonl")
        with open(self.path("out.csv"), encoding="utf-8", newline="") as file:
            vectors = [json.loads(row["embedding"]) for row in csv.DictReader(file)]
        self.assertEqual(vectors, [row["embedding"] for row in read_jsonl(self.path("out.jsonl"))])

    def test_the_same_bytes_however_it_is_run(self):
        self.write_texts("in.jsonl", [f"{a} {b}" for a in TEXTS[:6] for b in TEXTS[:6]])
        outputs = set()
        for i, options in enumerate([["--units", "1"], ["--units", "3"], ["--batch-tokens", "1"],
                                     ["--batch-tokens", "300"], ["--max-rows", "2"],
                                     ["--threads-per-unit", "2"], ["--dedupe", "off"],
                                     ["--split", "equal"], ["--isa", "scalar"]]):
            self.run_encoder("embed", "in.jsonl", "--text", "body", "-o", f"out{i}.jsonl", *options)
            outputs.add(pathlib.Path(self.path(f"out{i}.jsonl")).read_bytes())
        self.assertEqual(len(outputs), 1)

    def test_rows_longer_than_the_positions(self):
        self.write_texts("in.jsonl", ["good " * 40, "good"])
        self.run_encoder("embed", "in.jsonl", "--text", "body", "-o", "out.jsonl")
        rows = read_jsonl(self.path("out.jsonl"))
        self.assertEqual([row["status"] for row in rows], ["error", "ok"])
        self.run_encoder("embed", "in.jsonl", "--text", "body", "-o", "cut.jsonl", "--overflow", "tail")
        self.assertEqual([row["status"] for row in read_jsonl(self.path("cut.jsonl"))],
                         ["truncated", "ok"])

    def test_similar_rows_best_first(self):
        self.write_texts("a.jsonl", TEXTS)
        self.write_texts("b.jsonl", [*TEXTS[1:4], "", TEXTS[0]])
        self.run_encoder("similar", "a.jsonl", "b.jsonl", "--text", "body", "-k", "2", "-o", "out.jsonl")
        rows = read_jsonl(self.path("out.jsonl"))
        self.assertEqual([row["similar"][0]["row"] for row in rows[:4]], [4, 0, 1, 2])
        for row in rows[:6]:
            self.assertEqual(len(row["similar"]), 2)
            self.assertGreaterEqual(row["similar"][0]["score"], row["similar"][1]["score"])
        self.assertAlmostEqual(rows[0]["similar"][0]["score"], 1.0, places=5)
        self.assertEqual(rows[0]["similar"][0]["text"], TEXTS[0])
        self.assertIsNone(rows[6]["similar"])

    def test_descriptions_examples_and_saved_heads(self):
        texts = [f"{a} {b}" for a in ("good", "bad") for b in ("film", "plot", "cry", "the laugh .", "and")]
        labels = ["+"] * 5 + ["-"] * 5
        self.write_texts("in.jsonl", texts, gold=labels)
        job = ["classify", "in.jsonl", "--text", "body"]
        self.run_encoder(*job, "--labels", "+=good film,-=bad", "-o", "named.jsonl", "--probabilities")
        row = read_jsonl(self.path("named.jsonl"))[0]
        self.assertAlmostEqual(row["probability_+"] + row["probability_-"], 1.0, places=9)
        self.assertAlmostEqual(row["probability"], max(row["probability_+"], row["probability_-"]))
        run = self.run_encoder(*job, "--examples", "in.jsonl", "--gold", "gold", "--save-head",
                               "head.json", "-o", "fitted.jsonl")
        self.assertIn("cross-validation", run.stderr)
        self.assertEqual([row["label"] for row in read_jsonl(self.path("fitted.jsonl"))], labels)
        self.run_encoder(*job, "--head", "head.json", "-o", "again.jsonl")
        self.assertEqual(read_jsonl(self.path("again.jsonl")), read_jsonl(self.path("fitted.jsonl")))
        self.run_encoder("sentiment", "in.jsonl", "--text", "body", "--head", "head.json", "-o", "s.jsonl")
        self.run_encoder(*job, "-o", "own.jsonl")
        self.assertIn(read_jsonl(self.path("own.jsonl"))[0]["label"], ["bad", "good", "unsure"])

    def test_what_does_not_go_together(self):
        self.write_texts("in.jsonl", TEXTS)
        self.run_program("embed", "in.jsonl", "-m", program.tiny_model(), expect=USAGE)
        self.run_encoder("generate", "in.jsonl", "--prompt", "{{body}}", expect=USAGE)
        job = ["classify", "in.jsonl", "--text", "body"]
        self.run_encoder(*job, "--save-head", "head.json", expect=USAGE)
        self.run_encoder(*job, "--examples", "in.jsonl", expect=USAGE)
        self.run_encoder(*job, "--head", "in.jsonl", expect=USAGE)
        self.run_encoder(*job, "--labels", "a,b", "--label-norm", "prior", expect=USAGE)
        self.run_encoder("similar", "in.jsonl", "in.jsonl", "--text", "body", "-k", "0", expect=USAGE)


class MiniLmTest(ProgramTest):
    """Quality on real rows; the references are what bench/accuracy/encoders.py prints for onnxruntime."""

    def setUp(self):
        super().setUp()
        self.data = program.shared_folder() / "data"
        if minilm() is None or not self.data.exists():
            self.skipTest("no weights (scripts/get_model.sh minilm) or no shared data")

    def embed(self, texts):
        self.write_jsonl("in.jsonl", [{"text": text} for text in texts])
        self.run_program("embed", "in.jsonl", "-m", minilm(), "-o", "out.jsonl", timeout=600)
        return [row["embedding"] for row in read_jsonl(self.path("out.jsonl"))]

    def test_sentence_pairs(self):
        with open(self.data / "stsb" / "stsb-en-dev.csv", encoding="utf-8", newline="") as file:
            pairs = list(csv.reader(file))
        vectors = self.embed([side for pair in pairs for side in pair[:2]])
        scores = [dot(vectors[2 * i], vectors[2 * i + 1]) for i in range(len(pairs))]
        correlation = spearman(scores, [float(pair[2]) for pair in pairs])
        self.assertAlmostEqual(correlation, STSB_DEV, delta=0.001)


# What bench/accuracy/encoders.py printed for onnxruntime.
STSB_DEV = 0.867163


def spearman(x, y):
    def ranks(values):
        order = sorted(range(len(values)), key=lambda i: values[i])
        out = [0.0] * len(values)
        begin = 0
        while begin < len(order):
            end = begin
            while end < len(order) and values[order[end]] == values[order[begin]]:
                end += 1
            for i in range(begin, end):
                out[order[i]] = (begin + end - 1) / 2
            begin = end
        return out

    a, b = ranks(x), ranks(y)
    mean = (len(x) - 1) / 2
    top = sum((p - mean) * (q - mean) for p, q in zip(a, b))
    return top / math.sqrt(sum((p - mean) ** 2 for p in a) * sum((q - mean) ** 2 for q in b))


if __name__ == "__main__":
    unittest.main()
