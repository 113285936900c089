"""tools/convert/efficientnet_lite.py on checkpoints made here, instruction by instruction: every weight where it
belongs, and nothing that a pickle could do besides is done."""

import array
import pathlib
import pickle
import struct
import sys
import tempfile
import unittest
import zipfile

CONVERT = pathlib.Path(__file__).resolve().parents[2] / "tools" / "convert"
sys.path.insert(0, str(CONVERT))

import efficientnet_lite  # noqa: E402
import torch_pickle  # noqa: E402
from byte_reader import Damaged  # noqa: E402
from small_pickle import archive, glob, number, pickled, state_dict, tensor, text, tuple_of  # noqa: E402

HEADER = (pickled(b"\x8a\x0a" + torch_pickle.MAGIC.to_bytes(10, "little")) + pickled(number(1001)) +
          pickled(b"}(" + text("little_endian") + b"\x88u"))


def checkpoint(entries, storages, header=HEADER):
    """`entries`: names and pickled tensors; `storages`: keys and arrays."""
    keys = pickled(b"](" + b"".join(text(key) for key, _ in storages) + b"e")
    numbers = b"".join(struct.pack("<q", len(values)) + values.tobytes() for _, values in storages)
    return header + state_dict(entries) + keys + numbers


def floats(*values):
    return array.array("f", values)


class StateDictTest(unittest.TestCase):
    def read(self, data):
        return torch_pickle.read_state_dict(data, "test.pth")

    def refused(self, data, words=""):
        with self.assertRaises(Damaged) as caught:
            self.read(data)
        self.assertIn(words, str(caught.exception))

    def test_tensors_by_any_strides(self):
        values = floats(*range(6))
        read = self.read(checkpoint(
            [("a", tensor("0", 6, (2, 3), (3, 1))), ("turned", tensor("0", 6, (3, 2), (1, 3))),
             ("part", tensor("0", 6, (2,), (2,), offset=1)), ("one", tensor("0", 6, (1, 1), (9, 9), offset=5)),
             ("repeated", tensor("0", 6, (2, 2), (0, 1)))], [("0", values)]))
        self.assertEqual(read["a"], ((2, 3), floats(0, 1, 2, 3, 4, 5)))
        self.assertEqual(read["turned"], ((3, 2), floats(0, 3, 1, 4, 2, 5)))
        self.assertEqual(read["part"], ((2,), floats(1, 3)))
        self.assertEqual(read["one"], ((1, 1), floats(5)))
        self.assertEqual(read["repeated"], ((2, 2), floats(0, 1, 0, 1)))

    def test_archives(self):
        entries = [("a", tensor("0", 4, (2, 2), (1, 2))), ("b", tensor("k", 2, (2,), (1,), kind="HalfStorage"))]
        storages = [("0", floats(1, 2, 3, 4)), ("k", array.array("H", [0x3C00, 0x4000]))]
        read = self.read(archive(entries, storages))
        self.assertEqual(read["a"], ((2, 2), floats(1, 3, 2, 4)))
        self.assertEqual(read["b"], ((2,), storages[1][1]))
        self.refused(archive(entries, storages[:1]), "the storage k are missing")
        self.refused(archive(entries, [("0", floats(1)), storages[1]]), "left")
        self.refused(archive(entries, storages, zipfile.ZIP_DEFLATED), "compressed")
        self.refused(archive([("a", glob("os", "system"))], []), "not let in")
        data = archive(entries, storages)
        for size in range(len(data)):
            self.refused(data[:size])

    def test_nothing_is_called(self):
        with tempfile.TemporaryDirectory() as folder:
            trace = pathlib.Path(folder) / "executed"

            class Attack:
                def __reduce__(self):
                    return (open, (str(trace), "w"))

            self.refused(HEADER + pickle.dumps({"a": Attack()}, protocol=2), "not let in")
            self.refused(pickle.dumps(Attack(), protocol=2), "not let in")
            for protocol in range(6):
                self.refused(pickle.dumps([Attack()], protocol=protocol))
            self.assertFalse(trace.exists())
        for name in ("os\nsystem", "builtins\neval", "torch\nload", "collections\ndefaultdict"):
            self.refused(HEADER + pickled(b"c" + name.encode() + b"\n"), "not let in")
        ordered = glob("collections", "OrderedDict")
        self.refused(HEADER + pickled(ordered + tuple_of(number(1)) + b"R"), "calls")
        self.refused(HEADER + pickled(text("x") + b")R"), "no function")

    def test_every_truncation_is_damage(self):
        data = checkpoint([("a", tensor("0", 2, (2,), (1,)))], [("0", floats(1, 2))])
        self.read(data)
        for size in range(len(data)):
            self.refused(data[:size])

    def test_hostile_numbers_and_shapes(self):
        def one(*arguments, **options):
            return checkpoint([("a", tensor(*arguments, **options))], [("0", floats(1, 2))])

        self.refused(one("0", 2, (3,), (1,)), "beyond its storage")
        self.refused(one("0", 2, (2,), (2,)), "beyond its storage")
        self.refused(one("0", 2, (2,), (1,), offset=1), "beyond its storage")
        self.refused(one("0", 2, (2**30, 2**30), (0, 0)), "beyond its storage")
        self.refused(one("0", 2, (-1,), (1,)), "arguments")
        self.refused(one("0", 2, (1,), (1,), offset=-1), "arguments")
        self.refused(one("0", 2, (1, 1), (1,)), "arguments")
        self.refused(one("0", 3, (2,), (1,)), "another size")
        self.refused(one("1", 2, (2,), (1,)), "no tensor has")
        self.refused(checkpoint([("a", tensor("0", 2, (2,), (1,)))], []), "missing")
        self.refused(checkpoint([("a", number(3))], []), "no state dict")
        self.refused(HEADER + pickled(b"(" * 2000000 + b"."), "too many")
        self.refused(HEADER + pickled(b"h\x07"), "nothing is")
        self.refused(HEADER + pickled(b"X\xff\xff\xff\xff"), "left")


