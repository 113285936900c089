"""Reads a SentencePiece model (.spm, .model) and writes it as tokenizer.json.

The file is a protocol buffer, ModelProto of sentencepiece_model.proto; of its fields the pieces, the kind of
model and the normaliser's settings are read, by a reader of the wire format that knows nothing else:
https://protobuf.dev/programming-guides/encoding. The tokenizer.json is the one that Hugging Face's
SpmConverter writes for Unigram models, but that a piece of the type "unused", which is written and never
searched for, has no score.
"""

import base64
import dataclasses
import struct

from byte_reader import ByteReader, Damaged

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
UNIGRAM = 1
MAX_PIECES = 1 << 22


@dataclasses.dataclass
class Piece:
    text: str
    score: float = 0.0
    type: int = NORMAL


@dataclasses.dataclass
class Model:
    pieces: list
    model_type: int = UNIGRAM
    character_map: bytes = b""
    adds_space_prefix: bool = True
    removes_extra_spaces: bool = True


def read_varint(reader):
    value = 0
    for shift in range(0, 70, 7):
        byte = reader.number("B", "a number")
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (1 << 64) - 1
    reader.fail("a number of more than ten bytes")


def fields(data, name):
    """Pairs of field number and value: an int, or bytes where the field has any."""
    reader = ByteReader(data, name)
    while reader.left:
        key = read_varint(reader)
        kind = key & 7
        if kind == VARINT:
            value = read_varint(reader)
        elif kind == BYTES:
            value = bytes(reader.take(read_varint(reader), "a field"))
        elif kind in (FIXED32, FIXED64):
            value = bytes(reader.take(4 if kind == FIXED32 else 8, "a number"))
        else:
            reader.fail(f"a field of the kind {kind}, which is none of this format")
        yield key >> 3, value


def wants(value, kind, name):
    if not isinstance(value, kind):
        raise Damaged(f"{name}: a field has another type than its number says")
    return value


def read_piece(data, name):
    piece = Piece("")
    for number, value in fields(data, name):
        if number == 1:
            piece.text = wants(value, bytes, name).decode("utf-8", errors="strict")
        elif number == 2:
            if len(wants(value, bytes, name)) != 4:
                raise Damaged(f"{name}: a score is not a float")
            piece.score = struct.unpack("<f", value)[0]
        elif number == 3:
            piece.type = wants(value, int, name)
            if not NORMAL <= piece.type <= BYTE:
                raise Damaged(f"{name}: a piece of the type {piece.type}")
    if piece.score != piece.score:
        raise Damaged(f"{name}: a score is not a number")
    return piece


def read(data, name):
    """The Model in `data`. Raises Damaged."""
    model = Model([])
    try:
        for number, value in fields(data, name):
            if number == 1:
                if len(model.pieces) == MAX_PIECES:
                    raise Damaged(f"{name}: more than {MAX_PIECES} pieces")
                model.pieces.append(read_piece(wants(value, bytes, name), name))
            elif number == 2:
                for inner, setting in fields(wants(value, bytes, name), name):
                    if inner == 3:
                        model.model_type = wants(setting, int, name)
            elif number == 3:
                for inner, setting in fields(wants(value, bytes, name), name):
                    if inner == 2:
                        model.character_map = wants(setting, bytes, name)
                    elif inner == 3:
                        model.adds_space_prefix = wants(setting, int, name) != 0
                    elif inner == 4:
                        model.removes_extra_spaces = wants(setting, int, name) != 0
    except UnicodeDecodeError as error:
        raise Damaged(f"{name}: a piece is not valid UTF-8") from error
    if not model.pieces:
        raise Damaged(f"{name}: no pieces: not a SentencePiece model")
    return model


def to_tokenizer_json(model, name):
    """The model as the object that tokenizer.json holds. Raises Damaged for what is not Unigram."""
    if model.model_type != UNIGRAM:
        raise Damaged(f"{name}: a SentencePiece model of type {model.model_type}; known is 1 (Unigram)")
    unknown = [i for i, piece in enumerate(model.pieces) if piece.type == UNKNOWN]
    if len(unknown) != 1:
        raise Damaged(f"{name}: {len(unknown)} unknown pieces, expected one")
    special = [(i, piece) for i, piece in enumerate(model.pieces)
               if piece.type in (UNKNOWN, CONTROL, USER_DEFINED)]
    normalizers = []
    if model.character_map:
        map_text = base64.b64encode(model.character_map).decode()
        normalizers.append({"type": "Precompiled", "precompiled_charsmap": map_text})
    if model.removes_extra_spaces:
        normalizers.append({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "})
        normalizers.append({"type": "Strip", "strip_left": True, "strip_right": True})
    metaspace = {"type": "Metaspace", "replacement": "\u2581",
                 "prepend_scheme": "always" if model.adds_space_prefix else "never", "split": True}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [
            {"id": i, "content": piece.text, "single_word": False, "lstrip": False, "rstrip": False,
             "normalized": False, "special": piece.type != USER_DEFINED} for i, piece in special],
        "normalizer": {"type": "Sequence", "normalizers": normalizers} if normalizers else None,
        "pre_tokenizer": metaspace, "post_processor": None, "decoder": metaspace,
        "model": {"type": "Unigram", "unk_id": unknown[0], "byte_fallback": False,
                  "vocab": [[piece.text, None if piece.type == UNUSED else piece.score] for piece in model.pieces]},
    }
