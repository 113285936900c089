#!/usr/bin/env python3
"""Writes tests/data/encoders: tiny random encoders and what they compute, by an independent forward pass.

One folder per family (bert, distilbert, roberta) as Hugging Face lays them out, with random weights in
F16 under the names of `transformers`, each with a classification head; and goldens.json with the pooled
vectors (mean and first token) and logits of a few token sequences, computed here in double precision
from the published definitions. No real weights of these families with heads could be had.

Needs numpy.
"""

import json
import math
import pathlib
import struct
import sys

import numpy as np

DIM, FFN, LAYERS, HEADS, VOCAB, POSITIONS, LABELS = 32, 48, 2, 2, 40, 26, 3

NAMES = {
    "bert": {
        "prefix": "bert.",
        "layer": "encoder.layer.{}.",
        "q": "attention.self.query",
        "k": "attention.self.key",
        "v": "attention.self.value",
        "o": "attention.output.dense",
        "norm1": "attention.output.LayerNorm",
        "up": "intermediate.dense",
        "down": "output.dense",
        "norm2": "output.LayerNorm",
        "dense": "bert.pooler.dense",
        "out": "classifier",
        "eps": 1e-12,
    },
    "distilbert": {
        "prefix": "distilbert.",
        "layer": "transformer.layer.{}.",
        "q": "attention.q_lin",
        "k": "attention.k_lin",
        "v": "attention.v_lin",
        "o": "attention.out_lin",
        "norm1": "sa_layer_norm",
        "up": "ffn.lin1",
        "down": "ffn.lin2",
        "norm2": "output_layer_norm",
        "dense": "pre_classifier",
        "out": "classifier",
        "eps": 1e-12,
    },
}
NAMES["roberta"] = {
    **NAMES["bert"],
    "prefix": "roberta.",
    "dense": "classifier.dense",
    "out": "classifier.out_proj",
    "eps": 1e-5,
}

CONFIGS = {
    "bert": {
        "hidden_size": DIM,
        "intermediate_size": FFN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "max_position_embeddings": POSITIONS,
        "layer_norm_eps": 1e-12,
        "hidden_act": "gelu",
        "type_vocab_size": 2,
        "vocab_size": VOCAB,
        "pad_token_id": 0,
    },
    "distilbert": {
        "dim": DIM,
        "hidden_dim": FFN,
        "n_layers": LAYERS,
        "n_heads": HEADS,
        "max_position_embeddings": POSITIONS,
        "activation": "gelu",
        "vocab_size": VOCAB,
        "pad_token_id": 0,
    },
}
CONFIGS["roberta"] = {**CONFIGS["bert"], "layer_norm_eps": 1e-5, "type_vocab_size": 1, "pad_token_id": 1}


def make_weights(family, random):
    names = NAMES[family]
    weights = {}

    def add(name, *shape, scale=0.3, offset=0.0):
        weights[name] = (random.standard_normal(shape) * scale + offset).astype(np.float16)

    def linear(name, n, k):
        add(name + ".weight", n, k, scale=1.0 / math.sqrt(k))
        add(name + ".bias", n, scale=0.1)

    def norm(name):
        add(name + ".weight", DIM, scale=0.1, offset=1.0)
        add(name + ".bias", DIM, scale=0.1)

    prefix = names["prefix"]
    add(prefix + "embeddings.word_embeddings.weight", VOCAB, DIM)
    add(prefix + "embeddings.position_embeddings.weight", POSITIONS, DIM)
    if family != "distilbert":
        types = CONFIGS[family]["type_vocab_size"]
        add(prefix + "embeddings.token_type_embeddings.weight", types, DIM)
    norm(prefix + "embeddings.LayerNorm")
    for i in range(LAYERS):
        at = prefix + names["layer"].format(i)
        for part in "qkvo":
            linear(at + names[part], DIM, DIM)
        norm(at + names["norm1"])
        linear(at + names["up"], FFN, DIM)
        linear(at + names["down"], DIM, FFN)
        norm(at + names["norm2"])
    linear(names["dense"], DIM, DIM)
    linear(names["out"], LABELS, DIM)
    return weights


