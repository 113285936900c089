#!/usr/bin/env python3
"""What other software makes of MiniLM on the same rows: the figures that ours are held against.

Needs numpy, scipy, scikit-learn, tokenizers and safetensors. The forward pass is plain numpy in
single precision over the model folder's own weights (exact GELU), text by text; vectors are kept in a
cache beside the results, so that later questions are answered at once.

    tools/reference_minilm.py MODEL_FOLDER SHARED_FOLDER
"""

import csv
import hashlib
import pathlib
import sys

import numpy as np
from safetensors.numpy import load_file
from scipy.special import erf
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer


class MiniLm:
    def __init__(self, folder):
        self.weights = load_file(folder / "model.safetensors")
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self.cache = {}

    def norm(self, x, name):
        mean = x.mean(-1, keepdims=True)
        variance = ((x - mean) ** 2).mean(-1, keepdims=True)
        return (x - mean) / np.sqrt(variance + 1e-12) * self.weights[name + ".weight"] + self.weights[name + ".bias"]

    def linear(self, x, name):
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def embed_ids(self, ids):
        w = self.weights
        x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: len(ids)]
        x = self.norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for layer in range(6):
            at = f"encoder.layer.{layer}."
            q, k, v = (
                self.linear(x, at + "attention.self." + name).reshape(len(ids), 12, 32).transpose(1, 0, 2)
                for name in ("query", "key", "value")
            )
            scores = q @ k.transpose(0, 2, 1) / np.sqrt(np.float32(32))
            p = np.exp(scores - scores.max(-1, keepdims=True))
            attended = (p / p.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(len(ids), 384)
            x = self.norm(x + self.linear(attended, at + "attention.output.dense"), at + "attention.output.LayerNorm")
            h = self.linear(x, at + "intermediate.dense")
            h = (0.5 * h * (1 + erf(h / np.sqrt(2)))).astype(np.float32)
            x = self.norm(x + self.linear(h, at + "output.dense"), at + "output.LayerNorm")
        pooled = x.mean(0)
        return pooled / np.linalg.norm(pooled)

    def embed(self, texts):
        rows = []
        for text in texts:
            key = hashlib.sha256(text.encode()).digest()
            if key not in self.cache:
                self.cache[key] = self.embed_ids(self.tokenizer.encode(text).ids[:512])
            rows.append(self.cache[key])
        return np.array(rows)


LABELS = {
    "World": "This text is about world politics, government and international affairs.",
    "Sports": "This text is about sports, games and athletes.",
    "Business": "This text is about business, companies and the economy.",
    "Technology": "This text is about science, computers and technology.",
}


def main():
    model = MiniLm(pathlib.Path(sys.argv[1]))
    data = pathlib.Path(sys.argv[2]) / "data"

    pairs = list(csv.reader(open(data / "stsb/stsb-en-dev.csv", encoding="utf-8")))
    left, right = model.embed([p[0] for p in pairs]), model.embed([p[1] for p in pairs])
    correlation = spearmanr((left * right).sum(1), [float(p[2]) for p in pairs])[0]
    print(f"STS-B dev, {len(pairs)} pairs: Spearman {correlation:.6f}")

    news = list(csv.reader(open(data / "ag_news/test-first4000.csv", encoding="utf-8")))[:2000]
    texts = [row[1] + ". " + row[2] for row in news]
    gold = np.array([int(row[0]) - 1 for row in news])
    vectors = model.embed(texts)
    labels = model.embed(LABELS.values())
    accuracy = ((vectors @ labels.T).argmax(1) == gold).mean()
    print(f"AG News, rows 0-1999, nearest description: accuracy {accuracy:.4f}")
    fitted = LogisticRegression(max_iter=2000).fit(vectors[:1000], gold[:1000])
    print(f"AG News, head fitted on rows 0-999: accuracy on rows 1000-1999 {fitted.score(vectors[1000:], gold[1000:]):.4f}")

    def sst2(name):
        rows = [line.rstrip("\n").split("\t", 1) for line in open(data / "sst2" / name, encoding="utf-8")]
        return model.embed([text for _, text in rows]), np.array([int(label) for label, _ in rows])

    train, dev = sst2("train-3000.tsv"), sst2("dev.tsv")
    fitted = LogisticRegression(max_iter=2000).fit(*train)
    print(f"SST-2, head fitted on {len(train[1])} training rows: accuracy on dev ({len(dev[1])}) {fitted.score(*dev):.4f}")


if __name__ == "__main__":
    main()
