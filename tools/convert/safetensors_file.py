"""Writes safetensors files: a JSON header of names, types, shapes and places, then the tensors' bytes.

Specification: https://github.com/huggingface/safetensors, section "Format".
"""

import array
import dataclasses
import json
import math
import struct
import sys

TYPE_CODES = {"F32": "f", "F16": "H", "I8": "b"}  # F16 as its bits


@dataclasses.dataclass
class Tensor:
    """Values in row-major order; `values` is an array.array of the type's code."""

    dtype: str
    shape: tuple
    values: array.array

    def __post_init__(self):
        if self.values.typecode != TYPE_CODES[self.dtype]:
            raise ValueError(f"an array of '{self.values.typecode}' is not {self.dtype}")
        if len(self.values) != math.prod(self.shape):
            raise ValueError(f"{len(self.values)} values do not make the shape {list(self.shape)}")


def little_endian(values):
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()


def write(path, tensors, metadata=None):
    """`tensors`: names and Tensors, written in the order of their names."""
    header, place = {}, 0
    if metadata:
        header["__metadata__"] = metadata
    for name in sorted(tensors):
        tensor = tensors[name]
        size = len(tensor.values) * tensor.values.itemsize
        header[name] = {"dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": [place, place + size]}
        place += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(tensors):
            file.write(little_endian(tensors[name].values))
