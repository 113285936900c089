#!/usr/bin/env python3
"""Turns a Marian model (binary v1) and its SentencePiece vocabulary into a folder that Rowmill loads.

    tools/convert/marian.py model.bin vocab.spm -o FOLDER

The folder gets model.safetensors, config.json and tokenizer.json, the first two with the names of Hugging
Face's MarianMTModel wherever it has one: weights as [out, in], which is the transpose of Marian's. What it
has no name for is the SSRU of student models (decoder_autoregression "ssru", Kim et al. 2019), whose weights
become decoder.layers.N.rnn.*. intgemm8 weights become F32: code / multiplier, exactly rounded.

Nothing in the files is executed; sizes are checked before they are believed. Needs no package.
"""

import argparse
import array
import json
import math
import os
import re
import sys

import safetensors_file
import sentencepiece_model
from byte_reader import ByteReader, Damaged

FLOAT32, INT8, INTGEMM8 = 0x404, 0x101, 0x4101
MAX_ITEMS = 1 << 16
SETTINGS = "special:model.yml"

# Marian's names and those of MarianMTModel; {} is the layer, from 1 there and from 0 here.
ATTENTION = {"Wq": "q_proj.weight", "bq": "q_proj.bias", "Wk": "k_proj.weight", "bk": "k_proj.bias",
             "Wv": "v_proj.weight", "bv": "v_proj.bias", "Wo": "out_proj.weight", "bo": "out_proj.bias"}
NORM = {"ln_scale": "weight", "ln_bias": "bias"}
FEED_FORWARD = {"W1": "fc1.weight", "b1": "fc1.bias", "W2": "fc2.weight", "b2": "fc2.bias",
                "ffn_ln_scale": "final_layer_norm.weight", "ffn_ln_bias": "final_layer_norm.bias"}
RNN = {"W": "rnn.weight", "Wf": "rnn.forget.weight", "bf": "rnn.forget.bias",
       "ffn_ln_scale": "rnn_layer_norm.weight", "ffn_ln_bias": "rnn_layer_norm.bias"}


class Item:
    def __init__(self, name, kind, shape, data):
        self.name, self.kind, self.shape, self.data = name, kind, shape, data


def read_items(data, name):
    """The items of a binary model file by name. Raises Damaged."""
    reader = ByteReader(data, name)
    version = reader.number("Q", "the version")
    if version != 1:
        reader.fail(f"version {version}, known is 1: not a Marian binary model (.npz files are not supported)")
    count = reader.number("Q", "the number of items")
    if count > MAX_ITEMS:
        reader.fail(f"{count} items")
    headers = [reader.numbers("Q", 4, "an item's header") for _ in range(count)]
    names = [bytes(reader.take(header[0], "an item's name")).rstrip(b"\0").decode("utf-8", errors="replace")
             for header in headers]
    shapes = [reader.numbers("i", header[2], "an item's shape") for header in headers]
    reader.take(reader.number("Q", "the padding"), "the padding")
    items = {}
    for header, item_name, shape in zip(headers, names, shapes):
        if item_name in items:
            reader.fail(f"'{item_name}' comes twice")
        if any(size < 0 for size in shape):
            reader.fail(f"'{item_name}' has the shape {list(shape)}")
        items[item_name] = Item(item_name, header[1], shape, reader.take(header[3], f"'{item_name}'"))
    return items


def read_settings(items, name):
    """The flat part of special:model.yml: `key: value` lines, values as text."""
    if SETTINGS not in items:
        raise Damaged(f"{name}: no '{SETTINGS}': not a Marian model")
    text = bytes(items[SETTINGS].data).rstrip(b"\0").decode("utf-8", errors="replace")
    found = re.findall(r"^([A-Za-z0-9-]+):[ ]*(.*?)[ ]*$", text, re.MULTILINE)
    return {key: value.strip("\"'") for key, value in found}


