"""Writes a BERT folder (MiniLM) as an ONNX file, for engines that read only that: the graph that PyTorch
exports of Hugging Face's BertModel, the names of the folder's weights, opset 17, and mean pooling over the
tokens that are no padding with the length brought to 1 behind it, as sentence-transformers has it.

    bench/peers/minilm_onnx.py MODEL_FOLDER OUTPUT.onnx

Inputs input_ids, attention_mask [batch, tokens] int64; output embedding [batch, model_dim]. Needs numpy,
onnx and safetensors.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file


class Graph:
    def __init__(self, weights):
        self.weights = weights
        self.nodes = []
        self.constants = {}

    def add(self, kind, *inputs, name=None, **attributes):
        output = name or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=f"node_{len(self.nodes)}", **attributes))
        return output

    def constant(self, value):
        array = np.asarray(value)
        key = f"c_{len(self.constants)}"
        self.constants[key] = numpy_helper.from_array(array, key)
        return key

    def weight(self, name, transposed=False):
        key = name + (".t" if transposed else "")
        if key not in self.constants:
            array = self.weights[name]
            self.constants[key] = numpy_helper.from_array(np.ascontiguousarray(array.T if transposed else array), key)
        return key

    def linear(self, x, name):
        product = self.add("MatMul", x, self.weight(name + ".weight", transposed=True))
        return self.add("Add", product, self.weight(name + ".bias"))

    def norm(self, x, name, eps):
        return self.add("LayerNormalization", x, self.weight(name + ".weight"), self.weight(name + ".bias"),
                        axis=-1, epsilon=eps)

    def gelu(self, x):
        inner = self.add("Erf", self.add("Div", x, self.constant(np.float32(np.sqrt(2.0)))))
        one = self.add("Add", inner, self.constant(np.float32(1.0)))
        return self.add("Mul", self.add("Mul", x, one), self.constant(np.float32(0.5)))


def build(folder, with_pooling=True):
    config = json.loads((folder / "config.json").read_text())
    weights = {name.removeprefix("bert."): value for name, value in load_file(folder / "model.safetensors").items()}
    dim, heads = config["hidden_size"], config["num_attention_heads"]
    width, eps = dim // heads, config["layer_norm_eps"]
    g = Graph(weights)

    ids = g.add("Gather", g.weight("embeddings.word_embeddings.weight"), "input_ids")
    length = g.add("Gather", g.add("Shape", "input_ids"), g.constant(np.int64(1)))
    ends = g.add("Unsqueeze", length, g.constant(np.array([0], np.int64)))
    positions = g.add("Slice", g.weight("embeddings.position_embeddings.weight"),
                      g.constant(np.array([0], np.int64)), ends, g.constant(np.array([0], np.int64)))
    types = g.constant(weights["embeddings.token_type_embeddings.weight"][:1])
    x = g.add("Add", g.add("Add", ids, types), positions)
    x = g.norm(x, "embeddings.LayerNorm", eps)

    wide = g.add("Unsqueeze", "attention_mask", g.constant(np.array([1, 2], np.int64)))
    mask = g.add("Mul", g.add("Sub", g.constant(np.float32(1.0)), g.add("Cast", wide, to=TensorProto.FLOAT)),
                 g.constant(np.float32(-3.4028235e38)))
    split = g.constant(np.array([0, 0, heads, width], np.int64))
    join = g.constant(np.array([0, 0, dim], np.int64))
    for layer in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{layer}."

        def head(name, permutation):
            values = g.add("Reshape", g.linear(x, at + "attention.self." + name), split)
            return g.add("Transpose", values, perm=permutation)

        q, k, v = head("query", [0, 2, 1, 3]), head("key", [0, 2, 3, 1]), head("value", [0, 2, 1, 3])
        scores = g.add("Div", g.add("MatMul", q, k), g.constant(np.float32(np.sqrt(width))))
        p = g.add("Softmax", g.add("Add", scores, mask), axis=-1)
        attended = g.add("Reshape", g.add("Transpose", g.add("MatMul", p, v), perm=[0, 2, 1, 3]), join)
        x = g.norm(g.add("Add", g.linear(attended, at + "attention.output.dense"), x),
                   at + "attention.output.LayerNorm", eps)
        h = g.gelu(g.linear(x, at + "intermediate.dense"))
        x = g.norm(g.add("Add", g.linear(h, at + "output.dense"), x), at + "output.LayerNorm", eps)

    if with_pooling:
        counted = g.add("Cast", g.add("Unsqueeze", "attention_mask", g.constant(np.array([2], np.int64))),
                        to=TensorProto.FLOAT)
        axis = g.constant(np.array([1], np.int64))
        total = g.add("ReduceSum", g.add("Mul", x, counted), axis, keepdims=0)
        mean = g.add("Div", total, g.add("ReduceSum", counted, axis, keepdims=0))
        norm = g.add("ReduceL2", mean, axes=[1], keepdims=1)
        g.add("Div", mean, norm, name="embedding")
        output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", dim])
    else:
        g.add("Identity", x, name="last_hidden_state")
        output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["batch", "tokens", dim])
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
              for name in ("input_ids", "attention_mask")]
    graph = helper.make_graph(g.nodes, "bert", inputs, [output], list(g.constants.values()))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def main():
    onnx.save(build(pathlib.Path(sys.argv[1])), sys.argv[2])


if __name__ == "__main__":
    main()
