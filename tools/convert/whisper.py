#!/usr/bin/env python3
"""Turns a Whisper model in CTranslate2's container into a folder that Rowmill loads.

    tools/convert/whisper.py MODEL_FOLDER -o FOLDER

MODEL_FOLDER holds model.bin (binary version 6, WhisperSpec revision 3), config.json and tokenizer.json, as
CTranslate2's own converter writes them. The folder gets model.safetensors and config.json with the names of
Hugging Face's WhisperForConditionalGeneration, generation_config.json with the tokens that are never written,
and tokenizer.json as it is. Query, key and value, which lie stacked in the container, are taken apart; the
biases of keys have to be zero, since Whisper has none. F16 stays F16, F32 stays F32.

Nothing in the files is executed; sizes are checked before they are believed. Needs no package.
"""

import argparse
import array
import json
import math
import os
import shutil
import struct
import sys

import safetensors_file
from byte_reader import ByteReader, Damaged

VERSION, SPEC, REVISION = 6, "WhisperSpec", 3
MAX_VARIABLES = 1 << 16
# CTranslate2's numbers of types: safetensors' name and struct's code of what is kept as it is.
TYPES = {0: ("F32", "f"), 4: ("F16", "H")}
TYPE_SIZES = {0: 4, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2}

# Settings that Whisper has always the same: refused where they are others. Lengths of the value in bytes.
SETTINGS = {"decoder/activation": 3, "decoder/alibi": 0, "decoder/pre_norm": 1, "decoder/scale_embeddings": 0,
            "decoder/start_from_zero_embedding": 0}
IGNORED = {"decoder/alignment_heads", "decoder/alignment_layer"}


class Variable:
    def __init__(self, shape, kind, data):
        self.shape, self.kind, self.data = shape, kind, data


def read_text(reader, what):
    length = reader.number("H", f"the length of {what}")
    return bytes(reader.take(length, what)).rstrip(b"\0").decode("utf-8", errors="replace")


def read_variables(data, name):
    """The variables of a container by name, aliases included. Raises Damaged."""
    reader = ByteReader(data, name)
    version = reader.number("I", "the version")
    if version != VERSION:
        reader.fail(f"version {version}, known is {VERSION}: not a CTranslate2 model")
    spec, revision = read_text(reader, "the kind of model"), reader.number("I", "the revision")
    if (spec, revision) != (SPEC, REVISION):
        reader.fail(f"{spec} of revision {revision}, known is {SPEC} of revision {REVISION}")
    count = reader.number("I", "the number of variables")
    if count > MAX_VARIABLES:
        reader.fail(f"{count} variables")
    variables = {}
    for _ in range(count):
        variable = read_text(reader, "a variable's name")
        if variable in variables:
            reader.fail(f"'{variable}' comes twice")
        shape = reader.numbers("I", reader.number("B", "the rank"), f"the shape of '{variable}'")
        kind, size = reader.number("B", "a type"), reader.number("I", "a size")
        if kind not in TYPE_SIZES or size != math.prod(shape) * TYPE_SIZES[kind]:
            reader.fail(f"'{variable}' of type {kind} and shape {list(shape)} has {size} bytes")
        variables[variable] = Variable(shape, kind, reader.take(size, f"'{variable}'"))
    for _ in range(reader.number("I", "the number of aliases")):
        alias, target = read_text(reader, "an alias"), read_text(reader, "its target")
        if target not in variables or alias in variables:
            reader.fail(f"'{alias}' stands for '{target}'")
        variables[alias] = variables[target]
    if reader.left:
        reader.fail(f"{reader.left} bytes behind the end")
    return variables


