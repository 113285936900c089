#!/usr/bin/env python3
"""Writes a tiny random model of the `llama` architecture as a GGUF file, for tests.

The same options give the same bytes on every machine: the standard library alone, no floating-point
functions beyond +, -, *, / and sqrt. The weights mean nothing, but logits are spread like a real
model's (a standard deviation of about 3) and depend on the whole context. The tokeniser is a
working one, trained on the paragraph below.

    python3 tools/make_tiny_model.py -o tiny.gguf
    python3 tools/make_tiny_model.py -o tiny-q4k.gguf --dim 256 --ffn 512 --type q4_k --untied
    python3 tools/make_tiny_model.py -o tiny-spm.gguf --tokenizer spm

Quantised types get random blocks with scales of a sane size instead of quantised weights: what a
test needs is every bit pattern, not the quality of a quantiser.
"""

import argparse
import array
import collections
import math
import random
import re
import struct
import sys

TRAINING_TEXT = """
The film was good and the story was great, but the ending was not what we had hoped for. I think
that the people who made this movie should have known better than to leave the best part for the
last minute. It is a good product, it works as it should, and the price is fair. The service was bad
and the room was not clean. They said that it would be there in two days, but it took more than a
week and then it was broken. Thank you for your help with this order. Please tell me when I can have
my money back. I am very happy with it, and I would buy it again. The question is whether the answer
is in the text. What is the name of the city? Where did they go, and when did they come home? He
said that he would like to be there, but she was not sure about it. The first thing that you see is
the light. One of the most interesting things about the world is that it is always changing. Label:
positive. Label: negative. Label: neutral. Answer: yes. Answer: no. You are a helpful assistant.
Classify the sentiment of the review. Translate the sentence into Portuguese. Summarise the text in
one line. The government said on Monday that the new law will be ready by the end of the year. The
team won the game with a score of three to one. The company made a profit of ten million dollars in
the last quarter. Scientists have found a new way to store energy from the sun and the wind.
"""

CHATML_TEMPLATE = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face"
    "<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
    "'<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}"
    "{% endif %}"
)
PLAIN_TEMPLATE = (
    "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}"
)

# GGUF metadata value types.
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
# Token types of tokenizer.ggml.token_type.
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6

NORM_DEVIATION = 0.2  # of the weights of a norm, around 1

# name -> (GGUF type id, elements per block, bytes per block, general.file_type)
TYPES = {
    "f32": (0, 1, 4, 0),
    "f16": (1, 1, 2, 1),
    "bf16": (30, 1, 2, 32),
    "q4_0": (2, 32, 18, 2),
    "q4_1": (3, 32, 20, 3),
    "q5_0": (6, 32, 22, 8),
    "q5_1": (7, 32, 24, 9),
    "q8_0": (8, 32, 34, 7),
    "q2_k": (10, 256, 84, 10),
    "q3_k": (11, 256, 110, 12),
    "q4_k": (12, 256, 144, 15),
    "q5_k": (13, 256, 176, 17),
    "q6_k": (14, 256, 210, 18),
}


# ---- Weights ----


