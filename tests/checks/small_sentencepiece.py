"""SentencePiece models of a few pieces, for the tests of the converters."""

import struct

NORMAL, UNKNOWN, CONTROL = 1, 2, 3


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def make_model(pieces, model_type=1):
    """`pieces`: texts, scores and types."""
    out = b"".join(field(1, field(1, text.encode()) + field(2, score) + field(3, kind)) for text, score, kind in pieces)
    return out + field(2, field(3, model_type)) + field(3, field(2, b"map") + field(3, 1) + field(4, 0))