class Converter:
    def __init__(self, items, name):
        self.items, self.name, self.used, self.tensors = items, name, {SETTINGS}, {}

    def values(self, item_name, is_transposed_in_file):
        """(rows, columns, values in row-major order) of a matrix."""
        item = self.items.get(item_name)
        if item is None:
            raise Damaged(f"{self.name}: there is no '{item_name}'")
        self.used.add(item_name)
        if len(item.shape) != 2:
            raise Damaged(f"{self.name}: '{item_name}' has {len(item.shape)} dimensions, expected 2")
        rows, columns = item.shape
        count = math.prod(item.shape)
        reader = ByteReader(item.data, f"{self.name}: '{item_name}'")
        if item.kind == FLOAT32:
            values = array.array("f", reader.numbers("f", count, "the values"))
            return rows, columns, values
        if item.kind != INTGEMM8:
            raise Damaged(f"{self.name}: '{item_name}' has the type {item.kind:#x}; known are float32 and intgemm8")
        codes = reader.numbers("b", count, "the codes")
        multiplier = reader.number("f", "the multiplier")
        if not 0 < multiplier < math.inf:
            raise Damaged(f"{self.name}: '{item_name}' has the multiplier {multiplier}")
        table = array.array("f", (code / multiplier for code in range(-128, 128)))
        values = array.array("f", (table[code + 128] for code in codes))
        if is_transposed_in_file:
            values = transpose(values, columns, rows)
        return rows, columns, values

    def matrix(self, item_name, target):
        rows, columns, values = self.values(item_name, True)
        self.tensors[target] = safetensors_file.Tensor("F32", (columns, rows), transpose(values, rows, columns))

    def vector(self, item_name, target):
        rows, columns, values = self.values(item_name, False)
        if rows != 1:
            raise Damaged(f"{self.name}: '{item_name}' has {rows} rows, expected one")
        self.tensors[target] = safetensors_file.Tensor("F32", (columns,), values)

    def block(self, prefix, target, names):
        for item_name, name in names.items():
            take = self.matrix if item_name.startswith("W") else self.vector
            take(prefix + item_name, target + name)

    def attention(self, prefix, target, attention_name):
        self.block(prefix, f"{target}{attention_name}.", ATTENTION)
        self.block(f"{prefix}Wo_", f"{target}{attention_name}_layer_norm.", {
            key: value for key, value in NORM.items()})


def transpose(values, rows, columns):
    """Row-major [rows, columns] to row-major [columns, rows]."""
    out = array.array(values.typecode, bytes(len(values) * values.itemsize))
    for row in range(rows):
        out[row::rows] = values[row * columns:(row + 1) * columns]
    return out


def refuse(settings, key, wanted, name):
    value = settings.get(key, wanted[0])
    if value not in wanted:
        raise Damaged(f"{name}: {key} is '{value}', supported: {', '.join(wanted)}")
    return value


