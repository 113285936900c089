#!/usr/bin/env python3
"""Writes tests/data/encoder_decoders: tiny random encoder-decoders and what they compute.

One folder per family as Hugging Face lays it out, with random weights in F16 under the names of
`transformers` (opus: Marian's ordinary decoder; student: its SSRU decoder; t5: version 1.0; flan: version 1.1)
and a small Unigram tokeniser; and goldens.json with the logits behind every target token of a few pairs of
sequences, computed here in double precision from the published definitions.

    tools/make_encoder_decoder_goldens.py [FOLDER]
    tools/make_encoder_decoder_goldens.py --compare [FOLDER]    the same logits by `transformers`, from the
                                                                same files, and how far they are apart

Needs numpy; --compare needs torch and transformers too, which know no SSRU.
"""

import json
import math
import pathlib
import struct
import sys

import numpy as np

DIM, FFN, LAYERS, HEADS, HEAD_DIM, VOCAB = 32, 48, 2, 2, 16, 64
T5_HEADS = 3  # so that heads are wider than the model
BUCKETS, DISTANCE = 8, 20
FAMILIES = ("opus", "student", "t5", "flan")
PAIRS = ((2, 1), (9, 5), (41, 19))  # tokens of source and target

MARIAN = {
    "model_type": "marian", "architectures": ["MarianMTModel"], "d_model": DIM, "vocab_size": VOCAB,
    "encoder_layers": LAYERS, "decoder_layers": LAYERS, "encoder_attention_heads": HEADS,
    "decoder_attention_heads": HEADS, "encoder_ffn_dim": FFN, "decoder_ffn_dim": FFN, "scale_embedding": True,
    "static_position_embeddings": True, "eos_token_id": 0, "tie_word_embeddings": True,
}
T5 = {
    "model_type": "t5", "architectures": ["T5ForConditionalGeneration"], "d_model": DIM, "d_ff": FFN,
    "d_kv": HEAD_DIM, "num_heads": T5_HEADS, "num_layers": LAYERS, "num_decoder_layers": LAYERS,
    "vocab_size": VOCAB, "n_positions": 128, "relative_attention_num_buckets": BUCKETS,
    "relative_attention_max_distance": DISTANCE, "layer_norm_epsilon": 1e-6, "pad_token_id": 0,
    "eos_token_id": 1, "decoder_start_token_id": 0,
}
CONFIGS = {
    "opus": {**MARIAN, "activation_function": "swish", "pad_token_id": VOCAB - 1,
             "decoder_start_token_id": VOCAB - 1, "max_position_embeddings": 96},
    "student": {**MARIAN, "activation_function": "relu", "decoder_autoregression": "ssru",
                "decoder_start": "zero-embedding", "layer_norm_eps": 1e-6, "max_length_factor": 2.5},
    "t5": {**T5, "feed_forward_proj": "relu", "tie_word_embeddings": True},
    "flan": {**T5, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False},
}


def make_marian(family, random):
    weights = {}

    def add(name, *shape, scale, offset=0.0):
        weights[name] = (random.standard_normal(shape) * scale + offset).astype(np.float16)

    def linear(name, n, k, bias=True):
        add(name + ".weight", n, k, scale=1.0 / math.sqrt(k))
        if bias:
            add(name + ".bias", n, scale=0.1)

    def norm(name):
        add(name + ".weight", DIM, scale=0.1, offset=1.0)
        add(name + ".bias", DIM, scale=0.1)

    def attention(name):
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            linear(f"{name}.{part}", DIM, DIM)
        norm(name + "_layer_norm")

    add("model.shared.weight", VOCAB, DIM, scale=0.3)
    if family == "opus":
        weights["model.shared.weight"][VOCAB - 1] = 0  # of padding, as in all that was converted
    add("final_logits_bias", 1, VOCAB, scale=0.3)
    for side in ("encoder", "decoder"):
        for i in range(LAYERS):
            at = f"model.{side}.layers.{i}."
            if side == "decoder" and family == "student":
                linear(at + "rnn", DIM, DIM, bias=False)
                linear(at + "rnn.forget", DIM, DIM)
                norm(at + "rnn_layer_norm")
            else:
                attention(at + "self_attn")
            if side == "decoder":
                attention(at + "encoder_attn")
            linear(at + "fc1", FFN, DIM)
            linear(at + "fc2", DIM, FFN)
            norm(at + "final_layer_norm")
    return weights


