#!/usr/bin/env python3
"""Measures what Rowmill makes of MiniLM and what other software makes of the same weights on the same rows,
and prints both side by side: the tables of docs/accuracy.md.

The other side: tokens by Hugging Face's tokenizers, vectors by onnxruntime in F32 (bench/peers/minilm_onnx.py
writes the graph), Spearman by scipy, heads by scikit-learn's LogisticRegression. Its vectors are kept in
build/, since they never change. Ours: the program as people run it, once for each numeric recipe.

    bench/accuracy/encoders.py [--binary build/release/rowmill] [--model FOLDER] [--shared FOLDER]

Needs numpy, scipy, scikit-learn, tokenizers, safetensors, onnx and onnxruntime. A few minutes.
"""

import argparse
import csv
import datetime
import hashlib
import json
import pathlib
import platform
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench" / "peers"))

TOPICS = {
    "World": "This text is about world politics, government and international affairs.",
    "Sports": "This text is about sports, games and athletes.",
    "Business": "This text is about business, companies and the economy.",
    "Technology": "This text is about science, computers and technology.",
}
SENTIMENTS = ("negative", "positive")


class Data:
    def __init__(self, shared):
        data = shared / "data"
        with open(data / "stsb/stsb-en-dev.csv", encoding="utf-8", newline="") as file:
            self.pairs = list(csv.reader(file))
        with open(data / "ag_news/test-first4000.csv", encoding="utf-8", newline="") as file:
            news = list(csv.reader(file))[:2000]
        self.news = [(row[1] + ". " + row[2], list(TOPICS)[int(row[0]) - 1]) for row in news]
        self.train, self.dev = (self.reviews(data / "sst2" / name) for name in ("train-3000.tsv", "dev.tsv"))

    @staticmethod
    def reviews(path):
        with open(path, encoding="utf-8") as file:
            rows = [line.rstrip("\n").split("\t", 1) for line in file]
        return [(text, SENTIMENTS[int(label)]) for label, text in rows]

    def sides(self):
        return [side for pair in self.pairs for side in pair[:2]]


def spearman(vectors, pairs):
    from scipy.stats import spearmanr
    return spearmanr((vectors[0::2] * vectors[1::2]).sum(1), [float(pair[2]) for pair in pairs])[0]


def fitted_accuracy(vectors, gold, test_vectors, test_gold):
    """scikit-learn's head with its own defaults, and with its own search for C."""
    from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
    plain = LogisticRegression(max_iter=5000).fit(vectors, gold)
    searched = LogisticRegressionCV(Cs=10, cv=5, max_iter=5000, use_legacy_attributes=False,
                                    l1_ratios=(0,), scoring="accuracy").fit(vectors, gold)
    return plain.score(test_vectors, test_gold), searched.score(test_vectors, test_gold)


class Peer:
    """onnxruntime, one text at a time: padding changes nothing, but is not needed either."""

    def __init__(self, folder, cache):
        import onnxruntime
        from tokenizers import Tokenizer

        import minilm_onnx
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(512)
        self.session = onnxruntime.InferenceSession(minilm_onnx.build(folder).SerializeToString(),
                                                    providers=["CPUExecutionProvider"])
        weights = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()[:16]
        self.cache = cache / f"peer-vectors-{weights}-{onnxruntime.__version__}"
        self.version = f"onnxruntime {onnxruntime.__version__}"

    def embed(self, texts):
        key = hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:16]
        path = self.cache / f"{key}.npy"
        if path.exists():
            return np.load(path)
        vectors = []
        for text in texts:
            ids = np.array([self.tokenizer.encode(text).ids], np.int64)
            vectors.append(self.session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0])
        self.cache.mkdir(parents=True, exist_ok=True)
        np.save(path, np.array(vectors))
        return np.array(vectors)


class Rowmill:
    def __init__(self, binary, model, numerics, folder):
        self.base = [str(binary)]
        self.options = ["-m", str(model), "--numerics", numerics, "--overwrite", "--progress", "none"]
        self.folder = pathlib.Path(folder)

    def write(self, name, rows):
        path = self.folder / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return str(path)

    def run(self, *arguments):
        output = self.folder / "out.jsonl"
        subprocess.run([*self.base, *arguments, *self.options, "-o", str(output)], check=True, stderr=subprocess.PIPE)
        with open(output, encoding="utf-8") as file:
            rows = [json.loads(line) for line in file]
        if any(row["status"] not in ("ok", "truncated") for row in rows):
            raise RuntimeError("rows without an answer")
        return rows, json.loads((self.folder / "out.jsonl.run.json").read_text())

    def embed(self, texts):
        rows, _ = self.run("embed", self.write("in.jsonl", [{"text": text} for text in texts]), "--overflow", "tail")
        return np.array([row["embedding"] for row in rows], np.float32)

    def accuracy(self, command, rows, *options):
        path = self.write("in.jsonl", [{"text": text, "gold": gold} for text, gold in rows])
        _, report = self.run(command, path, "--gold", "gold", "--overflow", "tail", *options)
        return report["measures"]["accuracy"]

    def described(self, rows, descriptions):
        path = self.folder / "labels.txt"
        path.write_text("".join(f"{name}={text}\n" for name, text in descriptions.items()), encoding="utf-8")
        return self.accuracy("classify", rows, "--labels-file", str(path))

    def fitted(self, command, examples, rows):
        path = self.write("examples.jsonl", [{"text": text, "gold": gold} for text, gold in examples])
        return self.accuracy(command, rows, "--examples", path)


