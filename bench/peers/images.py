#!/usr/bin/env python3
"""EfficientNet-Lite0 over JPEG files beside onnxruntime, in turns in one run, and the table of docs/benchmarks.md.

    bench/peers/images.py [--rounds N] [--repeat N]

Needs onnx, onnxruntime, numpy and Pillow in the environment that runs this; the model by scripts/get_model.sh
efficientnet-lite0, the pictures in ../shared/data/imagenet. Both engines get the same weights (batch norms folded
into the convolutions), the same files and all cores. `whole` is from files to answers: reading, decoding, cropping
and resizing counted; onnxruntime's side uses Pillow, one thread per core, each with its own picture and
a session of one thread (one session of all cores is measured as well). `model` is the network alone, on
prepared pixels; Rowmill's is what its units report.
"""

import argparse
import concurrent.futures
import io
import json
import os
import pathlib
import statistics
import struct
import subprocess
import tempfile
import time

import machine
import numpy
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
THREADS = len(os.sched_getaffinity(0))
SHARED = pathlib.Path(os.environ.get("ROWMILL_SHARED", ROOT.parent / "shared"))
BINARY = os.environ.get("ROWMILL_BINARY", str(ROOT / "build/release/rowmill"))
MODEL = pathlib.Path(os.environ.get("ROWMILL_MODELS", pathlib.Path.home() / ".cache/rowmill/models"))
SIZE, BATCH = 224, 8


def read_safetensors(path):
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    tensors = {}
    for name, entry in json.loads(data[8:8 + size]).items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            tensors[name] = numpy.frombuffer(data[8 + size + begin:8 + size + end], "<f4").reshape(entry["shape"])
    return tensors