class Converter:
    def __init__(self, variables, name):
        self.variables, self.name, self.used, self.tensors = variables, name, set(), {}

    def fail(self, what):
        raise Damaged(f"{self.name}: {what}")

    def find(self, key):
        if key not in self.variables:
            self.fail(f"there is no '{key}'")
        self.used.add(key)
        return self.variables[key]

    def integer(self, key):
        variable = self.find(key)
        if variable.shape or variable.kind not in (1, 2, 3):
            self.fail(f"'{key}' is not one integer")
        return struct.unpack("<" + {1: "b", 2: "h", 3: "i"}[variable.kind], variable.data)[0]

    def tensor(self, key, shape):
        """(type, values) of a variable whose shape has to be `shape`; None stands for any size."""
        variable = self.find(key)
        if variable.kind not in TYPES:
            self.fail(f"'{key}' has the type {variable.kind}; known are F32 (0) and F16 (4)")
        if len(shape) != len(variable.shape) or any(s not in (None, v) for s, v in zip(shape, variable.shape)):
            self.fail(f"'{key}' has the shape {list(variable.shape)}, expected {list(shape)}")
        dtype, code = TYPES[variable.kind]
        values = array.array(code, bytes(variable.data))
        if sys.byteorder == "big":
            values.byteswap()
        return dtype, values

    def put(self, key, target, shape):
        dtype, values = self.tensor(key, shape)
        self.tensors[target] = safetensors_file.Tensor(dtype, self.variables[key].shape, values)

    def norm(self, source, target, dim):
        self.put(f"{source}/gamma", f"{target}.weight", (dim,))
        self.put(f"{source}/beta", f"{target}.bias", (dim,))

    def linear(self, source, target, rows, columns):
        self.put(f"{source}/weight", f"{target}.weight", (rows, columns))
        self.put(f"{source}/bias", f"{target}.bias", (rows,))

    def stacked(self, source, target, names, dim):
        """[len(names) * dim, dim] and its bias, taken apart; the bias of k_proj is none."""
        rows = len(names) * dim
        dtype, weights = self.tensor(f"{source}/weight", (rows, dim))
        bias_type, biases = self.tensor(f"{source}/bias", (rows,))
        for i, name in enumerate(names):
            part = weights[i * dim * dim:(i + 1) * dim * dim]
            bias = biases[i * dim:(i + 1) * dim]
            self.tensors[f"{target}.{name}.weight"] = safetensors_file.Tensor(dtype, (dim, dim), part)
            if name != "k_proj":
                self.tensors[f"{target}.{name}.bias"] = safetensors_file.Tensor(bias_type, (dim,), bias)
            elif any(value not in (0, 0x8000) for value in bias):
                self.fail(f"'{source}/bias' has biases for keys, which Whisper has not")

    def self_attention(self, source, target, dim):
        self.norm(f"{source}/layer_norm", f"{target}_layer_norm", dim)
        self.stacked(f"{source}/linear_0", target, ("q_proj", "k_proj", "v_proj"), dim)
        self.linear(f"{source}/linear_1", f"{target}.out_proj", dim, dim)

    def cross_attention(self, source, target, dim):
        self.norm(f"{source}/layer_norm", f"{target}_layer_norm", dim)
        self.linear(f"{source}/linear_0", f"{target}.q_proj", dim, dim)
        self.stacked(f"{source}/linear_1", target, ("k_proj", "v_proj"), dim)
        self.linear(f"{source}/linear_2", f"{target}.out_proj", dim, dim)

    def feed_forward(self, source, target, dim):
        self.norm(f"{source}/layer_norm", f"{target}final_layer_norm", dim)
        self.linear(f"{source}/linear_0", f"{target}fc1", None, dim)
        wide = self.tensors[f"{target}fc1.bias"].shape[0]
        if self.tensors[f"{target}fc1.weight"].shape[0] != wide:
            self.fail(f"'{source}/linear_0' has another number of rows than biases")
        self.linear(f"{source}/linear_1", f"{target}fc2", dim, wide)

    def layers(self, side):
        count = 0
        while f"{side}/layer_{count}/ffn/layer_norm/beta" in self.variables:
            count += 1
        if count == 0:
            self.fail(f"the {side} has no layers")
        return count


