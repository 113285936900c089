#!/usr/bin/env python3
"""Makes tests/data/image_models: tiny random models of pictures, and what an independent forward pass makes of
pictures that a formula gives.

    tools/make_image_model_goldens.py tests/data/image_models        (needs numpy)

The forward passes are written here, in double precision and without any trick: one multiplication per weight.
Every dimension differs from the others, so that no two can be exchanged unnoticed.
"""

import argparse
import json
import math
import pathlib
import sys

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "convert"))
import safetensors_file  # noqa: E402

SEEDS = (1, 2, 3)


def picture(size, seed):
    """Bytes [size, size, 3], as tests/unit/models/image_model_test.cc makes them."""
    index = numpy.arange(size * size * 3, dtype=numpy.uint64)
    return ((index * 2654435761 + seed * 40503) % 2**32 >> 24).astype(numpy.float64).reshape(size, size, 3)


def write_folder(folder, weights, config):
    import array
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: safetensors_file.Tensor("F32", values.shape, array.array("f", values.astype("<f4").tobytes()))
               for name, values in weights.items()}
    safetensors_file.write(folder / "model.safetensors", tensors)
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")


# ---- EfficientNet-Lite ---------------------------------------------------------------------

EFFICIENTNET = {
    "architectures": ["EfficientNetLite"], "model_type": "efficientnet-lite", "image_size": 37,
    "crop_fraction": 0.875, "batch_norm_eps": 1e-3, "stem_dim": 16, "head_dim": 40, "num_classes": 7,
    "blocks": [
        {"kernel": 3, "stride": 1, "expand": 1, "out": 8}, {"kernel": 3, "stride": 2, "expand": 6, "out": 12},
        {"kernel": 5, "stride": 1, "expand": 3, "out": 12}, {"kernel": 5, "stride": 2, "expand": 4, "out": 20},
        {"kernel": 3, "stride": 1, "expand": 2, "out": 20}, {"kernel": 3, "stride": 1, "expand": 1, "out": 24}],
    "id2label": {str(i): name for i, name in enumerate("alder birch cedar durian elm fir gum".split())},
}


def efficientnet_weights(config, random):
    weights = {}

    def convolution(name, out, inputs, kernel):
        weights[name + ".weight"] = random.normal(0, 1.6 / math.sqrt(inputs * kernel * kernel),
                                                  (out, inputs, kernel, kernel))

    def norm(name, channels):
        weights[name + ".weight"] = random.uniform(0.5, 1.5, channels)
        weights[name + ".bias"] = random.normal(0.3, 0.3, channels)
        weights[name + ".running_mean"] = random.normal(0, 0.2, channels)
        weights[name + ".running_var"] = random.uniform(0.3, 1.5, channels)

    convolution("_conv_stem", config["stem_dim"], 3, 3)
    norm("_bn0", config["stem_dim"])
    channels = config["stem_dim"]
    for i, block in enumerate(config["blocks"]):
        name, expanded = f"_blocks.{i}.", channels * block["expand"]
        if block["expand"] > 1:
            convolution(name + "_expand_conv", expanded, channels, 1)
            norm(name + "_bn0", expanded)
        convolution(name + "_depthwise_conv", expanded, 1, block["kernel"])
        norm(name + "_bn1", expanded)
        convolution(name + "_project_conv", block["out"], expanded, 1)
        norm(name + "_bn2", block["out"])
        channels = block["out"]
    convolution("_conv_head", config["head_dim"], channels, 1)
    norm("_bn1", config["head_dim"])
    weights["_fc.weight"] = random.normal(0, 0.5, (config["num_classes"], config["head_dim"]))
    weights["_fc.bias"] = random.normal(0, 0.5, config["num_classes"])
    return {name: values.astype(numpy.float32) for name, values in weights.items()}


