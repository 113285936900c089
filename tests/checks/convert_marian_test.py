"""tools/convert/marian.py on a small model made here: every weight where it belongs, damage refused."""

import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unittest

CONVERT = pathlib.Path(__file__).resolve().parents[2] / "tools" / "convert"
sys.path.insert(0, str(CONVERT))

import marian  # noqa: E402
import sentencepiece_model  # noqa: E402
import small_sentencepiece  # noqa: E402
from byte_reader import Damaged  # noqa: E402
from small_sentencepiece import CONTROL, NORMAL, UNKNOWN  # noqa: E402

VOCAB, DIM, FFN = 12, 4, 8
SETTINGS = """dec-cell: ssru
dec-depth: 1
dim-vocabs:
  - 12
enc-depth: 1
tied-embeddings-all: true
transformer-decoder-autoreg: {autoregression}
transformer-ffn-activation: relu
transformer-ffn-depth: 2
transformer-heads: 2
transformer-postprocess: dan
transformer-preprocess: ""
transformer-train-position-embeddings: false
type: transformer
"""
MULTIPLIER = 3.0


def attention(prefix):
    shapes = {f"{prefix}{w}": (DIM, DIM) for w in ("Wq", "Wk", "Wv", "Wo")}
    shapes.update({f"{prefix}{b}": (1, DIM) for b in ("bq", "bk", "bv", "bo", "Wo_ln_scale", "Wo_ln_bias")})
    return shapes


def feed_forward(prefix):
    return {f"{prefix}W1": (DIM, FFN), f"{prefix}b1": (1, FFN), f"{prefix}W2": (FFN, DIM), f"{prefix}b2": (1, DIM),
            f"{prefix}ffn_ln_scale": (1, DIM), f"{prefix}ffn_ln_bias": (1, DIM)}


def shapes_of(autoregression):
    shapes = {"Wemb": (VOCAB, DIM), "decoder_ff_logit_out_b": (1, VOCAB)}
    shapes.update(attention("encoder_l1_self_"))
    shapes.update(feed_forward("encoder_l1_ffn_"))
    if autoregression == "rnn":
        shapes.update({"decoder_l1_rnn_W": (DIM, DIM), "decoder_l1_rnn_Wf": (DIM, DIM), "decoder_l1_rnn_bf": (1, DIM),
                       "decoder_l1_rnn_ffn_ln_scale": (1, DIM), "decoder_l1_rnn_ffn_ln_bias": (1, DIM)})
    else:
        shapes.update(attention("decoder_l1_self_"))
    shapes.update(attention("decoder_l1_context_"))
    shapes.update(feed_forward("decoder_l1_ffn_"))
    return shapes


def make_model(autoregression="rnn", settings=SETTINGS, extra=None):
    """(bytes of a model file, {name: rows of its values}). Weights are intgemm8, vectors float32."""
    random.seed(5)
    items, expected = [], {}
    for name, (rows, columns) in {**shapes_of(autoregression), **(extra or {})}.items():
        codes = [[random.randint(-127, 127) for _ in range(columns)] for _ in range(rows)]
        if rows == 1:
            values = [float(code) / 8 for code in codes[0]]
            expected[name] = [values]
            items.append((name, 0x404, (rows, columns), struct.pack(f"<{columns}f", *values)))
            continue
        expected[name] = [[code / MULTIPLIER for code in row] for row in codes]
        # All but the embedding lie transposed in the file.
        lines = codes if name == "Wemb" else zip(*codes)
        flat = [code for line in lines for code in line]
        data = struct.pack(f"<{len(flat)}bf", *flat, MULTIPLIER) + b"\0" * 252
        items.append((name, 0x4101, (rows, columns), data))
    text = settings.format(autoregression=autoregression).encode()
    items.append(("special:model.yml", 0x101, (len(text),), text))
    out = struct.pack("<QQ", 1, len(items))
    for name, kind, shape, data in items:
        out += struct.pack("<4Q", len(name) + 1, kind, len(shape), len(data))
    out += b"".join(name.encode() + b"\0" for name, *_ in items)
    out += b"".join(struct.pack(f"<{len(shape)}i", *shape) for _, _, shape, _ in items)
    out += struct.pack("<Q", 5) + b"\0" * 5 + b"".join(data for *_, data in items)
    return out, expected


def make_vocabulary(count=VOCAB, model_type=1):
    words = [(f"\u2581w{i}", -1.5 - i, NORMAL) for i in range(count - 2)]
    return small_sentencepiece.make_model([("</s>", 0.0, CONTROL), ("<unk>", 0.0, UNKNOWN), *words], model_type)


def rows_of(tensor):
    columns = tensor.shape[-1]
    return [list(tensor.values[i:i + columns]) for i in range(0, len(tensor.values), columns)]


