"""What llama.cpp says of multiple-choice questions: the log-likelihood of each choice behind
"Question: ...\\nAnswer:", by llama-cpp-python, with a file as it is or with its weights as F32.

    reference_choices.py MODEL.gguf --data valid.jsonl -o scores.jsonl [--f32] [--rows 900]

Rows are PIQA's (goal, sol1, sol2, label). Each output line has `log_probs` and the choices' numbers
of `tokens`. --f32 needs the package gguf, and writes a file of F32 weights beside the output first.
"""

import argparse
import json
import pathlib
import time

import numpy


def write_f32(source, target):
    """The same model with every tensor dequantised."""
    import gguf
    reader = gguf.GGUFReader(source)
    architecture = str(bytes(reader.fields["general.architecture"].parts[-1]), "utf-8")
    writer = gguf.GGUFWriter(target, architecture)
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name in ("general.architecture", "general.file_type"):
            continue
        kind = field.types[0]
        sub = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(name, field.contents(), kind, sub_type=sub)
    for tensor in reader.tensors:
        data = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(numpy.float32)
        writer.add_tensor(tensor.name, data)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def log_softmax(logits):
    logits = logits.astype(numpy.float64)
    top = logits.max()
    return logits - (top + numpy.log(numpy.exp(logits - top).sum()))


def score(llama, prompt, choice):
    """The sum of the log-probabilities of the choice's tokens; the prompt is read once per row."""
    llama.n_tokens = min(llama.n_tokens, len(prompt))
    if list(llama.input_ids[:llama.n_tokens]) != prompt:
        llama.reset()
        llama.eval(prompt)
    llama.eval(choice)
    first = len(prompt) - 1
    return sum(float(log_softmax(llama.scores[first + i])[token])
               for i, token in enumerate(choice))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--data", required=True)
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--f32", action="store_true")
    parser.add_argument("--rows", type=int, default=900)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    model = options.model
    if options.f32:
        model = options.output + ".f32.gguf"
        if not pathlib.Path(model).exists():
            write_f32(options.model, model)
    from llama_cpp import Llama
    llama = Llama(model, n_ctx=1024, n_threads=options.threads, logits_all=True, verbose=False)
    lines = pathlib.Path(options.data).read_text(encoding="utf-8").splitlines()[:options.rows]
    start = time.monotonic()
    with open(options.output, "w", encoding="utf-8") as file:
        for row in map(json.loads, lines):
            prompt = llama.tokenize(f"Question: {row['goal']}\nAnswer:".encode(), add_bos=True)
            choices = [llama.tokenize(f" {row[name]}".encode(), add_bos=False)
                       for name in ("sol1", "sol2")]
            scores = [score(llama, prompt, choice) for choice in choices]
            file.write(json.dumps({"log_probs": scores, "tokens": list(map(len, choices))}) + "\n")
    print(f"{len(lines)} rows in {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