def make_t5(family, random):
    weights = {}

    def add(name, *shape, scale, offset=0.0):
        weights[name + ".weight"] = (random.standard_normal(shape) * scale + offset).astype(np.float16)

    add("shared", VOCAB, DIM, scale=1.0)
    if family == "flan":
        add("lm_head", VOCAB, DIM, scale=0.5)
    width = T5_HEADS * HEAD_DIM
    for side in ("encoder", "decoder"):
        add(f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias", BUCKETS, T5_HEADS, scale=1.0)
        for i in range(LAYERS):
            parts = ["SelfAttention", "EncDecAttention"] if side == "decoder" else ["SelfAttention"]
            for j, part in enumerate(parts):
                at = f"{side}.block.{i}.layer.{j}."
                add(at + "layer_norm", DIM, scale=0.1, offset=1.0)
                for name in "qkv":
                    add(f"{at}{part}.{name}", width, DIM, scale=0.35 / math.sqrt(DIM) * 2)
                add(f"{at}{part}.o", DIM, width, scale=1.0 / math.sqrt(width))
            at = f"{side}.block.{i}.layer.{len(parts)}."
            add(at + "layer_norm", DIM, scale=0.1, offset=1.0)
            for name in ("wi_0", "wi_1") if family == "flan" else ("wi",):
                add(f"{at}DenseReluDense.{name}", FFN, DIM, scale=1.0 / math.sqrt(DIM))
            add(f"{at}DenseReluDense.wo", DIM, FFN, scale=1.0 / math.sqrt(FFN))
        add(f"{side}.final_layer_norm", DIM, scale=0.1, offset=1.0)
    return weights


def softmax(scores):
    p = np.exp(scores - scores.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def attend(q, k, v, heads, scale, bias=None):
    """[T, H d] queries over [S, H d] keys and values; bias [H, T, S]."""
    q, k, v = (x.reshape(len(x), heads, -1).transpose(1, 0, 2) for x in (q, k, v))
    scores = q @ k.transpose(0, 2, 1) * scale
    if bias is not None:
        scores = scores + bias
    return (softmax(scores) @ v).transpose(1, 0, 2).reshape(q.shape[1], -1)


def causal(length):
    return np.where(np.arange(length)[None, :] > np.arange(length)[:, None], -np.inf, 0.0)[None]


def marian_logits(family, w, source, target):
    config = CONFIGS[family]
    eps = config.get("layer_norm_eps", 1e-5)
    marian_waves = family == "student"

    def linear(x, name):
        return x @ w[name + ".weight"].T + w.get(name + ".bias", 0.0)

    def norm(x, name):
        mean = x.mean(-1, keepdims=True)
        variance = ((x - mean) ** 2).mean(-1, keepdims=True)
        return (x - mean) / np.sqrt(variance + eps) * w[name + ".weight"] + w[name + ".bias"]

    def positions(length):
        n = DIM // 2
        angle = np.arange(length)[:, None] / 10000.0 ** (np.arange(n) / (n - 1 if marian_waves else n))
        return np.concatenate([np.sin(angle), np.cos(angle)], axis=1)

    def attention(x, memory, name, bias=None):
        q, k, v = linear(x, name + ".q_proj"), linear(memory, name + ".k_proj"), linear(memory, name + ".v_proj")
        attended = attend(q, k, v, HEADS, 1 / math.sqrt(HEAD_DIM), bias)
        return norm(x + linear(attended, name + ".out_proj"), name + "_layer_norm")

    def feed_forward(x, at):
        h = linear(x, at + "fc1")
        h = np.maximum(h, 0) if config["activation_function"] == "relu" else h / (1 + np.exp(-h))
        return norm(x + linear(h, at + "fc2"), at + "final_layer_norm")

    embedding = w["model.shared.weight"]
    x = embedding[source] * math.sqrt(DIM) + positions(len(source))
    for i in range(LAYERS):
        at = f"model.encoder.layers.{i}."
        x = feed_forward(attention(x, x, at + "self_attn"), at)
    memory = x
    first = np.zeros((1, DIM)) if family == "student" else embedding[[config["decoder_start_token_id"]]]
    x = np.concatenate([first, embedding[target[:-1]]]) * math.sqrt(DIM) + positions(len(target))
    for i in range(LAYERS):
        at = f"model.decoder.layers.{i}."
        if family == "student":
            forget = 1 / (1 + np.exp(-linear(x, at + "rnn.forget")))
            added = linear(x, at + "rnn")
            cell, cells = np.zeros(DIM), []
            for step in range(len(target)):
                cell = forget[step] * cell + (1 - forget[step]) * added[step]
                cells.append(cell)
            x = norm(x + np.maximum(np.array(cells), 0), at + "rnn_layer_norm")
        else:
            x = attention(x, x, at + "self_attn", causal(len(target)))
        x = feed_forward(attention(x, memory, at + "encoder_attn"), at)
    return x @ embedding.T + w["final_logits_bias"]


def t5_bias(table, length, bidirectional):
    def bucket(distance):  # of the key behind the query
        count, first = BUCKETS, 0
        if bidirectional:
            count //= 2
            first = count if distance > 0 else 0
        else:
            distance = min(distance, 0)
        distance = abs(distance)
        exact = count // 2
        if distance < exact:
            return first + distance
        share = math.log(distance / exact) / math.log(DISTANCE / exact)
        return first + min(exact + int(share * (count - exact)), count - 1)

    buckets = [[bucket(k - q) for k in range(length)] for q in range(length)]
    return table[np.array(buckets)].transpose(2, 0, 1)


def t5_logits(family, w, source, target):
    def linear(x, name):
        return x @ w[name + ".weight"].T

    def norm(x, name):
        return x / np.sqrt((x ** 2).mean(-1, keepdims=True) + 1e-6) * w[name + ".weight"]

    def gelu(x):
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))

    def attention(x, memory, at, part, bias):
        h = norm(x, at + "layer_norm")
        keys = h if memory is None else memory
        q, k, v = linear(h, f"{at}{part}.q"), linear(keys, f"{at}{part}.k"), linear(keys, f"{at}{part}.v")
        return x + linear(attend(q, k, v, T5_HEADS, 1.0, bias), f"{at}{part}.o")

    def feed_forward(x, at):
        h = norm(x, at + "layer_norm")
        dense = at + "DenseReluDense."
        if family == "flan":
            h = gelu(linear(h, dense + "wi_0")) * linear(h, dense + "wi_1")
        else:
            h = np.maximum(linear(h, dense + "wi"), 0)
        return x + linear(h, dense + "wo")

    def bias(side, length, bidirectional):
        table = w[f"{side}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"]
        return t5_bias(table, length, bidirectional)

    x = w["shared.weight"][source]
    source_bias = bias("encoder", len(source), True)
    for i in range(LAYERS):
        at = f"encoder.block.{i}.layer."
        x = feed_forward(attention(x, None, at + "0.", "SelfAttention", source_bias), at + "1.")
    memory = norm(x, "encoder.final_layer_norm")
    x = w["shared.weight"][[CONFIGS[family]["decoder_start_token_id"], *target[:-1]]]
    target_bias = bias("decoder", len(target), False) + causal(len(target))
    for i in range(LAYERS):
        at = f"decoder.block.{i}.layer."
        x = attention(x, None, at + "0.", "SelfAttention", target_bias)
        x = feed_forward(attention(x, memory, at + "1.", "EncDecAttention", None), at + "2.")
    x = norm(x, "decoder.final_layer_norm")
    if family == "flan":
        return linear(x, "lm_head")
    return x / math.sqrt(DIM) @ w["shared.weight"].T