def small_checkpoint():
    """Weights of EfficientNet-Lite's names and shapes, with 8 channels for all."""
    entries, storages = [], []

    def add(name, *shape):
        count = 1
        for size in shape:
            count *= size
        strides, step = [], 1
        for size in reversed(shape):
            strides.insert(0, step)
            step *= size
        key = str(len(storages))
        entries.append((name, tensor(key, count, shape, strides)))
        storages.append((key, array.array("f", (len(storages) + i for i in range(count)))))

    def norm(name, channels):
        for part in ("weight", "bias", "running_mean", "running_var"):
            add(f"{name}.{part}", channels)

    add("_conv_stem.weight", 8, 3, 3, 3)
    norm("_bn0", 8)
    outs = [4, 5, 5, 6, 7, 9, 10, 11]
    channels = 8
    for i, out in enumerate(outs):
        expanded = channels if i == 0 else 2 * channels
        if i:
            add(f"_blocks.{i}._expand_conv.weight", expanded, channels, 1, 1)
            norm(f"_blocks.{i}._bn0", expanded)
        add(f"_blocks.{i}._depthwise_conv.weight", expanded, 1, 3 + 2 * (i % 2), 3 + 2 * (i % 2))
        norm(f"_blocks.{i}._bn1", expanded)
        add(f"_blocks.{i}._project_conv.weight", out, expanded, 1, 1)
        norm(f"_blocks.{i}._bn2", out)
        channels = out
    add("_conv_head.weight", 12, channels, 1, 1)
    norm("_bn1", 12)
    add("_fc.weight", 3, 12)
    add("_fc.bias", 3)
    return entries, storages


class ConvertTest(unittest.TestCase):
    def test_blocks_are_read_off_the_shapes(self):
        entries, storages = small_checkpoint()
        tensors, config = efficientnet_lite.convert(checkpoint(entries, storages), "test.pth", 224)
        self.assertEqual((config["stem_dim"], config["head_dim"], config["num_classes"]), (8, 12, 3))
        self.assertEqual([block["out"] for block in config["blocks"]], [4, 5, 5, 6, 7, 9, 10, 11])
        self.assertEqual([block["stride"] for block in config["blocks"]], [1, 2, 1, 2, 2, 1, 2, 1])
        self.assertEqual([block["kernel"] for block in config["blocks"]], [3, 5] * 4)
        self.assertEqual([block["expand"] for block in config["blocks"]], [1] + [2] * 7)
        self.assertEqual(tensors["_conv_stem.weight"].shape, (8, 3, 3, 3))
        self.assertEqual(tensors["_fc.bias"].values, floats(len(storages) - 1, len(storages), len(storages) + 1))

    def test_names_of_classes(self):
        read = efficientnet_lite.read_class_names
        for content in ('{"0": "fir", "2": "elm ", "1": "gum"}', '["fir", "gum", "elm"]', "fir\ngum\nelm\n"):
            self.assertEqual(read(content, "names"), ["fir", "gum", "elm"])
        data = checkpoint(*small_checkpoint())
        _, config = efficientnet_lite.convert(data, "test.pth", 224, ["fir", "gum", "elm"])
        self.assertEqual(config["id2label"], {"0": "fir", "1": "gum", "2": "elm"})
        self.assertNotIn("id2label", efficientnet_lite.convert(data, "test.pth", 224)[1])
        for content in ('{"0": "fir", "2": "elm"}', '["fir", 1]', "fir\n\nelm", '{"0": '):
            with self.assertRaises(Damaged):
                read(content, "names")
        with self.assertRaises(Damaged) as caught:
            efficientnet_lite.convert(data, "test.pth", 224, ["fir"])
        self.assertIn("3 classes, and there are 1 names", str(caught.exception))

    def test_what_is_missing_is_said(self):
        entries, storages = small_checkpoint()
        for name in ("_conv_stem.weight", "_blocks.3._project_conv.weight", "_conv_head.weight", "_fc.weight"):
            some = [(entry, kept) for entry, kept in zip(entries, storages) if entry[0] != name]
            with self.assertRaises(Damaged) as caught:
                efficientnet_lite.convert(checkpoint([e for e, _ in some], [s for _, s in some]), "test.pth", 224)
            self.assertIn(name.split(".weight")[0], str(caught.exception))


if __name__ == "__main__":
    unittest.main()