def convolve(x, weight, stride, groups):
    """x [H, W, C], weight [out, C / groups, k, k]; "same" with the odd zero below and on the right."""
    out, _, kernel, _ = weight.shape
    size = x.shape[0]
    out_size = -(-size // stride)
    total = max((out_size - 1) * stride + kernel - size, 0)
    padded = numpy.zeros((size + total, size + total, x.shape[2]))
    padded[total // 2:total // 2 + size, total // 2:total // 2 + size] = x
    y = numpy.zeros((out_size, out_size, out))
    for row in range(out_size):
        for column in range(out_size):
            patch = padded[row * stride:row * stride + kernel, column * stride:column * stride + kernel]
            if groups == 1:
                y[row, column] = numpy.einsum("ijc,ocij->o", patch, weight)
            else:
                y[row, column] = numpy.einsum("ijc,cij->c", patch, weight[:, 0])
    return y


def efficientnet(config, weights, pixels):
    weights = {name: values.astype(numpy.float64) for name, values in weights.items()}

    def norm(x, name):
        gain = weights[name + ".weight"] / numpy.sqrt(weights[name + ".running_var"] + config["batch_norm_eps"])
        return (x - weights[name + ".running_mean"]) * gain + weights[name + ".bias"]

    def layer(x, convolution, norm_name, stride=1, groups=1, clip=True):
        x = norm(convolve(x, weights[convolution + ".weight"], stride, groups), norm_name)
        return numpy.clip(x, 0, 6) if clip else x

    x = layer((pixels - 127) / 128, "_conv_stem", "_bn0", 2)
    for i, block in enumerate(config["blocks"]):
        name, before = f"_blocks.{i}.", x
        if block["expand"] > 1:
            x = layer(x, name + "_expand_conv", name + "_bn0")
        x = layer(x, name + "_depthwise_conv", name + "_bn1", block["stride"], x.shape[2])
        x = layer(x, name + "_project_conv", name + "_bn2", clip=False)
        if block["stride"] == 1 and before.shape == x.shape:
            x = x + before
    x = layer(x, "_conv_head", "_bn1").mean((0, 1))
    return {"embedding": x, "logits": weights["_fc.weight"] @ x + weights["_fc.bias"]}


# ---- Vision Transformers -------------------------------------------------------------------

VITS = {
    "vit": {"model_type": "vit", "image_size": 28, "patch_size": 7, "hidden_size": 32, "num_hidden_layers": 2,
            "num_attention_heads": 2, "intermediate_size": 72, "hidden_act": "gelu", "layer_norm_eps": 1e-12,
            "num_channels": 3, "qkv_bias": True},
    "deit": {"model_type": "deit", "image_size": 24, "patch_size": 8, "hidden_size": 48, "num_hidden_layers": 2,
             "num_attention_heads": 3, "intermediate_size": 80, "hidden_act": "gelu", "layer_norm_eps": 1e-12,
             "num_channels": 3, "qkv_bias": False},
    "dinov2": {"model_type": "dinov2", "image_size": 42, "patch_size": 7, "hidden_size": 32, "num_hidden_layers": 3,
               "num_attention_heads": 2, "mlp_ratio": 3, "hidden_act": "gelu", "layer_norm_eps": 1e-6,
               "num_channels": 3, "qkv_bias": True, "use_swiglu_ffn": False},
}
PREPROCESSORS = {
    "vit": {"do_resize": True, "size": {"height": 28, "width": 28}, "resample": 2, "do_rescale": True,
            "rescale_factor": 1 / 255, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]},
    "deit": {"do_resize": True, "size": {"height": 30, "width": 30}, "resample": 3, "do_center_crop": True,
             "crop_size": {"height": 24, "width": 24}, "image_mean": [0.485, 0.456, 0.406],
             "image_std": [0.229, 0.224, 0.225]},
    "dinov2": {"do_resize": True, "size": {"shortest_edge": 32}, "resample": 3, "do_center_crop": True,
               "crop_size": {"height": 28, "width": 28}, "image_mean": [0.485, 0.456, 0.406],
               "image_std": [0.229, 0.224, 0.225]},
}
CLASSES = 5


def vit_weights(config, random):
    """Names as transformers has them; DeiT with the two heads of its teacher's student."""
    kind, d = config["model_type"], config["hidden_size"]
    f = config.get("intermediate_size", d * config.get("mlp_ratio", 0))
    prefix = 2 if kind == "deit" else 1
    weights = {}

    def linear(name, out, inputs, bias=True):
        weights[name + ".weight"] = random.normal(0, 1.5 / math.sqrt(inputs), (out, inputs))
        if bias:
            weights[name + ".bias"] = random.normal(0, 0.3, out)

    def norm(name):
        weights[name + ".weight"], weights[name + ".bias"] = random.uniform(0.5, 1.5, d), random.normal(0, 0.3, d)

    at = kind + ".embeddings."
    weights[at + "cls_token"] = random.normal(0, 0.5, (1, 1, d))
    if kind == "deit":
        weights[at + "distillation_token"] = random.normal(0, 0.5, (1, 1, d))
    side = config["image_size"] // config["patch_size"]
    weights[at + "position_embeddings"] = random.normal(0, 0.5, (1, prefix + side * side, d))
    p = config["patch_size"]
    weights[at + "patch_embeddings.projection.weight"] = random.normal(0, 0.1, (d, 3, p, p))
    weights[at + "patch_embeddings.projection.bias"] = random.normal(0, 0.3, d)
    dino = kind == "dinov2"
    for i in range(config["num_hidden_layers"]):
        at = f"{kind}.encoder.layer.{i}."
        norm(at + ("norm1" if dino else "layernorm_before"))
        for part in ("query", "key", "value"):
            linear(f"{at}attention.attention.{part}", d, d, config["qkv_bias"])
        linear(at + "attention.output.dense", d, d)
        norm(at + ("norm2" if dino else "layernorm_after"))
        linear(at + ("mlp.fc1" if dino else "intermediate.dense"), f, d)
        linear(at + ("mlp.fc2" if dino else "output.dense"), d, f)
        if dino:
            for part in (1, 2):
                weights[f"{at}layer_scale{part}.lambda1"] = random.uniform(0.2, 1.2, d)
    norm(kind + ".layernorm")
    if kind == "deit":
        linear("cls_classifier", CLASSES, d)
        linear("distillation_classifier", CLASSES, d)
    else:
        linear("classifier", CLASSES, 2 * d if dino else d)
    return {name: values.astype(numpy.float32) for name, values in weights.items()}


def bicubic_matrix(inputs, outputs):
    """[outputs, inputs] of torch's bicubic interpolation: a = -0.75, corners not aligned, borders repeated."""
    matrix = numpy.zeros((outputs, inputs))
    for i in range(outputs):
        at = (i + 0.5) * inputs / outputs - 0.5
        for k in range(math.floor(at) - 1, math.floor(at) + 3):
            x = abs(at - k)
            weight = 1.25 * x**3 - 2.25 * x**2 + 1 if x <= 1 else -0.75 * (x**3 - 5 * x**2 + 8 * x - 4)
            matrix[i, min(max(k, 0), inputs - 1)] += weight
    return matrix


def vit(config, preprocessor, weights, pixels):
    kind, d, heads, p = (config[key] for key in ("model_type", "hidden_size", "num_attention_heads", "patch_size"))
    weights = {name: values.astype(numpy.float64) for name, values in weights.items()}

    def linear(x, name):
        return x @ weights[name + ".weight"].T + weights.get(name + ".bias", 0)

    def norm(x, name):
        x = x - x.mean(-1, keepdims=True)
        x = x / numpy.sqrt((x * x).mean(-1, keepdims=True) + config["layer_norm_eps"])
        return x * weights[name + ".weight"] + weights[name + ".bias"]

    def scaled(x, name):
        return x * weights.get(name, 1)

    x = (pixels / 255 - preprocessor["image_mean"]) / preprocessor["image_std"]
    side, trained = x.shape[0] // p, config["image_size"] // p
    kernel = weights[kind + ".embeddings.patch_embeddings.projection.weight"]
    tokens = [weights[kind + ".embeddings.cls_token"][0]]
    if kind == "deit":
        tokens.append(weights[kind + ".embeddings.distillation_token"][0])
    prefix = len(tokens)
    for row in range(side):
        for column in range(side):
            patch = x[row * p:row * p + p, column * p:column * p + p]
            tokens.append((numpy.einsum("yxc,dcyx->d", patch, kernel) +
                           weights[kind + ".embeddings.patch_embeddings.projection.bias"])[None])
    positions = weights[kind + ".embeddings.position_embeddings"][0]
    square = positions[prefix:].reshape(trained, trained, d)
    if trained != side:
        matrix = bicubic_matrix(trained, side)
        square = numpy.einsum("yi,xj,ijd->yxd", matrix, matrix, square)
    x = numpy.concatenate(tokens) + numpy.concatenate([positions[:prefix], square.reshape(-1, d)])
    dino = kind == "dinov2"
    for i in range(config["num_hidden_layers"]):
        at = f"{kind}.encoder.layer.{i}."
        h = norm(x, at + ("norm1" if dino else "layernorm_before"))
        q, k, v = (linear(h, f"{at}attention.attention.{part}").reshape(len(x), heads, -1).transpose(1, 0, 2)
                   for part in ("query", "key", "value"))
        scores = numpy.exp(q @ k.transpose(0, 2, 1) / math.sqrt(d // heads))
        h = (scores / scores.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(len(x), d)
        x = x + scaled(linear(h, at + "attention.output.dense"), at + "layer_scale1.lambda1")
        h = linear(norm(x, at + ("norm2" if dino else "layernorm_after")),
                   at + ("mlp.fc1" if dino else "intermediate.dense"))
        h = h * 0.5 * (1 + numpy.vectorize(math.erf)(h / math.sqrt(2)))
        x = x + scaled(linear(h, at + ("mlp.fc2" if dino else "output.dense")), at + "layer_scale2.lambda1")
    x = norm(x, kind + ".layernorm")
    if kind == "deit":
        logits = (linear(x[0], "cls_classifier") + linear(x[1], "distillation_classifier")) / 2
    else:
        logits = linear(numpy.concatenate([x[0], x[1:].mean(0)]) if dino else x[0], "classifier")
    return {"embedding": x[0], "logits": logits}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    folder = parser.parse_args().folder
    goldens = {}
    weights = efficientnet_weights(EFFICIENTNET, numpy.random.default_rng(5))
    write_folder(folder / "efficientnet-lite", weights, EFFICIENTNET)
    goldens["efficientnet-lite"] = [
        {name: [round(float(x), 6) for x in values] for name, values in
         efficientnet(EFFICIENTNET, weights, picture(EFFICIENTNET["image_size"], seed)).items()} for seed in SEEDS]
    for seed, (name, config) in enumerate(VITS.items()):
        weights = vit_weights(config, numpy.random.default_rng(20 + seed))
        write_folder(folder / name, weights, config)
        preprocessor = PREPROCESSORS[name]
        (folder / name / "preprocessor_config.json").write_text(json.dumps(preprocessor, indent=1) + "\n")
        size = preprocessor.get("crop_size", preprocessor["size"])["height"]
        goldens[name] = [
            {key: [round(float(x), 6) for x in values] for key, values in
             vit(config, preprocessor, weights, picture(size, picture_seed)).items()} for picture_seed in SEEDS]
    (folder / "goldens.json").write_text(json.dumps(goldens) + "\n")


if __name__ == "__main__":
    main()
