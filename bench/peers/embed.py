#!/usr/bin/env python3
"""MiniLM embeddings beside onnxruntime and OpenVINO, in turns in one run, for the table of docs/benchmarks.md.

    bench/peers/embed.py [--rounds N] [--texts N] [--run-with 'nice -n -15'] [--openvino-python PATH]

The texts are sentences of STS-B dev and items of AG News, mixed: short and long ones in no order. The others get
token ids, sorted by length and padded to the longest of each batch of 64, which is the best that padding can do
(and unsorted, to see what that is worth); their time is that of the inferences alone. Rowmill's runs from the first
row read to the last vector written as text, tokenising and the journal included. Each measurement is a fresh process
with a warm-up. Needs numpy, tokenizers, safetensors, onnx, onnxruntime; openvino in the environment of
--openvino-python.
"""

import argparse
import csv
import json
import os
import pathlib
import random
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("ROWMILL_SHARED", ROOT.parent / "shared"))
BINARY = os.environ.get("ROWMILL_BINARY", str(ROOT / "build/release/rowmill"))
MODEL = pathlib.Path(os.environ.get("ROWMILL_MODELS", pathlib.Path.home() / ".cache/rowmill/models")) / "minilm"
THREADS = len(os.sched_getaffinity(0))
BATCH = 64


def read_texts(count):
    with open(SHARED / "data/stsb/stsb-en-dev.csv", encoding="utf-8", newline="") as file:
        sides = [side for row in csv.reader(file) for side in row[:2]]
    with open(SHARED / "data/ag_news/test-first4000.csv", encoding="utf-8", newline="") as file:
        news = [row[1] + ". " + row[2] for row in csv.reader(file)]
    texts = sides[:count * 3 // 4] + news[:count - min(len(sides), count * 3 // 4)]
    random.Random(1).shuffle(texts)
    return texts


def batches(ids, by_length):
    order = sorted(range(len(ids)), key=lambda i: len(ids[i])) if by_length else range(len(ids))
    for begin in range(0, len(ids), BATCH):
        rows = list(order)[begin:begin + BATCH]
        width = max(len(ids[i]) for i in rows)
        tokens, mask = np.zeros((2, len(rows), width), np.int64)
        for row, i in enumerate(rows):
            tokens[row, :len(ids[i])] = ids[i]
            mask[row, :len(ids[i])] = 1
        yield rows, {"input_ids": tokens, "attention_mask": mask}


def onnxruntime_session(path, _):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda feed: session.run(None, feed)[0]


def openvino_session(path, precision):
    import openvino
    core = openvino.Core()
    config = {"INFERENCE_NUM_THREADS": THREADS, "PERFORMANCE_HINT": "LATENCY"}
    if precision != "default":
        config["INFERENCE_PRECISION_HINT"] = precision
    model = core.compile_model(core.read_model(path), "CPU", config)
    return lambda feed: model(feed)[0]


def work(engine, order, folder):
    """In a process of its own: prints the seconds; leaves the vectors."""
    name, _, precision = engine.partition(":")
    ids = json.loads((folder / "ids.json").read_text())
    run = {"onnxruntime": onnxruntime_session, "openvino": openvino_session}[name](
        str(folder / "minilm.onnx"), precision or "default")
    for _, feed in list(batches(ids, order == "sorted"))[::8]:  # every length class once
        run(feed)
    vectors = np.zeros((len(ids), 384), np.float32)
    started = time.perf_counter()
    for rows, feed in batches(ids, order == "sorted"):
        vectors[rows] = run(feed)
    seconds = time.perf_counter() - started
    np.save(folder / "vectors.npy", vectors)
    print(seconds)


def other(engine, order, folder, options):
    python = options.openvino_python if engine.startswith("openvino") else sys.executable
    command = [*options.run_with, python, __file__, "--worker", engine, "--order", order, "--folder", str(folder)]
    seconds = float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1])
    return seconds, np.load(folder / "vectors.npy")


def rowmill(numerics, folder, options):
    output = folder / "out.jsonl"
    command = [*options.run_with, BINARY, "embed", str(folder / "in.jsonl"), "-o", str(output), "-m", str(MODEL),
               "--numerics", numerics, "--overwrite", "--progress", "none", "--overflow", "tail", "--dedupe", "off"]
    subprocess.run(command, check=True, stderr=subprocess.PIPE)
    seconds = json.loads((folder / "out.jsonl.run.json").read_text())["measures"]["wall_seconds"]
    with open(output, encoding="utf-8") as rows:
        return seconds, np.array([json.loads(row)["embedding"] for row in rows], np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--texts", type=int, default=4000)
    parser.add_argument("--run-with", type=shlex.split, default=[])
    parser.add_argument("--openvino-python", default=sys.executable)
    parser.add_argument("--engines", nargs="*", help="such as 'rowmill auto' 'openvino sorted'; all of them")
    parser.add_argument("--worker")
    parser.add_argument("--order", default="sorted")
    parser.add_argument("--folder", type=pathlib.Path)
    options = parser.parse_args()
    if options.worker:
        return work(options.worker, options.order, options.folder)
    from tokenizers import Tokenizer

    import minilm_onnx
    texts = read_texts(options.texts)
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(512)
    ids = [tokenizer.encode(text).ids for text in texts]
    tokens = sum(map(len, ids))
    print(f"{len(texts)} texts, {tokens} tokens, longest {max(map(len, ids))}; {THREADS} threads")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "ids.json").write_text(json.dumps(ids))
        (folder / "in.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        (folder / "minilm.onnx").write_bytes(minilm_onnx.build(MODEL).SerializeToString())
        runs = {"rowmill f32": lambda: rowmill("f32", folder, options),
                "rowmill auto": lambda: rowmill("auto", folder, options)}
        for engine in ("onnxruntime", "openvino", "openvino:f32"):
            runs[f"{engine} sorted"] = lambda engine=engine: other(engine, "sorted", folder, options)
        runs["onnxruntime unsorted"] = lambda: other("onnxruntime", "unsorted", folder, options)
        runs = {run: measure for run, measure in runs.items() if not options.engines or run in options.engines}
        seconds, exact = {}, None
        for _ in range(options.rounds):
            for run, measure in runs.items():
                took, vectors = measure()
                seconds.setdefault(run, []).append(took)
                exact = vectors if run == "rowmill f32" else exact
                cosine = "" if exact is None else " cosine to rowmill f32 {:.6f}, least {:.6f}".format(
                    *(lambda c: (c.mean(), c.min()))((vectors * exact).sum(1)))
                print(f"  {run:24} {took:6.2f} s{cosine}", flush=True)
        for run, took in seconds.items():
            median = statistics.median(took)
            print(f"{run:24} {len(texts) / median:8.0f} texts/s {tokens / median:8.0f} tokens/s "
                  f"({min(took):.2f} to {max(took):.2f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
