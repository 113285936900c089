"""tools/convert/whisper.py on a small container made here: every weight where it belongs, damage refused."""

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

import whisper  # noqa: E402
from byte_reader import Damaged  # noqa: E402

VOCAB, DIM, FFN, MELS = 6, 2, 4, 3


def norm(prefix):
    return {f"{prefix}/layer_norm/gamma": (DIM,), f"{prefix}/layer_norm/beta": (DIM,)}


def linear(prefix, rows, columns):
    return {f"{prefix}/weight": (rows, columns), f"{prefix}/bias": (rows,)}


def layer(prefix, kinds):
    shapes = {}
    for kind in kinds:
        block = f"{prefix}/{kind}"
        shapes.update(norm(block))
        if kind == "ffn":
            shapes.update({**linear(f"{block}/linear_0", FFN, DIM), **linear(f"{block}/linear_1", DIM, FFN)})
        elif kind == "self_attention":
            shapes.update({**linear(f"{block}/linear_0", 3 * DIM, DIM), **linear(f"{block}/linear_1", DIM, DIM)})
        else:
            shapes.update({**linear(f"{block}/linear_0", DIM, DIM), **linear(f"{block}/linear_1", 2 * DIM, DIM),
                           **linear(f"{block}/linear_2", DIM, DIM)})
    return shapes


def shapes_of():
    shapes = {"encoder/conv1/weight": (DIM, MELS, 3), "encoder/conv1/bias": (DIM,),
              "encoder/conv2/weight": (DIM, DIM, 3), "encoder/conv2/bias": (DIM,),
              "encoder/position_encodings/encodings": (5, DIM), "decoder/position_encodings/encodings": (7, DIM),
              "decoder/embeddings/weight": (VOCAB, DIM), **norm("encoder"), **norm("decoder")}
    shapes.update(layer("encoder/layer_0", ("self_attention", "ffn")))
    shapes.update(layer("decoder/layer_0", ("self_attention", "attention", "ffn")))
    return shapes


INTEGERS = {"decoder/activation": (1, 3), "decoder/alibi": (1, 0), "decoder/pre_norm": (1, 1),
            "decoder/scale_embeddings": (1, 0), "decoder/start_from_zero_embedding": (1, 0),
            "encoder/num_heads": (2, 1), "decoder/num_heads": (2, 1), "decoder/alignment_layer": (2, -1)}


def text(value):
    return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"


def make_container(spec="WhisperSpec", integers=None, extra=None, key_bias=0):
    """(bytes of a model.bin, {name: values}). Matrices are F16, whose bits are the values here."""
    generator, values, entries = random.Random(5), {}, []
    for name, (kind, value) in {**INTEGERS, **(integers or {})}.items():
        entries.append((name, (), kind, struct.pack({1: "<b", 2: "<h"}[kind], value)))
    for name, shape in {**shapes_of(), **(extra or {})}.items():
        count = 1
        for size in shape:
            count *= size
        numbers = [generator.randrange(0x7C00) for _ in range(count)]
        if name.endswith("self_attention/linear_0/bias"):
            numbers[DIM:2 * DIM] = [key_bias] * DIM
        if name.endswith("/attention/linear_1/bias"):
            numbers[:DIM] = [key_bias] * DIM
        values[name] = numbers
        entries.append((name, shape, 4, struct.pack(f"<{count}H", *numbers)))
    out = struct.pack("<I", 6) + text(spec) + struct.pack("<II", 3, len(entries))
    for name, shape, kind, data in entries:
        out += text(name) + struct.pack(f"<B{len(shape)}IBI", len(shape), *shape, kind, len(data)) + data
    out += struct.pack("<I", 1) + text("decoder/projection/weight") + text("decoder/embeddings/weight")
    return out, values


def convert(data):
    return whisper.convert(whisper.read_variables(data, "toy"), "toy")


class ConvertWhisper(unittest.TestCase):
    def test_weights_keep_their_bits_under_their_new_names(self):
        data, values = make_container()
        tensors, config = convert(data)
        stacked = values["encoder/layer_0/self_attention/linear_0/weight"]
        for i, name in enumerate(("q_proj", "k_proj", "v_proj")):
            tensor = tensors[f"model.encoder.layers.0.self_attn.{name}.weight"]
            self.assertEqual(list(tensor.values), stacked[i * DIM * DIM:(i + 1) * DIM * DIM])
            self.assertEqual((tensor.dtype, tensor.shape), ("F16", (DIM, DIM)))
        cross = values["decoder/layer_0/attention/linear_1/weight"]
        self.assertEqual(list(tensors["model.decoder.layers.0.encoder_attn.v_proj.weight"].values), cross[DIM * DIM:])
        self.assertEqual(list(tensors["model.decoder.layers.0.fc2.weight"].values),
                         values["decoder/layer_0/ffn/linear_1/weight"])
        self.assertNotIn("model.decoder.layers.0.self_attn.k_proj.bias", tensors)
        self.assertEqual(tensors["model.encoder.conv1.weight"].shape, (DIM, MELS, 3))
        self.assertEqual((config["num_mel_bins"], config["max_source_positions"], config["max_target_positions"]),
                         (MELS, 5, 7))

    def test_what_is_not_supported_is_named(self):
        for options, word in (({"spec": "TransformerSpec"}, "TransformerSpec"), ({"key_bias": 5}, "biases for keys"),
                              ({"integers": {"decoder/pre_norm": (1, 0)}}, "pre_norm"),
                              ({"integers": {"encoder/num_heads": (2, 3)}}, "heads"),
                              ({"extra": {"decoder/more": (2,)}}, "decoder/more"),
                              ({"extra": {"decoder/layer_norm/beta": (3,)}}, "layer_norm/beta")):
            with self.assertRaisesRegex(Damaged, word):
                convert(make_container(**options)[0])

    def test_a_cut_file_is_refused_at_every_byte(self):
        data, _ = make_container()
        for size in range(len(data)):
            with self.assertRaises(Damaged):
                convert(data[:size])

    def test_damaged_files_end_in_a_plain_error(self):
        data, _ = make_container()
        generator = random.Random(3)
        for _ in range(300):
            changed = bytearray(data)
            for _ in range(3):
                changed[generator.randrange(len(data))] = generator.randrange(256)
            try:
                convert(bytes(changed))
            except Damaged:
                pass

    def test_the_program_writes_the_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            model, out = os.path.join(folder, "model"), os.path.join(folder, "out")
            os.mkdir(model)
            pathlib.Path(model, "model.bin").write_bytes(make_container()[0])
            pathlib.Path(model, "config.json").write_text('{"suppress_ids": [1, 2], "suppress_ids_begin": [3]}')
            pathlib.Path(model, "tokenizer.json").write_text("{}")
            command = [sys.executable, CONVERT / "whisper.py", model, "-o", out]
            subprocess.run(command, check=True, capture_output=True)
            generation = json.loads(pathlib.Path(out, "generation_config.json").read_text())
            self.assertEqual(generation, {"suppress_tokens": [1, 2], "begin_suppress_tokens": [3],
                                          "is_multilingual": False})
            self.assertEqual(sorted(os.listdir(out)), ["config.json", "generation_config.json", "model.safetensors",
                                                       "tokenizer.json"])
            pathlib.Path(model, "config.json").write_text('{"suppress_ids": ["x"]}')
            failed = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(failed.returncode, 1)
            self.assertIn("suppress_ids", failed.stderr)


if __name__ == "__main__":
    unittest.main()
