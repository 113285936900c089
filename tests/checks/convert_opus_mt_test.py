"""tools/convert/opus_mt.py on folders made here: one list of tokens out of three files, damage refused."""

import array
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

CONVERT = pathlib.Path(__file__).resolve().parents[2] / "tools" / "convert"
sys.path.insert(0, str(CONVERT))

from small_pickle import archive, tensor  # noqa: E402
from small_sentencepiece import CONTROL, NORMAL, UNKNOWN, make_model  # noqa: E402

ENDS = [("</s>", 0.0, CONTROL), ("<unk>", 0.0, UNKNOWN)]
SOURCE = make_model([*ENDS, ("\u2581a", -1.0, NORMAL), ("\u2581same", -2.0, NORMAL), ("rare", -9.0, NORMAL)])
TARGET = make_model([*ENDS, ("\u2581same", -3.0, NORMAL), ("\u2581um", -1.0, NORMAL), ("\u00e3", -4.0, NORMAL)])
TOKENS = ["</s>", "<unk>", "\u2581um", "\u2581same", "\u2581a", ">>por<<", "<pad>", "\u00e3"]
CONFIG = {"model_type": "marian", "vocab_size": len(TOKENS)}


class ConvertOpusMt(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.place = pathlib.Path(folder.name)
        (self.place / "in").mkdir()
        self.write("source.spm", SOURCE)
        self.write("target.spm", TARGET)
        self.write("vocab.json", json.dumps({token: i for i, token in enumerate(TOKENS)}).encode())
        self.write("config.json", json.dumps(CONFIG).encode())
        entries = [("model.shared.weight", tensor("0", 4, (2, 2), (2, 1))),
                   ("model.encoder.embed_positions.weight", tensor("0", 4, (2, 2), (2, 1)))]
        self.write("pytorch_model.bin", archive(entries, [("0", array.array("f", [1, 2, 3, 4]))]))

    def write(self, name, data):
        (self.place / "in" / name).write_bytes(data)

    def convert(self, output="out"):
        return subprocess.run([sys.executable, str(CONVERT / "opus_mt.py"), "in", "-o", output], cwd=self.place,
                              capture_output=True, text=True, check=False)

    def test_tokens_have_the_ids_of_the_list_and_the_scores_of_the_source(self):
        done = self.convert()
        self.assertEqual(done.returncode, 0, done.stderr)
        tokenizer = json.loads((self.place / "out" / "tokenizer.json").read_text(encoding="utf-8"))
        self.assertEqual(tokenizer["model"]["vocab"], [["</s>", 0.0], ["<unk>", 0.0], ["\u2581um", None],
                                                       ["\u2581same", -2.0], ["\u2581a", -1.0], [">>por<<", 0.0],
                                                       ["<pad>", 0.0], ["\u00e3", -19.0]])
        self.assertEqual([(token["id"], token["special"]) for token in tokenizer["added_tokens"]],
                         [(0, True), (1, True), (5, True), (6, True)])
        data = (self.place / "out" / "model.safetensors").read_bytes()
        self.assertIn(b"model.shared.weight", data)
        self.assertNotIn(b"embed_positions", data)

    def test_what_does_not_fit_is_named(self):
        self.assertIn("another folder", self.convert("in").stderr)
        for name, data, words in (
                ("config.json", b'{"model_type": "t5"}', "expected marian"),
                ("config.json", json.dumps({**CONFIG, "vocab_size": 9}).encode(), "8 tokens"),
                ("config.json", json.dumps({**CONFIG, "share_encoder_decoder_embeddings": False}).encode(), "own"),
                ("vocab.json", b'{"</s>": 0, "<unk>": 2}', "each once"),
                ("vocab.json", b'{"</s>": 0, "b": 1}', "no '<unk>'"),
                ("vocab.json", b"[" * 100000, "JSON"),
                ("source.spm", SOURCE[:-3], "source.spm"),
                ("source.spm", make_model([*ENDS, ("x", -1.0, NORMAL)]), "different models"), ("target.spm", b"\x12\x00", "no pieces"),
                ("pytorch_model.bin", b"PK\x03\x04", "archive")):
            with self.subTest(name=name, words=words):
                kept = (self.place / "in" / name).read_bytes()
                self.write(name, data)
                done = self.convert()
                self.write(name, kept)
                self.assertEqual(done.returncode, 1)
                self.assertIn(words, done.stderr)
                self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    unittest.main()
