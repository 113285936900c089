#!/usr/bin/env python3
"""Measures answers on XQuAD-en: how often the right passage is found, beside
onnxruntime with the same weights, and how well the answers agree with the right ones (exact match and F1 as
SQuAD defines them), from the given passage and from those that were found.

    bench/accuracy/answers.py [--binary build/release/rowmill] [--retrieval-only] [--first 200] [--rows 400]

The built-in prompt was chosen on the first 100 questions: answers are measured on others. Needs numpy,
tokenizers, safetensors, onnx and onnxruntime. Some minutes.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import encoders

CHAT = "Passage: {{%s}}\n\nQuestion: {{text}}\nAnswer with a few words from the passage."


class Data:
    """Passages in the order in which they first occur; their number is their id."""

    def __init__(self, shared):
        with open(shared / "data/xquad_en/questions-first.jsonl", encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        self.passages = list(dict.fromkeys(row["passage"] for row in rows))
        number = {passage: i for i, passage in enumerate(self.passages)}
        self.questions = [{"question": row["question"], "passage": row["passage"], "gold": row["answers"],
                           "right": number[row["passage"]]} for row in rows]


def recall(orders, data):
    """R@1, R@5 and MRR of each question's order of all passages."""
    ranks = np.array([order.index(row["right"]) + 1 for order, row in zip(orders, data.questions)])
    return (ranks == 1).mean(), (ranks <= 5).mean(), (1.0 / ranks).mean()


def peer_orders(data, model, cache):
    peer = encoders.Peer(model, cache)
    scores = peer.embed([row["question"] for row in data.questions]) @ peer.embed(data.passages).T
    return peer.version, [list(order) for order in np.argsort(-scores, axis=1, kind="stable")]


class Rowmill:
    def __init__(self, binary, folder, retriever):
        self.binary, self.folder, self.retriever = str(binary), pathlib.Path(folder), str(retriever)

    def write(self, name, rows):
        path = self.folder / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return str(path)

    def run(self, *arguments):
        output = self.folder / "out.jsonl"
        subprocess.run([self.binary, *map(str, arguments), "--overwrite", "--progress", "none", "-o", str(output)],
                       check=True, stderr=subprocess.PIPE)
        rows = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
        return rows, json.loads((self.folder / "out.jsonl.run.json").read_text())

    def orders(self, data, numerics):
        questions = self.write("q.jsonl", [{"text": row["question"]} for row in data.questions])
        passages = self.write("p.jsonl", [{"text": text} for text in data.passages])
        rows, _ = self.run("similar", questions, passages, "-k", len(data.passages), "-m", self.retriever,
                           "--numerics", numerics, "--overflow", "tail")
        return [[found["row"] for found in row["similar"]] for row in rows]

    def answers(self, data, questions, *options):
        asked = self.write("q.jsonl", questions)
        _, report = self.run("answer", asked, "--gold", "gold", *options)
        return {**report["gold"], "seconds": report["measures"]["wall_seconds"]}

    def retrieved(self, data, questions, count, *options):
        passages = self.write("p.jsonl", [{"text": text} for text in data.passages])
        return self.answers(data, questions, "--passages", passages, "--passages-k", count, "--retriever",
                            self.retriever, "--gold-passage", "right", *options)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=pathlib.Path, default=encoders.ROOT / "build/release/rowmill")
    parser.add_argument("--retriever", type=pathlib.Path, default=pathlib.Path.home() / ".cache/rowmill/models/minilm")
    parser.add_argument("--shared", type=pathlib.Path, default=encoders.ROOT.parent / "shared")
    parser.add_argument("--retrieval-only", action="store_true")
    parser.add_argument("--first", type=int, default=200)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--counts", type=int, nargs="*", default=[1, 2, 3])
    options = parser.parse_args()
    data = Data(options.shared)
    with tempfile.TemporaryDirectory() as folder:
        rowmill = Rowmill(options.binary, folder, options.retriever)
        print(f"retrieval, {len(data.questions)} questions, {len(data.passages)} passages: R@1 R@5 MRR")
        version, orders = peer_orders(data, options.retriever, encoders.ROOT / "build")
        print(f"  {version:24}", *(f"{value:.4f}" for value in recall(orders, data)))
        for numerics in ("auto", "f32"):
            figures = recall(rowmill.orders(data, numerics), data)
            print(f"  {'rowmill ' + numerics:24}", *(f"{value:.4f}" for value in figures), flush=True)
        if options.retrieval_only:
            return 0
        questions = data.questions[options.first:options.first + options.rows]
        print(f"answers, questions {options.first} to {options.first + len(questions) - 1}")
        given = ["--context", "passage"]
        for name, figures in [
                ("given passage, chat prompt", lambda: rowmill.answers(
                    data, questions, *given, "--prompt", CHAT % "passage")),
                ("given passage", lambda: rowmill.answers(data, questions, *given)),
                *((f"{count} retrieved", lambda count=count: rowmill.retrieved(data, questions, count))
                  for count in options.counts)]:
            print(f"  {name:28}", json.dumps(figures()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
