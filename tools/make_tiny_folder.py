#!/usr/bin/env python3
"""Writes a tiny random decoder-only model as a Hugging Face folder, for tests.

The same options give the same bytes on every machine: the standard library alone. The folder has
config.json and the weights, in model.safetensors or in two shards; no tokeniser. What the weights are
called and how they are stored is each family's own: GPT-2's matrices are [in, out], Gemma's norms are
gains minus one.

    python3 tools/make_tiny_folder.py -o FOLDER --family qwen2
    python3 tools/make_tiny_folder.py -o FOLDER --family gemma3 --type bf16 --shards
"""

import argparse
import json
import math
import os
import struct

from make_tiny_model import WeightSource, encode_floats

# Every dimension differs from the others, so that no two can be exchanged unnoticed.
LAYERS, DIM, HEADS, KV_HEADS, HEAD_DIM, FFN, VOCAB, CONTEXT = 3, 96, 6, 2, 32, 160, 144, 256
WINDOW, PATTERN = 24, 3  # of gemma3: its last layer sees everything
FAMILIES = ("llama", "llama3", "mistral", "qwen2", "qwen3", "gemma3", "gpt2")
DTYPES = {"f32": "F32", "f16": "F16", "bf16": "BF16"}


def llama_like_config(family):
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "hidden_size": DIM,
        "intermediate_size": FFN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "head_dim": HEAD_DIM,
        "max_position_embeddings": CONTEXT,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "vocab_size": VOCAB,
        "tie_word_embeddings": False,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    if family == "llama3":
        config["rope_theta"] = 500000.0
        config["rope_scaling"] = {
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64,
        }
    if family == "mistral":
        config["model_type"] = "mistral"
        config["sliding_window"] = None
    if family == "qwen2":
        # The family has no head_dim of its own.
        del config["head_dim"]
        config.update(model_type="qwen2", num_attention_heads=3, num_key_value_heads=1)
        config.update(rope_theta=1000000.0, rms_norm_eps=1e-6, tie_word_embeddings=True)
        config.update(sliding_window=128, use_sliding_window=False, max_window_layers=LAYERS)
    if family == "qwen3":
        config.update(model_type="qwen3", rope_theta=1000000.0, rms_norm_eps=1e-6)
    if family == "gemma3":
        del config["hidden_act"], config["tie_word_embeddings"]
        config.update(model_type="gemma3_text", hidden_activation="gelu_pytorch_tanh")
        # A width whose square root is exact in every type: engines round it differently.
        config.update(hidden_size=64, num_attention_heads=4, num_key_value_heads=1)
        config.update(rope_theta=1000000.0, rope_local_base_freq=10000.0, rms_norm_eps=1e-6)
        config.update(sliding_window=WINDOW, sliding_window_pattern=PATTERN)
        config.update(query_pre_attn_scalar=24)
    return config


def gpt2_config():
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "activation_function": "gelu_new",
        "n_ctx": CONTEXT,
        "n_positions": CONTEXT,
        "n_embd": DIM,
        "n_head": HEADS // 2,
        "n_layer": LAYERS,
        "layer_norm_epsilon": 1e-5,
        "vocab_size": VOCAB,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }


class TensorList:
    """[(name, shape, bytes)] of random weights, each of a wanted deviation."""

    def __init__(self, type_name, seed):
        self.type_name = type_name
        self.source = WeightSource(seed)
        self.items = []

    def add(self, name, shape, deviation, mean=0.0):
        count = math.prod(shape)
        values = [mean + value for value in self.source.uniform(count, deviation)]
        self.items.append((name, shape, encode_floats(self.type_name, values)))