def write_safetensors(path, weights):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, tensor in weights.items():
        raw = tensor.tobytes()
        header[name] = {"dtype": "F16", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def tokenizer(family):
    """Letters and a few words; control tokens where the family has them."""
    control = {"opus": ["</s>", "<unk>"], "student": ["</s>", "<unk>"]}.get(family, ["<pad>", "</s>", "<unk>"])
    pieces = [[text, 0.0] for text in control]
    pieces += [[text, -2.0 - i / 8] for i, text in enumerate("\u2581the \u2581a \u2581cat \u2581dog s ing . , !".split())]
    pieces += [["\u2581", -5.0]] + [[letter, -7.0] for letter in "abcdefghijklmnopqrstuvwxyz"]
    pieces += [[f"\u2581w{i}", -9.0] for i in range(VOCAB - 1 - len(pieces))]
    pieces += [["<pad>" if family == "opus" else "\u2581end", 0.0 if family == "opus" else -9.0]]
    special = [i for i, (text, _) in enumerate(pieces) if text in ("</s>", "<unk>", "<pad>")]
    space = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True}
    return {
        "version": "1.0",
        "added_tokens": [{"id": i, "content": pieces[i][0], "single_word": False, "lstrip": False, "rstrip": False,
                          "normalized": False, "special": True} for i in special],
        "normalizer": None, "pre_tokenizer": space, "post_processor": None, "decoder": space,
        "model": {"type": "Unigram", "unk_id": [text for text, _ in pieces].index("<unk>"), "byte_fallback": False,
                  "vocab": pieces},
    }