class ConvertMarian(unittest.TestCase):
    def assert_rows(self, tensor, expected):
        self.assertEqual(tensor.shape[-1], len(expected[0]))
        for row, wanted in zip(rows_of(tensor), expected, strict=True):
            for value, want in zip(row, wanted, strict=True):
                self.assertAlmostEqual(value, want, places=5)

    def convert(self, *arguments, **options):
        data, expected = make_model(*arguments, **options)
        tensors, config = marian.convert(marian.read_items(data, "toy"), "toy")
        return tensors, config, expected

    def test_weights_are_out_by_in(self):
        tensors, config, expected = self.convert()
        self.assert_rows(tensors["model.shared.weight"], expected["Wemb"])
        for source, target in (("encoder_l1_ffn_W1", "model.encoder.layers.0.fc1.weight"),
                               ("encoder_l1_self_Wq", "model.encoder.layers.0.self_attn.q_proj.weight"),
                               ("decoder_l1_rnn_Wf", "model.decoder.layers.0.rnn.forget.weight"),
                               ("decoder_l1_context_Wo", "model.decoder.layers.0.encoder_attn.out_proj.weight")):
            self.assert_rows(tensors[target], list(zip(*expected[source])))
        self.assertEqual(tensors["model.encoder.layers.0.fc1.weight"].shape, (FFN, DIM))
        self.assert_rows(tensors["model.decoder.layers.0.encoder_attn_layer_norm.weight"],
                         expected["decoder_l1_context_Wo_ln_scale"])
        self.assertEqual(config["decoder_autoregression"], "ssru")
        self.assertEqual((config["d_model"], config["encoder_ffn_dim"], config["vocab_size"]), (DIM, FFN, VOCAB))

    def test_every_weight_is_used_once(self):
        for autoregression in ("rnn", "self-attention"):
            tensors, _, expected = self.convert(autoregression)
            self.assertEqual(len(tensors), len(expected))

    def test_ordinary_decoders_keep_their_self_attention(self):
        tensors, config, expected = self.convert("self-attention")
        self.assert_rows(tensors["model.decoder.layers.0.self_attn.v_proj.weight"],
                         list(zip(*expected["decoder_l1_self_Wv"])))
        self.assertEqual(config["decoder_autoregression"], "self-attention")

    def test_what_is_not_supported_is_named(self):
        for old, new, word in (("relu", "gelu", "activation"), ('preprocess: ""', "preprocess: n", "preprocess"),
                               ("type: transformer", "type: s2s", "type"), ("heads: 2", "heads: x", "numbers")):
            with self.assertRaisesRegex(Damaged, word):
                self.convert(settings=SETTINGS.replace(old, new))
        with self.assertRaisesRegex(Damaged, "decoder_l1_extra_W"):
            self.convert(extra={"decoder_l1_extra_W": (DIM, DIM)})

    def test_a_cut_file_is_refused_at_every_byte(self):
        data, _ = make_model()
        for size in range(len(data)):
            with self.assertRaises(Damaged):
                marian.convert(marian.read_items(data[:size], "toy"), "toy")

    def test_damaged_files_end_in_a_plain_error(self):
        data, _ = make_model()
        generator = random.Random(3)
        for _ in range(300):
            changed = bytearray(data)
            for _ in range(3):
                changed[generator.randrange(min(len(data), 4000))] = generator.randrange(256)
            try:
                marian.convert(marian.read_items(bytes(changed), "toy"), "toy")
            except Damaged:
                pass

    def test_vocabulary_becomes_a_unigram_tokenizer(self):
        model = sentencepiece_model.read(make_vocabulary(), "toy")
        tokenizer = sentencepiece_model.to_tokenizer_json(model, "toy")
        self.assertEqual(tokenizer["model"]["unk_id"], 1)
        self.assertEqual(tokenizer["model"]["vocab"][2], ["\u2581w0", -1.5])
        self.assertEqual([token["content"] for token in tokenizer["added_tokens"]], ["</s>", "<unk>"])
        self.assertEqual([part["type"] for part in tokenizer["normalizer"]["normalizers"]], ["Precompiled"])
        with self.assertRaisesRegex(Damaged, "type 2"):
            sentencepiece_model.to_tokenizer_json(sentencepiece_model.read(make_vocabulary(model_type=2), "toy"), "toy")

    def test_a_cut_vocabulary_never_crashes(self):
        data = make_vocabulary()
        for size in range(len(data)):
            try:
                sentencepiece_model.read(data[:size], "toy")
            except Damaged:
                pass

    def test_the_program_writes_the_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder)
            (place / "model.bin").write_bytes(make_model()[0])
            (place / "vocab.spm").write_bytes(make_vocabulary())
            command = [sys.executable, str(CONVERT / "marian.py"), "model.bin", "vocab.spm", "-o", "out"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(sorted(os.listdir(place / "out")), ["config.json", "model.safetensors", "tokenizer.json"])
            data = (place / "out" / "model.safetensors").read_bytes()
            header = json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])
            ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
            self.assertEqual(8 + struct.unpack("<Q", data[:8])[0] + max(ends), len(data))
            (place / "vocab.spm").write_bytes(make_vocabulary(VOCAB + 1))
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("13 pieces", done.stderr)


if __name__ == "__main__":
    unittest.main()