def convert(variables, name):
    """(tensors, config). Raises Damaged, also for what is not supported."""
    converter = Converter(variables, name)
    for key, wanted in SETTINGS.items():
        if converter.integer(key) != wanted:
            converter.fail(f"'{key}' is {converter.integer(key)}, supported is {wanted}")
    shape = converter.find("decoder/embeddings/weight").shape
    if len(shape) != 2:
        converter.fail("'decoder/embeddings/weight' is not a matrix")
    vocab, dim = shape
    heads = {side: converter.integer(f"{side}/num_heads") for side in ("encoder", "decoder")}
    if any(count < 1 or dim % count for count in heads.values()):
        converter.fail(f"{heads} heads do not divide a width of {dim}")

    converter.put("encoder/conv1/weight", "model.encoder.conv1.weight", (dim, None, 3))
    converter.put("encoder/conv1/bias", "model.encoder.conv1.bias", (dim,))
    converter.put("encoder/conv2/weight", "model.encoder.conv2.weight", (dim, dim, 3))
    converter.put("encoder/conv2/bias", "model.encoder.conv2.bias", (dim,))
    converter.put("decoder/embeddings/weight", "model.decoder.embed_tokens.weight", (vocab, dim))
    counts = {}
    for side in ("encoder", "decoder"):
        converter.put(f"{side}/position_encodings/encodings", f"model.{side}.embed_positions.weight", (None, dim))
        converter.norm(f"{side}/layer_norm", f"model.{side}.layer_norm", dim)
        counts[side] = converter.layers(side)
        for i in range(counts[side]):
            source, target = f"{side}/layer_{i}/", f"model.{side}.layers.{i}."
            converter.self_attention(source + "self_attention", target + "self_attn", dim)
            if side == "decoder":
                converter.cross_attention(source + "attention", target + "encoder_attn", dim)
            converter.feed_forward(source + "ffn", target, dim)
    projection = variables.get("decoder/projection/weight")
    if projection is not variables["decoder/embeddings/weight"]:
        converter.fail("'decoder/projection/weight' is not the embedding, which is not supported")
    left = [key for key in variables
            if key not in converter.used | IGNORED and key != "decoder/projection/weight"]
    if left:
        converter.fail(f"'{left[0]}' is a weight that the conversion does not know")

    tensors = converter.tensors
    config = {
        "architectures": ["WhisperForConditionalGeneration"], "model_type": "whisper", "d_model": dim,
        "vocab_size": vocab, "num_mel_bins": tensors["model.encoder.conv1.weight"].shape[1],
        "encoder_layers": counts["encoder"], "decoder_layers": counts["decoder"],
        "encoder_attention_heads": heads["encoder"], "decoder_attention_heads": heads["decoder"],
        "encoder_ffn_dim": tensors["model.encoder.layers.0.fc1.bias"].shape[0],
        "decoder_ffn_dim": tensors["model.decoder.layers.0.fc1.bias"].shape[0],
        "max_source_positions": tensors["model.encoder.embed_positions.weight"].shape[0],
        "max_target_positions": tensors["model.decoder.embed_positions.weight"].shape[0],
        "activation_function": "gelu", "scale_embedding": False, "tie_word_embeddings": True,
    }
    return tensors, config


def generation_config(settings, vocab_size, name):
    """Hugging Face's names for the lists of tokens in CTranslate2's config.json."""
    lists = {}
    for theirs, ours in (("suppress_ids", "suppress_tokens"), ("suppress_ids_begin", "begin_suppress_tokens")):
        ids = settings.get(theirs, [])
        if not isinstance(ids, list) or any(type(i) is not int or i < 0 for i in ids):
            raise Damaged(f"{name}: {theirs} is not a list of token numbers")
        lists[ours] = ids
    # The vocabulary of models for English alone is one token shorter.
    lists["is_multilingual"] = vocab_size >= 51865
    return lists


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", metavar="MODEL_FOLDER", help="with model.bin, config.json and tokenizer.json")
    parser.add_argument("-o", "--output", required=True, metavar="FOLDER")
    arguments = parser.parse_args()
    weights, settings, tokenizer = (
        os.path.join(arguments.model, file) for file in ("model.bin", "config.json", "tokenizer.json"))
    try:
        with open(weights, "rb") as file:
            tensors, config = convert(read_variables(file.read(), weights), weights)
        with open(settings, encoding="utf-8") as file:
            try:
                generation = generation_config(json.load(file), config["vocab_size"], settings)
            except (ValueError, AttributeError) as error:
                raise Damaged(f"{settings}: {error}") from error
        os.makedirs(arguments.output, exist_ok=True)
        safetensors_file.write(os.path.join(arguments.output, "model.safetensors"), tensors, {"format": "pt"})
        for file_name, content in (("config.json", config), ("generation_config.json", generation)):
            with open(os.path.join(arguments.output, file_name), "w", encoding="utf-8") as file:
                json.dump(content, file, indent=None if file_name.startswith("g") else 1)
                file.write("\n")
        shutil.copyfile(tokenizer, os.path.join(arguments.output, "tokenizer.json"))
    except (OSError, Damaged) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.output}: {len(tensors)} tensors, vocabulary of {config['vocab_size']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
