#!/usr/bin/env python3
"""Turns an EfficientNet-Lite checkpoint of PyTorch (.pth, legacy format) into a folder that Rowmill loads.

    tools/convert/efficientnet_lite.py efficientnet-lite0.pth -o FOLDER [--class-names names.json]

The folder gets model.safetensors, with the checkpoint's names and shapes, and config.json, which says what the
shapes do not: strides, the size of the pictures and, where they are given, the names of the classes. Nothing in the
file is executed (torch_pickle.py).
"""

import argparse
import json
import os
import re
import sys

import safetensors_file
import torch_pickle
from byte_reader import Damaged

# Strides of the seven stages (arXiv:1905.11946, table 1); a stage's first block has its stride.
STAGE_STRIDES = (1, 2, 2, 2, 1, 2, 1)
COUNTER = "num_batches_tracked"


def kernel_and_shape(tensors, name, source):
    if name not in tensors:
        raise Damaged(f"{source}: there is no '{name}'")
    shape = tensors[name][0]
    if len(shape) != 4 or shape[2] != shape[3]:
        raise Damaged(f"{source}: '{name}' has the shape {list(shape)}, expected a square convolution")
    return shape


def read_blocks(tensors, source):
    """What each block is, by the shapes of its weights; strides from where the number of channels changes."""
    numbers = {int(match[1]) for name in tensors if (match := re.match(r"_blocks\.(\d+)\.", name))}
    if numbers != set(range(len(numbers))) or not numbers:
        raise Damaged(f"{source}: the blocks are not numbered from 0 on")
    blocks, channels, stage = [], kernel_and_shape(tensors, "_conv_stem.weight", source)[0], -1
    for i in sorted(numbers):
        name = f"_blocks.{i}."
        out, expanded = kernel_and_shape(tensors, name + "_project_conv.weight", source)[:2]
        kernel = kernel_and_shape(tensors, name + "_depthwise_conv.weight", source)[2]
        if expanded % channels:
            raise Damaged(f"{source}: block {i} does not expand {channels} channels to a multiple")
        begins_stage = not blocks or out != blocks[-1]["out"]
        if begins_stage:
            stage += 1
        if stage >= len(STAGE_STRIDES):
            raise Damaged(f"{source}: more than {len(STAGE_STRIDES)} stages")
        blocks.append({"kernel": kernel, "stride": STAGE_STRIDES[stage] if begins_stage else 1,
                       "expand": expanded // channels, "out": out})
        channels = out
    if stage + 1 != len(STAGE_STRIDES):
        raise Damaged(f"{source}: {stage + 1} stages, expected {len(STAGE_STRIDES)}")
    return blocks


def read_class_names(content, source):
    """Of a JSON object {"0": "tench", ...}, a JSON list of names, or lines: the names by number. Raises Damaged."""
    if content.lstrip()[:1] in ("{", "["):
        try:
            names = json.loads(content)
        except json.JSONDecodeError as error:
            raise Damaged(f"{source}: {error}") from error
        if isinstance(names, dict):
            if set(names) != {str(i) for i in range(len(names))}:
                raise Damaged(f"{source}: the classes are not numbered from 0 on")
            names = [names[str(i)] for i in range(len(names))]
    else:
        names = content.splitlines()
    if not all(isinstance(name, str) and name.strip() for name in names):
        raise Damaged(f"{source}: a class has no name")
    return [name.strip() for name in names]


def convert(data, source, image_size, class_names=None):
    """(tensors, config). Raises Damaged."""
    read = torch_pickle.read_state_dict(data, source)
    tensors = {}
    for name, (shape, values) in read.items():
        if name.endswith(COUNTER):
            continue
        if values.typecode != "f":
            raise Damaged(f"{source}: '{name}' is not of floats")
        tensors[name] = safetensors_file.Tensor("F32", shape, values)
    blocks = read_blocks(read, source)
    if "_fc.weight" not in read or len(read["_fc.weight"][0]) != 2:
        raise Damaged(f"{source}: there is no classifier '_fc.weight'")
    config = {
        "architectures": ["EfficientNetLite"], "model_type": "efficientnet-lite", "image_size": image_size,
        "crop_fraction": 0.875, "batch_norm_eps": 1e-3, "stem_dim": read["_conv_stem.weight"][0][0],
        "head_dim": kernel_and_shape(read, "_conv_head.weight", source)[0],
        "num_classes": read["_fc.weight"][0][0], "blocks": blocks,
    }
    if class_names is not None:
        if len(class_names) != config["num_classes"]:
            raise Damaged(f"{source} has {config['num_classes']} classes, and there are {len(class_names)} names")
        config["id2label"] = {str(i): name for i, name in enumerate(class_names)}
    return tensors, config


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("-o", "--output", required=True, metavar="FOLDER")
    parser.add_argument("--image-size", type=int, default=224, help="side of the pictures (default: 224, of Lite0)")
    parser.add_argument("--class-names", metavar="FILE", help='names of the classes: {"0": ...}, a JSON list, or lines')
    arguments = parser.parse_args()
    try:
        names = None
        if arguments.class_names:
            with open(arguments.class_names, encoding="utf-8") as file:
                names = read_class_names(file.read(), arguments.class_names)
        with open(arguments.checkpoint, "rb") as file:
            tensors, config = convert(file.read(), arguments.checkpoint, arguments.image_size, names)
    except (Damaged, OSError, UnicodeDecodeError) as error:
        sys.exit(f"{os.path.basename(sys.argv[0])}: {error}")
    os.makedirs(arguments.output, exist_ok=True)
    safetensors_file.write(os.path.join(arguments.output, "model.safetensors"), tensors)
    with open(os.path.join(arguments.output, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