def write_safetensors(path, weights):
    header, data = {}, b""
    for name, tensor in weights.items():
        raw = tensor.tobytes()
        header[name] = {
            "dtype": "F16",
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def forward(family, weights, ids, separator):
    names = NAMES[family]
    w = {name: tensor.astype(np.float64) for name, tensor in weights.items()}
    prefix = names["prefix"]

    def linear(x, name):
        return x @ w[name + ".weight"].T + w[name + ".bias"]

    def norm(x, name):
        mean = x.mean(-1, keepdims=True)
        variance = ((x - mean) ** 2).mean(-1, keepdims=True)
        return (x - mean) / np.sqrt(variance + names["eps"]) * w[name + ".weight"] + w[name + ".bias"]

    erf = np.vectorize(math.erf)
    first = CONFIGS[family]["pad_token_id"] + 1 if family == "roberta" else 0
    x = w[prefix + "embeddings.word_embeddings.weight"][ids]
    x = x + w[prefix + "embeddings.position_embeddings.weight"][first : first + len(ids)]
    if family != "distilbert":
        table = w[prefix + "embeddings.token_type_embeddings.weight"]
        types = np.zeros(len(ids), int)
        if len(table) > 1 and separator in ids:
            types[ids.index(separator) + 1 :] = 1
        x = x + table[types]
    x = norm(x, prefix + "embeddings.LayerNorm")
    for i in range(LAYERS):
        at = prefix + names["layer"].format(i)
        q, k, v = (linear(x, at + names[part]).reshape(len(ids), HEADS, -1).transpose(1, 0, 2) for part in "qkv")
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(DIM // HEADS)
        p = np.exp(scores - scores.max(-1, keepdims=True))
        attended = (p / p.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(len(ids), DIM)
        x = norm(x + linear(attended, at + names["o"]), at + names["norm1"])
        h = linear(x, at + names["up"])
        h = 0.5 * h * (1 + erf(h / math.sqrt(2)))
        x = norm(x + linear(h, at + names["down"]), at + names["norm2"])
    hidden = linear(x[0], names["dense"])
    hidden = np.maximum(hidden, 0) if family == "distilbert" else np.tanh(hidden)
    mean = x.mean(0)
    return {
        "ids": ids,
        "mean": (mean / np.linalg.norm(mean)).tolist(),
        "first": (x[0] / np.linalg.norm(x[0])).tolist(),
        "logits": linear(hidden, names["out"]).tolist(),
    }


def write_vocabulary(folder):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ".", ",", "!"]
    words += "the a film was good bad it made me laugh cry and not very plot ##s ##ed ##ing".split()
    words += [f"word{i}" for i in range(VOCAB - len(words))]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/data/encoders")
    random = np.random.default_rng(20)
    separator = 3
    goldens = {}
    for family in ("bert", "distilbert", "roberta"):
        folder = root / family
        folder.mkdir(parents=True, exist_ok=True)
        config = {"model_type": family, **CONFIGS[family]}
        config["id2label"] = {"0": "bad", "1": "good", "2": "unsure"}
        (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
        weights = make_weights(family, random)
        write_safetensors(folder / "model.safetensors", weights)
        write_vocabulary(folder)
        texts = []
        for length in (1, 2, 7, 17, 24):
            ids = [int(i) for i in random.integers(5, VOCAB, length)]
            texts.append(ids)
        pair = [2, 8, 9, 10, separator, 11, 12, 13, separator]
        goldens[family] = [forward(family, weights, ids, separator) for ids in [*texts, pair]]
    (root / "goldens.json").write_text(json.dumps(goldens) + "\n")


if __name__ == "__main__":
    main()
