#!/usr/bin/env python3
"""Writes a big random model of the `llama` architecture as a GGUF file: for measuring how fast
weights that no cache holds are read. What it writes means nothing.

    python3 tools/make_random_llama.py -o random.gguf                  1.8 GB, the shape of a 3B model
    python3 tools/make_random_llama.py -o random.gguf --type q8_0 --layers 14

The container, the tokeniser and the spread of the weights are those of make_tiny_model.py, which makes
every block by itself; here a mebibyte of blocks is made at a time, codes of random bytes, and scales of
which the upper byte is fixed and the lower one is random. The same options give the same bytes.
"""

import argparse
import random
import struct

import make_tiny_model as tiny

# Type -> bytes of a block of 32 weights.
BLOCK_BYTES = {"q4_0": 18, "q4_1": 20, "q8_0": 34}
BLOCKS_AT_A_TIME = 1 << 20
NO_MINUS_128 = bytes(range(128)) + bytes([129]) + bytes(range(129, 256))


def upper_byte(value):
    """Of a half-precision number: sign, exponent and two bits more."""
    return struct.pack("<e", value)[1:]


def blocks(draw, type_name, count, deviation):
    """`count` blocks of a type; see WeightSource for the divisors."""
    size = BLOCK_BYTES[type_name]
    data = bytearray(draw.randbytes(count * size))
    if type_name == "q8_0":
        data = data.translate(NO_MINUS_128)  # no quantiser writes it
        data[1::size] = upper_byte(deviation / 73.3) * count
    else:
        data[1::size] = upper_byte(deviation / 4.61) * count
    if type_name == "q4_1":
        data[3::size] = upper_byte(-7.5 * deviation / 4.61) * count
    return data


def write_weights(file, args):
    draw = random.Random(args.seed)
    norms = tiny.WeightSource(args.seed)
    for name, rows, cols, type_name, deviation in tiny.tensor_plan(args):
        if name.endswith("norm.weight"):
            file.write(tiny.padded(tiny.norm_weights(norms, cols), args.alignment))
            continue
        left = rows * cols // 32
        while left > 0:
            count = min(left, BLOCKS_AT_A_TIME)
            file.write(blocks(draw, type_name, count, deviation))
            left -= count
        file.write(bytes(-file.tell() % args.alignment))


def sizes(args):
    """[(name, dims, type name, number of bytes)]"""
    found = []
    for name, rows, cols, type_name, _ in tiny.tensor_plan(args):
        num_bytes = cols * 4 if type_name == "f32" else rows * cols // 32 * BLOCK_BYTES[type_name]
        found.append((name, tiny.dims(rows, cols), type_name, num_bytes))
    return found


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--type", choices=BLOCK_BYTES, default="q4_1", help="of all matrices")
    parser.add_argument("--layers", type=int, default=28)
    parser.add_argument("--dim", type=int, default=3072, help="width of the residual stream")
    parser.add_argument("--heads", type=int, default=24)
    parser.add_argument("--kv-heads", type=int, default=8)
    parser.add_argument("--ffn", type=int, default=8192, help="width inside the feed-forward part")
    parser.add_argument("--vocab", type=int, default=32000)
    parser.add_argument("--context", type=int, default=2048)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if min(args.layers, args.dim, args.heads, args.kv_heads, args.ffn, args.context) < 1:
        parser.error("all sizes are at least 1")
    if args.dim % 32 != 0 or args.ffn % 32 != 0:
        parser.error("--dim and --ffn are multiples of 32, the length of a block")
    if args.dim % (2 * args.heads) != 0 or args.heads % args.kv_heads != 0:
        parser.error("--dim is a multiple of twice --heads, and that one of --kv-heads")
    args.alignment, args.untied, args.embedding_type = 32, False, None
    return args


def main():
    args = parse_arguments()
    metadata = tiny.model_metadata(args, "Rowmill random llama") + tiny.bpe_tokenizer(args.vocab)
    tensors = sizes(args)
    with open(args.output, "wb") as file:
        file.write(tiny.encode_header(metadata, tensors, args.alignment))
        write_weights(file, args)
    print("%s: %.2f GB of weights" % (args.output, sum(tensor[3] for tensor in tensors) / 1e9))


if __name__ == "__main__":
    main()