def llama_like_tensors(family, config, tensors):
    dim, ffn = config["hidden_size"], config["intermediate_size"]
    head_dim = config.get("head_dim", dim // config["num_attention_heads"])
    q_dim = config["num_attention_heads"] * head_dim
    kv_dim = config["num_key_value_heads"] * head_dim
    keep = 1.0 / math.sqrt(dim)
    gemma = family == "gemma3"
    norm_mean = 0.0 if gemma else 1.0

    def norm(name, length):
        tensors.add(name, [length], 0.2, norm_mean)

    # As in make_tiny_model.py: logits of a deviation of about 3, and layers that outweigh the
    # embedding, which Gemma multiplies by sqrt(dim).
    tensors.add("model.embed_tokens.weight", [VOCAB, dim], 2.8 * keep)
    for layer in range(LAYERS):
        prefix = "model.layers.%d." % layer
        norm(prefix + "input_layernorm.weight", dim)
        for part, rows in (("q", q_dim), ("k", kv_dim), ("v", kv_dim)):
            tensors.add(prefix + "self_attn.%s_proj.weight" % part, [rows, dim], 1.5 * keep)
            if family == "qwen2":
                tensors.add(prefix + "self_attn.%s_proj.bias" % part, [rows], 0.5)
        if family in ("qwen3", "gemma3"):
            norm(prefix + "self_attn.q_norm.weight", head_dim)
            norm(prefix + "self_attn.k_norm.weight", head_dim)
        tensors.add(prefix + "self_attn.o_proj.weight", [dim, q_dim], 3.0 / math.sqrt(q_dim))
        norm(prefix + "post_attention_layernorm.weight", dim)
        if gemma:
            norm(prefix + "pre_feedforward_layernorm.weight", dim)
            norm(prefix + "post_feedforward_layernorm.weight", dim)
        tensors.add(prefix + "mlp.gate_proj.weight", [ffn, dim], keep)
        tensors.add(prefix + "mlp.up_proj.weight", [ffn, dim], keep)
        tensors.add(prefix + "mlp.down_proj.weight", [dim, ffn], 3.0 / math.sqrt(ffn))
    norm("model.norm.weight", dim)
    if not config.get("tie_word_embeddings", True):
        tensors.add("lm_head.weight", [VOCAB, dim], 2.8 * keep)


def gpt2_tensors(config, tensors):
    dim = config["n_embd"]
    keep = 1.0 / math.sqrt(dim)

    def norm(name):
        tensors.add(name + ".weight", [dim], 0.2, 1.0)
        tensors.add(name + ".bias", [dim], 0.1)

    def conv(name, inputs, outputs, deviation):
        tensors.add(name + ".weight", [inputs, outputs], deviation)
        tensors.add(name + ".bias", [outputs], 0.3)

    tensors.add("wte.weight", [VOCAB, dim], 2.8 * keep)
    tensors.add("wpe.weight", [CONTEXT, dim], keep)
    for layer in range(LAYERS):
        prefix = "h.%d." % layer
        norm(prefix + "ln_1")
        conv(prefix + "attn.c_attn", dim, 3 * dim, 1.2 * keep)
        conv(prefix + "attn.c_proj", dim, dim, 3.0 * keep)
        norm(prefix + "ln_2")
        conv(prefix + "mlp.c_fc", dim, 4 * dim, keep)
        conv(prefix + "mlp.c_proj", 4 * dim, dim, 1.5 * keep)
    norm("ln_f")


def encode_safetensors(dtype, items):
    header = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, shape, data in items:
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(data for _, _, data in items)


def write(folder, name, content):
    with open(os.path.join(folder, name), "wb") as file:
        file.write(content)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", required=True, help="the folder, made where it is missing")
    parser.add_argument("--family", choices=FAMILIES, default="llama")
    parser.add_argument("--type", choices=DTYPES, default="f32")
    parser.add_argument("--shards", action="store_true", help="two files and an index")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()

    config = gpt2_config() if args.family == "gpt2" else llama_like_config(args.family)
    tensors = TensorList(args.type, args.seed)
    if args.family == "gpt2":
        gpt2_tensors(config, tensors)
    else:
        llama_like_tensors(args.family, config, tensors)

    os.makedirs(args.output, exist_ok=True)
    write(args.output, "config.json", json.dumps(config, indent=2).encode())
    dtype = DTYPES[args.type]
    if not args.shards:
        write(args.output, "model.safetensors", encode_safetensors(dtype, tensors.items))
        return
    half = len(tensors.items) // 2
    weight_map = {}
    for number, items in ((1, tensors.items[:half]), (2, tensors.items[half:])):
        name = "model-%05d-of-00002.safetensors" % number
        write(args.output, name, encode_safetensors(dtype, items))
        weight_map.update((tensor, name) for tensor, _, _ in items)
    index = {"metadata": {}, "weight_map": weight_map}
    write(args.output, "model.safetensors.index.json", json.dumps(index).encode())


if __name__ == "__main__":
    main()