def compare(root):
    """Prints how far `transformers` is from the goldens."""
    import torch
    import transformers

    goldens = json.loads((root / "goldens.json").read_text())
    for family in FAMILIES:
        if family == "student":
            continue
        kind = transformers.MarianMTModel if family == "opus" else transformers.T5ForConditionalGeneration
        model = kind.from_pretrained(root / family, dtype=torch.float32).eval()
        start = CONFIGS[family]["decoder_start_token_id"]
        for golden in goldens[family]:
            with torch.no_grad():
                logits = model(input_ids=torch.tensor([golden["source"]]),
                               decoder_input_ids=torch.tensor([[start, *golden["target"][:-1]]])).logits[0].numpy()
            print(f"{family}: source {len(golden['source'])}, target {len(golden['target'])}: greatest difference "
                  f"{np.abs(logits - np.array(golden['logits'])).max():.2e}, of logits up to {np.abs(logits).max():.1f}")


def main():
    arguments = [a for a in sys.argv[1:] if a != "--compare"]
    root = pathlib.Path(arguments[0] if arguments else "tests/data/encoder_decoders")
    if "--compare" in sys.argv:
        compare(root)
        return
    random = np.random.default_rng(31)
    goldens = {}
    for family in FAMILIES:
        is_t5 = family in ("t5", "flan")
        weights = (make_t5 if is_t5 else make_marian)(family, random)
        folder = root / family
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(CONFIGS[family], indent=1) + "\n")
        (folder / "tokenizer.json").write_text(json.dumps(tokenizer(family), ensure_ascii=False) + "\n", encoding="utf-8")
        write_safetensors(folder / "model.safetensors", weights)
        w = {name: tensor.astype(np.float64) for name, tensor in weights.items()}
        end = CONFIGS[family]["eos_token_id"]
        goldens[family] = []
        for source_length, target_length in PAIRS:
            source = [*(int(i) for i in random.integers(3, VOCAB - 1, source_length - 1)), end]
            target = [*(int(i) for i in random.integers(3, VOCAB - 1, target_length - 1)), end]
            logits = (t5_logits if is_t5 else marian_logits)(family, w, source, target)
            goldens[family].append({"source": source, "target": target,
                                    "logits": [[round(float(x), 6) for x in row] for row in logits]})
    (root / "goldens.json").write_text(json.dumps(goldens, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
