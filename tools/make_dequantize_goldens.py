#!/usr/bin/env python3
"""Writes tests/data/dequantize_goldens.txt: random weight blocks and their values as f32.

The values come from gguf.quants of the PyPI package `gguf` (needs numpy), which its own tests hold
bit-equal to ggml's C code. Blocks are random bytes from a fixed seed; their half-float scales are
chosen to cover ordinary, extreme, subnormal, zero and negative values, never NaN or infinity.

    pip install gguf numpy
    python3 tools/make_dequantize_goldens.py > tests/data/dequantize_goldens.txt

Lines: `block TYPE HEX HEX` holds one block and its values (f32, little-endian); `digest TYPE HEX
SHA256` holds several blocks and the SHA-256 of their values.
"""

import argparse
import hashlib
import random
import struct
import sys

import numpy
from gguf import quants
from gguf.constants import GGMLQuantizationType

# Bytes of a block, and where its half floats are.
BLOCKS = {
    "Q4_0": (18, [0]),
    "Q4_1": (20, [0, 2]),
    "Q5_0": (22, [0]),
    "Q5_1": (24, [0, 2]),
    "Q8_0": (34, [0]),
    "Q2_K": (84, [80, 82]),
    "Q3_K": (110, [108]),
    "Q4_K": (144, [0, 2]),
    "Q5_K": (176, [0, 2]),
    "Q6_K": (210, [208]),
    "F16": (64, range(0, 64, 2)),
    "BF16": (64, None),
}

EXTREME_HALVES = [
    0x0000,
    0x8000,  # zeros
    0x0001,
    0x8001,
    0x03FF,
    0x83FF,  # subnormals
    0x0400,
    0x8400,  # the smallest normal values
    0x7BFF,
    0xFBFF,  # the largest finite ones
    0x3C00,
    0xBC00,
    0x3555,
]


def random_half(rng):
    if rng.random() < 0.3:
        return rng.choice(EXTREME_HALVES)
    if rng.random() < 0.5:  # the sizes that real scales have
        return struct.unpack("<H", struct.pack("<e", rng.gauss(0.0, 0.02)))[0]
    return (rng.getrandbits(1) << 15) | (rng.randrange(0x1F) << 10) | rng.getrandbits(10)


def random_block(rng, name):
    size, halves = BLOCKS[name]
    if halves is None:  # BF16: exponents below that of infinity and NaN
        values = [(rng.getrandbits(1) << 15) | rng.randrange(0x7F80) for _ in range(size // 2)]
        return struct.pack("<%dH" % len(values), *values)
    block = bytearray(rng.getrandbits(8) for _ in range(size))
    for at in halves:
        block[at : at + 2] = struct.pack("<H", random_half(rng))
    return bytes(block)


def dequantize(name, data):
    raw = numpy.frombuffer(data, dtype=numpy.uint8)
    if name == "F16":
        values = raw.view(numpy.float16).astype(numpy.float32)
    else:
        values = quants.dequantize(raw, GGMLQuantizationType[name])
    return values.astype("<f4").tobytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=20250611)
    parser.add_argument("--digest-blocks", type=int, default=24)
    args = parser.parse_args()
    rng = random.Random(args.seed)
    out = sys.stdout
    out.write("# Made by tools/make_dequantize_goldens.py, seed %d; see there.\n" % args.seed)
    for name in BLOCKS:
        block = random_block(rng, name)
        out.write("block %s %s %s\n" % (name, block.hex(), dequantize(name, block).hex()))
        many = b"".join(random_block(rng, name) for _ in range(args.digest_blocks))
        digest = hashlib.sha256(dequantize(name, many)).hexdigest()
        out.write("digest %s %s %s\n" % (name, many.hex(), digest))


if __name__ == "__main__":
    main()