def convert(items, name):
    """(tensors, config) of a transformer model. Raises Damaged, also for what is not supported."""
    settings = read_settings(items, name)
    refuse(settings, "type", ["transformer"], name)
    refuse(settings, "tied-embeddings-all", ["true"], name)
    refuse(settings, "transformer-preprocess", [""], name)
    refuse(settings, "transformer-postprocess", ["dan", "da"], name)
    refuse(settings, "transformer-ffn-depth", ["2"], name)
    refuse(settings, "transformer-train-position-embeddings", ["false"], name)
    activation = refuse(settings, "transformer-ffn-activation", ["relu", "swish"], name)
    autoregression = refuse(settings, "transformer-decoder-autoreg", ["self-attention", "rnn"], name)
    if autoregression == "rnn":
        refuse(settings, "dec-cell", ["ssru"], name)
    try:
        encoder_layers, decoder_layers, heads = (
            int(settings[key]) for key in ("enc-depth", "dec-depth", "transformer-heads"))
    except (KeyError, ValueError) as error:
        raise Damaged(f"{name}: enc-depth, dec-depth and transformer-heads are not all numbers") from error

    converter = Converter(items, name)
    vocab, dim, embedding = converter.values("Wemb", False)
    converter.tensors["model.shared.weight"] = safetensors_file.Tensor("F32", (vocab, dim), embedding)
    rows, columns, bias = converter.values("decoder_ff_logit_out_b", False)
    converter.tensors["final_logits_bias"] = safetensors_file.Tensor("F32", (rows, columns), bias)
    for i in range(encoder_layers):
        source, target = f"encoder_l{i + 1}_", f"model.encoder.layers.{i}."
        converter.attention(source + "self_", target, "self_attn")
        converter.block(source + "ffn_", target, FEED_FORWARD)
    for i in range(decoder_layers):
        source, target = f"decoder_l{i + 1}_", f"model.decoder.layers.{i}."
        if autoregression == "rnn":
            converter.block(source + "rnn_", target, RNN)
        else:
            converter.attention(source + "self_", target, "self_attn")
        converter.attention(source + "context_", target, "encoder_attn")
        converter.block(source + "ffn_", target, FEED_FORWARD)
    left = [key for key in items if key not in converter.used and not key.endswith("_QuantMultA")]
    if left:
        raise Damaged(f"{name}: '{left[0]}' is a weight that the conversion does not know")
    if converter.tensors["final_logits_bias"].shape != (1, vocab) or dim % heads != 0:
        raise Damaged(f"{name}: shapes of the embedding, the output bias and the heads do not fit")
    config = {
        "architectures": ["MarianMTModel"], "model_type": "marian", "d_model": dim, "vocab_size": vocab,
        "encoder_layers": encoder_layers, "decoder_layers": decoder_layers,
        "encoder_attention_heads": heads, "decoder_attention_heads": heads,
        "encoder_ffn_dim": converter.tensors["model.encoder.layers.0.fc1.bias"].shape[0],
        "decoder_ffn_dim": converter.tensors["model.decoder.layers.0.fc1.bias"].shape[0],
        "activation_function": activation, "scale_embedding": True, "static_position_embeddings": True,
        "decoder_autoregression": "ssru" if autoregression == "rnn" else "self-attention",
        "decoder_start": "zero-embedding", "layer_norm_eps": 1e-6, "max_length_factor": 2.5,
        "eos_token_id": 0, "tie_word_embeddings": True,
    }
    return converter.tensors, config


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="the model file, for instance model.enpt.intgemm.alphas.bin")
    parser.add_argument("vocabulary", help="the SentencePiece file, for instance vocab.enpt.spm")
    parser.add_argument("-o", "--output", required=True, metavar="FOLDER")
    arguments = parser.parse_args()
    try:
        with open(arguments.model, "rb") as file:
            tensors, config = convert(read_items(file.read(), arguments.model), arguments.model)
        with open(arguments.vocabulary, "rb") as file:
            vocabulary = sentencepiece_model.read(file.read(), arguments.vocabulary)
        if len(vocabulary.pieces) != config["vocab_size"]:
            raise Damaged(f"{arguments.vocabulary}: {len(vocabulary.pieces)} pieces, but the model has "
                          f"{config['vocab_size']}")
        tokenizer = sentencepiece_model.to_tokenizer_json(vocabulary, arguments.vocabulary)
        os.makedirs(arguments.output, exist_ok=True)
        safetensors_file.write(os.path.join(arguments.output, "model.safetensors"), tensors, {"format": "pt"})
        for file_name, content in (("config.json", config), ("tokenizer.json", tokenizer)):
            with open(os.path.join(arguments.output, file_name), "w", encoding="utf-8") as file:
                json.dump(content, file, ensure_ascii=False, indent=None if file_name == "tokenizer.json" else 1)
                file.write("\n")
    except (OSError, Damaged) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.output}: {len(tensors)} tensors, vocabulary of {config['vocab_size']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
