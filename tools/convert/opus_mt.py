#!/usr/bin/env python3
"""Turns a Hugging Face folder of an OPUS-MT model into one that Rowmill loads.

    tools/convert/opus_mt.py FOLDER -o OUTPUT

FOLDER holds, as MarianMTModel saves it, config.json, source.spm, target.spm, vocab.json, and model.safetensors
or pytorch_model.bin (read by an interpreter that executes nothing of it). OUTPUT gets config.json,
model.safetensors and tokenizer.json. The two SentencePiece models become one list of tokens with the ids of
vocab.json: text is cut by the scores of source.spm, and tokens of the target alone are only ever written, but
for single characters: they stand for a character that source.spm does not know, as that library has it. A piece
of source.spm that vocab.json lacks, which that library reads as an unknown token, is cut into smaller ones. Marks of a target language (`>>fra<<`) become special tokens, for prompts such as `>>fra<< {{text}}`.

What that library does before if sacremoses is installed (Moses' normalisation of punctuation) is not done.
Needs no package.
"""

import argparse
import json
import os
import re
import shutil
import sys

import safetensors_file
import sentencepiece_model
import torch_pickle
from byte_reader import Damaged
from sentencepiece_model import CONTROL, NORMAL, UNKNOWN, UNUSED, Piece

END, UNK, PADDING = "</s>", "<unk>", "<pad>"
# What an unknown character costs beside the rarest piece: SentencePiece's kUnkPenalty.
UNKNOWN_PENALTY = 10.0
LANGUAGE = re.compile(r">>[^<> ]+<<")
TYPES = {"f": "F32", "H": "F16"}


def read_json(path):
    with open(path, encoding="utf-8") as file:
        try:
            value = json.load(file)
        except (ValueError, RecursionError) as error:
            raise Damaged(f"{path}: not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise Damaged(f"{path}: an object is expected")
    return value


def read_ids(path):
    """The tokens of vocab.json in the order of their ids, which leave no gap."""
    ids = read_json(path)
    tokens = [None] * len(ids)
    for token, token_id in ids.items():
        if type(token_id) is not int or not 0 <= token_id < len(tokens) or tokens[token_id] is not None:
            raise Damaged(f"{path}: the ids are not 0 to {len(tokens) - 1}, each once: '{token}' has {token_id}")
        tokens[token_id] = token
    for token in (END, UNK):
        if token not in ids:
            raise Damaged(f"{path}: there is no '{token}'")
    return tokens


def merge_vocabularies(tokens, source):
    """source.spm's model with `tokens` as its pieces."""
    known = {piece.text: piece for piece in source.pieces if piece.type == NORMAL}
    unknown_score = min((piece.score for piece in known.values()), default=0.0) - UNKNOWN_PENALTY

    def piece_of(token):
        if token == UNK:
            return Piece(token, type=UNKNOWN)
        if token in (END, PADDING) or LANGUAGE.fullmatch(token):
            return Piece(token, type=CONTROL)
        if token in known:
            return known[token]
        return Piece(token, unknown_score) if len(token) == 1 else Piece(token, type=UNUSED)

    return sentencepiece_model.Model([piece_of(token) for token in tokens], source.model_type, source.character_map,
                                     source.adds_space_prefix, source.removes_extra_spaces)


def read_spm(path):
    with open(path, "rb") as file:
        return sentencepiece_model.read(file.read(), path)


def convert_weights(path):
    """The tensors of pytorch_model.bin, but tables of positions, which Rowmill computes."""
    with open(path, "rb") as file:
        state = torch_pickle.read_state_dict(file.read(), path)
    tensors = {}
    for name, (shape, values) in state.items():
        if values.typecode not in TYPES:
            raise Damaged(f"{path}: '{name}' holds no floats")
        if not name.endswith("embed_positions.weight"):
            tensors[name] = safetensors_file.Tensor(TYPES[values.typecode], shape, values)
    return tensors


def convert(folder, output):
    """Writes the output folder; the number of tokens. Raises Damaged and OSError."""
    config = read_json(os.path.join(folder, "config.json"))
    if config.get("model_type") != "marian":
        raise Damaged(f"{folder}: config.json has the model_type '{config.get('model_type')}', expected marian")
    if config.get("share_encoder_decoder_embeddings") is False:
        raise Damaged(f"{folder}: encoder and decoder have vocabularies of their own, which is not supported")
    tokens = read_ids(os.path.join(folder, "vocab.json"))
    ids = set(tokens)
    if config.get("vocab_size") != len(tokens):
        raise Damaged(f"{folder}: vocab.json has {len(tokens)} tokens, but the model {config.get('vocab_size')}")
    source_path = os.path.join(folder, "source.spm")
    source = read_spm(source_path)
    merged = merge_vocabularies(tokens, source)
    if all(piece.text not in ids for piece in source.pieces if piece.type == NORMAL):
        raise Damaged(f"{folder}: vocab.json has no token of source.spm: they belong to different models")
    read_spm(os.path.join(folder, "target.spm"))  # read only to find damage: vocab.json has its tokens
    tokenizer = sentencepiece_model.to_tokenizer_json(merged, source_path)
    os.makedirs(output, exist_ok=True)
    weights = os.path.join(folder, "model.safetensors")
    if os.path.exists(weights):
        shutil.copyfile(weights, os.path.join(output, "model.safetensors"))
    else:
        safetensors_file.write(os.path.join(output, "model.safetensors"),
                               convert_weights(os.path.join(folder, "pytorch_model.bin")), {"format": "pt"})
    for file_name, content in (("config.json", config), ("tokenizer.json", tokenizer)):
        with open(os.path.join(output, file_name), "w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False)
            file.write("\n")
    return len(tokens)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="the folder as it was downloaded")
    parser.add_argument("-o", "--output", required=True, metavar="FOLDER")
    arguments = parser.parse_args()
    try:
        if os.path.realpath(arguments.folder) == os.path.realpath(arguments.output):
            raise Damaged(f"{arguments.output}: the output is the input; name another folder")
        count = convert(arguments.folder, arguments.output)
    except (OSError, Damaged) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{arguments.output}: vocabulary of {count}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