def onnx_model(folder):
    """The folder as an ONNX graph, opset 13, input [N, 3, 224, 224], output logits."""
    weights, config = read_safetensors(folder / "model.safetensors"), json.loads((folder / "config.json").read_text())
    nodes, constants = [], []

    def constant(name, values):
        constants.append(numpy_helper.from_array(numpy.ascontiguousarray(values, numpy.float32), name))
        return name

    def convolution(x, name, norm, stride=1, groups=1, clip=True):
        gain = weights[norm + ".weight"] / numpy.sqrt(weights[norm + ".running_var"] + config["batch_norm_eps"])
        kernel = weights[name + ".weight"] * gain[:, None, None, None]
        bias = weights[norm + ".bias"] - weights[norm + ".running_mean"] * gain
        nodes.append(helper.make_node(
            "Conv", [x, constant(name + ".w", kernel), constant(name + ".b", bias)], [name], group=groups,
            auto_pad="SAME_UPPER", strides=[stride] * 2, kernel_shape=kernel.shape[2:]))
        if clip:
            nodes.append(helper.make_node("Clip", [name, "low", "high"], [name + ".clip"]))
        return name + (".clip" if clip else "")

    constant("low", 0.0)
    constant("high", 6.0)
    x, channels = convolution("pixels", "_conv_stem", "_bn0", 2), config["stem_dim"]
    for i, block in enumerate(config["blocks"]):
        name, before, expanded = f"_blocks.{i}.", x, channels * block["expand"]
        if block["expand"] > 1:
            x = convolution(x, name + "_expand_conv", name + "_bn0")
        x = convolution(x, name + "_depthwise_conv", name + "_bn1", block["stride"], expanded)
        x = convolution(x, name + "_project_conv", name + "_bn2", clip=False)
        if block["stride"] == 1 and channels == block["out"]:
            nodes.append(helper.make_node("Add", [x, before], [name + "sum"]))
            x = name + "sum"
        channels = block["out"]
    x = convolution(x, "_conv_head", "_bn1")
    nodes.append(helper.make_node("GlobalAveragePool", [x], ["mean"]))
    nodes.append(helper.make_node("Flatten", ["mean"], ["flat"]))
    nodes.append(helper.make_node("Gemm", ["flat", constant("fc.w", weights["_fc.weight"]),
                                           constant("fc.b", weights["_fc.bias"])], ["logits"], transB=1))
    graph = helper.make_graph(
        nodes, "efficientnet-lite", [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 3, SIZE, SIZE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", config["num_classes"]])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    return model.SerializeToString()


def session(model, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def prepare(data):
    image = Image.open(io.BytesIO(data)).convert("RGB")
    width, height = image.size
    side = int(0.875 * min(width, height))
    x, y = (width - side + 1) // 2, (height - side + 1) // 2
    image = image.crop((x, y, x + side, y + side)).resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    return (numpy.asarray(image, numpy.float32) - 127) / 128


def top(logits):
    return [int(row) for row in logits.argmax(1)]


def batches(items):
    return [items[i:i + BATCH] for i in range(0, len(items), BATCH)]


class Engines:
    def __init__(self, files, folder):
        self.files, self.folder = files, folder
        self.model = onnx_model(MODEL / "efficientnet-lite0")
        self.sessions = [session(self.model, 1) for _ in range(THREADS)]
        self.wide = session(self.model, THREADS)
        self.pixels = [numpy.stack([prepare(path.read_bytes()) for path in batch]).transpose(0, 3, 1, 2).copy()
                       for batch in batches(files)]

    def rowmill(self, *arguments):
        (self.folder / "in.txt").write_text("".join(f"{path}\n" for path in self.files))
        output = self.folder / "out.jsonl"
        subprocess.run([BINARY, "recognize", self.folder / "in.txt", "-o", output, "--overwrite", "--dedupe", "off",
                        "--progress", "none", *arguments], check=True, stderr=subprocess.PIPE)
        report = json.loads((self.folder / "out.jsonl.run.json").read_text())
        units = report["measures"]["units"]
        model = sum(unit["model_seconds"] for unit in units) / len(units)
        with open(output, encoding="utf-8") as rows:
            answers = [int(json.loads(row)["label"]) for row in rows]
        return {"whole": report["measures"]["wall_seconds"], "model": model}, answers

    def by_threads(self, work, items):
        """work(item, session) over threads that have a session each."""
        free = list(self.sessions)

        def run(item):
            mine = free.pop()
            try:
                return work(item, mine)
            finally:
                free.append(mine)

        started = time.perf_counter()
        with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
            answers = list(pool.map(run, items))
        return time.perf_counter() - started, answers

    def onnx_whole(self, size):
        def work(paths, mine):
            pixels = numpy.stack([prepare(path.read_bytes()) for path in paths]).transpose(0, 3, 1, 2)
            return top(mine.run(None, {"pixels": numpy.ascontiguousarray(pixels)})[0])

        seconds, answers = self.by_threads(work, [self.files[i:i + size] for i in range(0, len(self.files), size)])
        return {"whole": seconds}, sum(answers, [])

    def onnx_model_only(self, size):
        pieces = [pixels[i:i + size] for pixels in self.pixels for i in range(0, len(pixels), size)]
        seconds, answers = self.by_threads(lambda x, mine: top(mine.run(None, {"pixels": x})[0]), pieces)
        return {"model": seconds}, sum(answers, [])

    def onnx_wide(self):
        started = time.perf_counter()
        answers = sum((top(self.wide.run(None, {"pixels": x})[0]) for x in self.pixels), [])
        return {"model": time.perf_counter() - started}, answers


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeat", type=int, default=4, help="how many times each picture is there")
    arguments = parser.parse_args()
    files = sorted((SHARED / "data/imagenet").glob("*.JPEG")) * arguments.repeat
    with tempfile.TemporaryDirectory() as folder:
        engines = Engines(files, pathlib.Path(folder))
        runs = {
            "Rowmill, f32": engines.rowmill,
            "Rowmill, int8": lambda: engines.rowmill("--numerics", "int8"),
            "onnxruntime, 1 picture per thread": lambda: merge(engines.onnx_whole(1), engines.onnx_model_only(1)),
            f"onnxruntime, {BATCH} pictures per thread":
                lambda: merge(engines.onnx_whole(BATCH), engines.onnx_model_only(BATCH)),
            f"onnxruntime, {BATCH} pictures at a time, all cores": engines.onnx_wide,
        }
        watch = machine.Watch()
        seconds, answers = {name: [] for name in runs}, {}
        for _ in range(arguments.rounds):
            for name, run in runs.items():
                times, answers[name] = run()
                seconds[name].append(times)
        busy = watch.read()
    facts = machine.describe()
    print(f"{facts['cpu']} (family {facts['family']}, model {facts['model']}), {facts['cores']} cores, median of "
          f"{arguments.rounds} rounds, {len(files)} pictures, onnxruntime {onnxruntime.__version__}, "
          f"Pillow {Image.__version__}" + f"; {busy}")
    print("\n| engine | whole, images/s | model alone, images/s | same top-1 as onnxruntime |")
    print("| --- | ---: | ---: | ---: |")
    reference = answers["onnxruntime, 1 picture per thread"]
    for name, rounds in seconds.items():
        cells = []
        for part in ("whole", "model"):
            times = [times[part] for times in rounds if part in times]
            cells.append(f"{len(files) / statistics.median(times):.1f}" if times else "")
        same = sum(a == b for a, b in zip(answers[name], reference))
        print(f"| {name} | {cells[0]} | {cells[1]} | {same} of {len(files)} |")


def merge(first, second):
    return {**first[0], **second[0]}, first[1]


if __name__ == "__main__":
    main()