class WeightSource:
    """Random matrices of a wanted standard deviation in any file format."""

    def __init__(self, seed):
        self.rng = random.Random(seed)

    def uniform(self, count, deviation):
        # A uniform value in [-a, a] has the deviation a / sqrt(3).
        words = array.array("H", self.rng.randbytes(2 * count))
        if sys.byteorder == "big":
            words.byteswap()
        scale = deviation * math.sqrt(3.0) / 32767.5
        return [(word - 32767.5) * scale for word in words]

    def matrix(self, type_name, rows, cols, deviation):
        _, block_elements, _, _ = TYPES[type_name]
        if cols % block_elements != 0:
            raise SystemExit(
                "%s needs rows of a multiple of %d elements, not %d; choose other sizes"
                % (type_name, block_elements, cols)
            )
        count = rows * cols
        if block_elements == 1:
            return encode_floats(type_name, self.uniform(count, deviation))
        make_block = getattr(self, "block_" + type_name)
        return b"".join(make_block(deviation) for _ in range(count // block_elements))

    def varied(self, scale):
        """`scale` times 0.75..1.25, as real scales differ from block to block."""
        return scale * (0.75 + 0.5 * self.rng.random())

    def signed(self, scale):
        return self.varied(scale) * self.rng.choice((-1.0, 1.0))

    # The divisors below are the standard deviations of n uniform codes: sqrt((n^2 - 1) / 12).

    def block_q4_0(self, deviation):
        return half(self.signed(deviation / 4.61)) + self.rng.randbytes(16)

    def block_q4_1(self, deviation):
        d = self.varied(deviation / 4.61)
        return half(d) + half(-7.5 * self.varied(d)) + self.rng.randbytes(16)

    def block_q5_0(self, deviation):
        return half(self.signed(deviation / 9.23)) + self.rng.randbytes(20)

    def block_q5_1(self, deviation):
        d = self.varied(deviation / 9.23)
        return half(d) + half(-15.5 * self.varied(d)) + self.rng.randbytes(20)

    def block_q8_0(self, deviation):
        codes = [max(code, -127) for code in struct.unpack("32b", self.rng.randbytes(32))]
        return half(self.varied(deviation / 73.3)) + struct.pack("32b", *codes)

    def block_q2_k(self, deviation):
        d = self.varied(deviation / (11.5 * 1.118))
        scales = []
        for _ in range(16):
            scale = self.rng.randrange(8, 16)
            minimum = min(15, scale + self.rng.randrange(-1, 2))
            scales.append(scale | (minimum << 4))
        return bytes(scales) + self.rng.randbytes(64) + half(d) + half(1.5 * d)

    def block_q3_k(self, deviation):
        d = self.varied(deviation / (24.0 * 2.29))
        packed = bytearray(12)
        for i in range(16):
            code = self.rng.randrange(16, 32) * self.rng.choice((-1, 1)) + 32
            packed[i % 8] |= (code & 15) << (4 * (i // 8))
            packed[8 + i % 4] |= (code >> 4) << (2 * (i // 4))
        return self.rng.randbytes(96) + bytes(packed) + half(d)

    def scales_and_minima(self):
        """The 12 bytes of Q4_K and Q5_K: eight 6-bit scales with minima of about the same size."""
        packed = bytearray(12)
        for j in range(8):
            scale = self.rng.randrange(32, 64)
            minimum = min(63, scale + self.rng.randrange(-3, 4))
            if j < 4:
                packed[j] |= scale
                packed[j + 4] |= minimum
            else:
                packed[j + 4] |= (scale & 15) | ((minimum & 15) << 4)
                packed[j - 4] |= (scale >> 4) << 6
                packed[j] |= (minimum >> 4) << 6
        return bytes(packed)

    def block_q4_k(self, deviation):
        d = self.varied(deviation / (47.5 * 4.61))
        return half(d) + half(7.5 * d) + self.scales_and_minima() + self.rng.randbytes(128)

    def block_q5_k(self, deviation):
        d = self.varied(deviation / (47.5 * 9.23))
        return half(d) + half(15.5 * d) + self.scales_and_minima() + self.rng.randbytes(160)

    def block_q6_k(self, deviation):
        d = self.varied(deviation / (96.0 * 18.5))
        scales = [self.rng.randrange(64, 128) * self.rng.choice((-1, 1)) for _ in range(16)]
        return self.rng.randbytes(192) + struct.pack("16b", *scales) + half(d)


def half(value):
    return struct.pack("<e", value)


def encode_floats(type_name, values):
    if type_name == "f32":
        return struct.pack("<%df" % len(values), *values)
    if type_name == "f16":
        return struct.pack("<%de" % len(values), *values)
    words = struct.unpack("<%dI" % len(values), struct.pack("<%df" % len(values), *values))
    rounded = [((word + 0x7FFF + ((word >> 16) & 1)) >> 16) & 0xFFFF for word in words]
    return struct.pack("<%dH" % len(rounded), *rounded)


# ---- Tokenisers ----


def train_merges(words, limit):
    """[(left, right)] by byte-pair encoding: the most frequent pair first, ties by the pair."""
    counts = collections.Counter(tuple(word) for word in words)
    merges = []
    while len(merges) < limit:
        pairs = collections.Counter()
        for word, count in counts.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += count
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        merged = collections.Counter()
        for word, count in counts.items():
            merged[tuple(apply_merge(word, best))] += count
        counts = merged
    return merges


def apply_merge(word, pair):
    out = []
    at = 0
    while at < len(word):
        if at + 1 < len(word) and (word[at], word[at + 1]) == pair:
            out.append(word[at] + word[at + 1])
            at += 2
        else:
            out.append(word[at])
            at += 1
    return out


def byte_symbols():
    """GPT-2's printable character for each byte."""
    kept = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    symbols = {byte: chr(byte) for byte in kept}
    next_code = 256
    for byte in range(256):
        if byte not in symbols:
            symbols[byte] = chr(next_code)
            next_code += 1
    return symbols


def training_words():
    text = " ".join(TRAINING_TEXT.split())
    return re.findall(r" ?[A-Za-z]+| ?[^ A-Za-z]+", text)


def bpe_tokenizer(vocab_size):
    """Metadata of a byte-level BPE tokeniser like SmolLM2's: special tokens, bytes, merges."""
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    symbols = byte_symbols()
    tokens = special + sorted(symbols.values())
    if vocab_size < len(tokens):
        raise SystemExit("--vocab is at least %d with this tokeniser" % len(tokens))
    words = ["".join(symbols[byte] for byte in word.encode()) for word in training_words()]
    merges = []
    known = set(tokens)

    def add(left, right):
        if left + right not in known and len(tokens) < vocab_size:
            known.add(left + right)
            tokens.append(left + right)
            merges.append(left + " " + right)

    for left, right in train_merges(words, vocab_size - len(tokens)):
        add(left, right)
    # The text is used up; go on with pairs of what there is.
    base = tokens[len(special) : len(special) + 256]
    first_learned = len(special) + 256
    for left in tokens[first_learned:] + base:
        if len(tokens) >= vocab_size:
            break
        for right in base:
            add(left, right)
    types = [CONTROL] * len(special) + [NORMAL] * (len(tokens) - len(special))
    return [
        ("tokenizer.ggml.add_space_prefix", BOOL, False),
        ("tokenizer.ggml.add_bos_token", BOOL, False),
        ("tokenizer.ggml.model", STRING, "gpt2"),
        ("tokenizer.ggml.pre", STRING, "smollm"),
        ("tokenizer.ggml.tokens", ARRAY, (STRING, tokens)),
        ("tokenizer.ggml.token_type", ARRAY, (INT32, types)),
        ("tokenizer.ggml.merges", ARRAY, (STRING, merges)),
        ("tokenizer.ggml.bos_token_id", UINT32, 1),
        ("tokenizer.ggml.eos_token_id", UINT32, 2),
        ("tokenizer.ggml.unknown_token_id", UINT32, 0),
        ("tokenizer.ggml.padding_token_id", UINT32, 2),
        ("tokenizer.chat_template", STRING, CHATML_TEMPLATE),
    ]


def spm_tokenizer(vocab_size):
    """Metadata of a SentencePiece BPE tokeniser like Llama 2's: bytes, pieces, characters."""
    special = ["<unk>", "<s>", "</s>"]
    fallback = ["<0x%02X>" % byte for byte in range(256)]
    space = "\u2581"
    words = [
        word.replace(" ", space) for word in [" " + training_words()[0]] + training_words()[1:]
    ]
    characters = sorted(set("".join(words)))
    num_pieces = vocab_size - len(special) - len(fallback) - len(characters)
    if num_pieces < 0:
        raise SystemExit("--vocab is at least %d with this tokeniser" % (vocab_size - num_pieces))
    pieces = []
    known = set(characters)

    def add(piece):
        if piece not in known and len(pieces) < num_pieces:
            known.add(piece)
            pieces.append(piece)

    for left, right in train_merges(words, num_pieces):
        add(left + right)
    for left in pieces + characters:
        if len(pieces) >= num_pieces:
            break
        for right in characters:
            add(left + right)
    tokens = special + fallback + pieces + characters
    if len(tokens) != vocab_size:
        raise SystemExit("--vocab is at most %d with this tokeniser" % len(tokens))
    # Pieces score by the order in which they were learned, characters after all of them.
    learned = len(pieces) + len(characters)
    scores = [0.0] * (len(special) + len(fallback)) + [-float(rank) for rank in range(learned)]
    types = [UNKNOWN, CONTROL, CONTROL] + [BYTE] * len(fallback) + [NORMAL] * learned
    return [
        ("tokenizer.ggml.model", STRING, "llama"),
        ("tokenizer.ggml.pre", STRING, "default"),
        ("tokenizer.ggml.tokens", ARRAY, (STRING, tokens)),
        ("tokenizer.ggml.scores", ARRAY, (FLOAT32, scores)),
        ("tokenizer.ggml.token_type", ARRAY, (INT32, types)),
        ("tokenizer.ggml.bos_token_id", UINT32, 1),
        ("tokenizer.ggml.eos_token_id", UINT32, 2),
        ("tokenizer.ggml.unknown_token_id", UINT32, 0),
        ("tokenizer.ggml.add_bos_token", BOOL, True),
        ("tokenizer.ggml.add_eos_token", BOOL, False),
        ("tokenizer.ggml.add_space_prefix", BOOL, True),
        ("tokenizer.chat_template", STRING, PLAIN_TEMPLATE),
    ]


# ---- The model ----


def model_metadata(args, name="Rowmill tiny random llama"):
    head_dim = args.dim // args.heads
    return [
        ("general.architecture", STRING, "llama"),
        ("general.type", STRING, "model"),
        ("general.name", STRING, name),
        ("general.alignment", UINT32, args.alignment),
        ("general.file_type", UINT32, TYPES[args.type][3]),
        ("general.quantization_version", UINT32, 2),
        ("llama.block_count", UINT32, args.layers),
        ("llama.context_length", UINT32, args.context),
        ("llama.embedding_length", UINT32, args.dim),
        ("llama.feed_forward_length", UINT32, args.ffn),
        ("llama.vocab_size", UINT32, args.vocab),
        ("llama.attention.head_count", UINT32, args.heads),
        ("llama.attention.head_count_kv", UINT32, args.kv_heads),
        ("llama.attention.key_length", UINT32, head_dim),
        ("llama.attention.value_length", UINT32, head_dim),
        ("llama.attention.layer_norm_rms_epsilon", FLOAT32, 1e-5),
        ("llama.rope.dimension_count", UINT32, head_dim),
        ("llama.rope.freq_base", FLOAT32, 10000.0),
    ]


def tensor_plan(args):
    """[(name, rows, cols, type name, standard deviation)]; the weights of a norm have one row."""
    embedding_type = args.embedding_type or args.type
    kv_dim = args.dim // args.heads * args.kv_heads
    # A normalised vector times a row of deviation s gives logits of deviation s * sqrt(dim). What
    # the layers add outweighs the embedding that they start from (gain 3), or else a tied head
    # would always answer with the token that it has just read.
    logit_deviation = 2.8 / math.sqrt(args.dim)
    keep = 1.0 / math.sqrt(args.dim)
    plan = [("token_embd.weight", args.vocab, args.dim, embedding_type, logit_deviation)]
    for layer in range(args.layers):
        prefix = "blk.%d." % layer
        plan += [
            (prefix + "attn_norm.weight", 1, args.dim, "f32", NORM_DEVIATION),
            (prefix + "attn_q.weight", args.dim, args.dim, args.type, 1.5 * keep),
            (prefix + "attn_k.weight", kv_dim, args.dim, args.type, 1.5 * keep),
            (prefix + "attn_v.weight", kv_dim, args.dim, args.type, keep),
            (prefix + "attn_output.weight", args.dim, args.dim, args.type, 3.0 * keep),
            (prefix + "ffn_norm.weight", 1, args.dim, "f32", NORM_DEVIATION),
            (prefix + "ffn_gate.weight", args.ffn, args.dim, args.type, keep),
            (prefix + "ffn_up.weight", args.ffn, args.dim, args.type, keep),
            (prefix + "ffn_down.weight", args.dim, args.ffn, args.type, 3.0 / math.sqrt(args.ffn)),
        ]
    plan.append(("output_norm.weight", 1, args.dim, "f32", NORM_DEVIATION))
    if args.untied:
        plan.append(("output.weight", args.vocab, args.dim, embedding_type, logit_deviation))
    return plan


def dims(rows, cols):
    """As the file has them, the length of a row first."""
    return [cols] if rows == 1 else [cols, rows]


def norm_weights(source, count):
    return encode_floats("f32", [1.0 + value for value in source.uniform(count, NORM_DEVIATION)])


def model_tensors(args):
    """[(name, dims, type name, bytes)]"""
    source = WeightSource(args.seed)
    tensors = []
    for name, rows, cols, type_name, deviation in tensor_plan(args):
        if name.endswith("norm.weight"):
            content = norm_weights(source, cols)
        else:
            content = source.matrix(type_name, rows, cols, deviation)
        tensors.append((name, dims(rows, cols), type_name, content))
    return tensors


# ---- The container ----


def encode_string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def encode_value(value_type, value):
    if value_type == STRING:
        return encode_string(value)
    if value_type == ARRAY:
        element_type, items = value
        header = struct.pack("<IQ", element_type, len(items))
        return header + b"".join(encode_value(element_type, item) for item in items)
    return struct.pack({UINT32: "<I", INT32: "<i", FLOAT32: "<f", BOOL: "<?"}[value_type], value)


def padded(data, alignment):
    return data + bytes(-len(data) % alignment)


def encode_header(metadata, tensors, alignment):
    """All that comes before the weights. tensors: [(name, dims, type name, number of bytes)]"""
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    for key, value_type, value in metadata:
        header += (
            encode_string(key) + struct.pack("<I", value_type) + encode_value(value_type, value)
        )
    offset = 0
    for name, dimensions, type_name, num_bytes in tensors:
        header += encode_string(name)
        header += struct.pack("<I%dQ" % len(dimensions), len(dimensions), *dimensions)
        header += struct.pack("<IQ", TYPES[type_name][0], offset)
        offset += num_bytes + -num_bytes % alignment
    return padded(header, alignment)


def encode_gguf(metadata, tensors, alignment):
    sizes = [tensor[:3] + (len(tensor[3]),) for tensor in tensors]
    contents = [padded(content, alignment) for _, _, _, content in tensors]
    return encode_header(metadata, sizes, alignment) + b"".join(contents)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--dim", type=int, default=64, help="width of the residual stream")
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--kv-heads", type=int, default=2)
    parser.add_argument("--ffn", type=int, default=128, help="width inside the feed-forward part")
    parser.add_argument("--vocab", type=int, default=512)
    parser.add_argument("--context", type=int, default=512)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--type", choices=TYPES, default="f32", help="of all matrices")
    parser.add_argument("--embedding-type", choices=TYPES, help="of embedding and head, if other")
    parser.add_argument("--untied", action="store_true", help="write an output.weight of its own")
    parser.add_argument("--tokenizer", choices=("bpe", "spm"), default="bpe")
    parser.add_argument("--alignment", type=int, default=32)
    args = parser.parse_args()
    if (
        min(args.layers, args.dim, args.heads, args.kv_heads, args.ffn, args.vocab, args.context)
        < 1
    ):
        parser.error("all sizes are at least 1")
    if args.dim % (2 * args.heads) != 0:
        parser.error("--dim is a multiple of twice --heads")
    if args.heads % args.kv_heads != 0:
        parser.error("--heads is a multiple of --kv-heads")
    if args.alignment < 1 or args.alignment & (args.alignment - 1) != 0:
        parser.error("--alignment is a power of two")
    return args


def main():
    args = parse_arguments()
    tokenizer = bpe_tokenizer(args.vocab) if args.tokenizer == "bpe" else spm_tokenizer(args.vocab)
    content = encode_gguf(model_metadata(args) + tokenizer, model_tensors(args), args.alignment)
    with open(args.output, "wb") as file:
        file.write(content)


if __name__ == "__main__":
    main()