def column(data, rowmill):
    """One recipe's figures; heads of scikit-learn are fitted on the same vectors."""
    cell = {}
    sides = rowmill.embed(data.sides())
    cell["stsb"] = spearman(sides, data.pairs)
    cell["zero"] = rowmill.described(data.news, TOPICS)
    cell["news"] = rowmill.fitted("classify", data.news[:1000], data.news[1000:])
    cell["sst2"] = rowmill.fitted("sentiment", data.train, data.dev)
    news = rowmill.embed([text for text, _ in data.news])
    gold = [label for _, label in data.news]
    cell["news_sklearn"] = fitted_accuracy(news[:1000], gold[:1000], news[1000:], gold[1000:])
    train, dev = (rowmill.embed([text for text, _ in rows]) for rows in (data.train, data.dev))
    cell["sst2_sklearn"] = fitted_accuracy(train, [g for _, g in data.train], dev, [g for _, g in data.dev])
    cell["vectors"] = np.concatenate([sides, news, dev])
    return cell


def peer_column(data, peer):
    sides, news = peer.embed(data.sides()), peer.embed([text for text, _ in data.news])
    train, dev = (peer.embed([text for text, _ in rows]) for rows in (data.train, data.dev))
    gold = np.array([label for _, label in data.news])
    names = np.array(list(TOPICS))
    described = peer.embed(list(TOPICS.values()))
    return {
        "stsb": spearman(sides, data.pairs),
        "zero": float((names[(news @ described.T).argmax(1)] == gold).mean()),
        "news_sklearn": fitted_accuracy(news[:1000], gold[:1000], news[1000:], gold[1000:]),
        "sst2_sklearn": fitted_accuracy(train, [g for _, g in data.train], dev, [g for _, g in data.dev]),
        "vectors": np.concatenate([sides, news, dev]),
    }


def cosines(a, b):
    found = (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    return float(found.mean()), float(found.min())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/rowmill")
    parser.add_argument("--model", type=pathlib.Path, default=pathlib.Path.home() / ".cache/rowmill/models/minilm")
    parser.add_argument("--shared", type=pathlib.Path, default=ROOT.parent / "shared")
    parser.add_argument("--numerics", default="auto,f32")
    arguments = parser.parse_args()
    data = Data(arguments.shared)
    peer = Peer(arguments.model, ROOT / "build")
    other = peer_column(data, peer)
    recipes = arguments.numerics.split(",")
    cells = {}
    with tempfile.TemporaryDirectory(prefix="rowmill-accuracy-") as folder:
        for numerics in recipes:
            cells[numerics] = column(data, Rowmill(arguments.binary, arguments.model, numerics, folder))

    version = subprocess.run([arguments.binary, "--version"], capture_output=True, text=True).stdout.strip()
    print(f"{datetime.date.today()}, {version}, {peer.version}, {platform.processor() or platform.machine()}\n")
    print("| | " + peer.version + " | " + " | ".join(f"Rowmill `{name}`" for name in recipes) + " |")
    print("| --- | " + "---: | " * (len(recipes) + 1))

    def line(name, of_peer, of_ours):
        print(f"| {name} | {of_peer} | " + " | ".join(of_ours(cells[recipe]) for recipe in recipes) + " |")

    line(f"STS-B dev, {len(data.pairs)} pairs: Spearman", f"{other['stsb']:.6f}", lambda c: f"{c['stsb']:.6f}")
    line("AG News, 2,000 rows, nearest of four descriptions: accuracy", f"{other['zero']:.4f}",
         lambda c: f"{c['zero']:.4f}")
    for key, name in (("news", "AG News, head fitted on 1,000 rows, 1,000 others"),
                      ("sst2", "SST-2, head fitted on 3,000 training rows, 872 of dev")):
        line(f"{name}: accuracy", "", lambda c, key=key: f"{c[key]:.4f}")
        line("the same vectors, scikit-learn, C = 1", f"{other[key + '_sklearn'][0]:.4f}",
             lambda c, key=key: f"{c[key + '_sklearn'][0]:.4f}")
        line("the same vectors, scikit-learn, C by cross-validation", f"{other[key + '_sklearn'][1]:.4f}",
             lambda c, key=key: f"{c[key + '_sklearn'][1]:.4f}")
    line(f"cosine to the other's vectors, {len(other['vectors'])} texts: mean, least", "",
         lambda c: "{:.6f}, {:.6f}".format(*cosines(c["vectors"], other["vectors"])))


if __name__ == "__main__":
    main()
