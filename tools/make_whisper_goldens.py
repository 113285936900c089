#!/usr/bin/env python3
"""Writes tests/data/whisper: a tiny random Whisper, and what `transformers` computes with it.

    tools/make_whisper_goldens.py [FOLDER]

The folder is as Hugging Face lays it out: random weights in F16, a tokeniser of the 256 bytes, two languages and
the steering tokens, windows of 0.4 seconds. goldens.json has the logits behind every token of a sequence for two
windows of made-up features, computed in double precision.

Needs torch, transformers and safetensors.
"""

import json
import math
import pathlib
import sys

import torch
import transformers
from safetensors.torch import save_file
from transformers import WhisperConfig, WhisperForConditionalGeneration

DIM, FFN, LAYERS, HEADS, MELS, POSITIONS, CONTEXT = 32, 48, 2, 2, 12, 20, 96
STEERING = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|pt|>", "<|translate|>", "<|transcribe|>",
            "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]
FIRST_TIMESTAMP = 256 + len(STEERING)
VOCAB = FIRST_TIMESTAMP + POSITIONS + 1


def byte_alphabet():
    """GPT-2's printable stand-ins of the 256 bytes."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) if byte in plain else chr(256 + others.index(byte)) for byte in range(256)}


def tokenizer():
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": 256 + i, "content": text, "single_word": False, "lstrip": False, "rstrip": False,
                          "normalized": False, "special": True} for i, text in enumerate(STEERING)],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
        "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
                  "vocab": {text: byte for byte, text in byte_alphabet().items()}, "merges": []},
    }


def features(window):
    """[frames, bands] by a formula that the tests repeat."""
    return [[math.sin(0.37 * (t * t % 89) + 0.11 * band * (window + 1)) for band in range(MELS)]
            for t in range(2 * POSITIONS)]


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/data/whisper")
    folder.mkdir(parents=True, exist_ok=True)
    config = WhisperConfig(
        vocab_size=VOCAB, num_mel_bins=MELS, d_model=DIM, encoder_layers=LAYERS, decoder_layers=LAYERS,
        encoder_attention_heads=HEADS, decoder_attention_heads=HEADS, encoder_ffn_dim=FFN, decoder_ffn_dim=FFN,
        max_source_positions=POSITIONS, max_target_positions=CONTEXT, activation_function="gelu",
        pad_token_id=256, bos_token_id=256, eos_token_id=256, decoder_start_token_id=257)
    torch.manual_seed(7)
    model = WhisperForConditionalGeneration(config).eval()
    with torch.no_grad():
        for name, values in model.named_parameters():
            if "norm" in name:
                values.copy_(torch.randn_like(values) * 0.1 + (1.0 if name.endswith("weight") else 0.0))
            elif name.endswith("bias"):
                values.copy_(torch.randn_like(values) * 0.1)
            elif "embed_tokens" in name:
                values.copy_(torch.randn_like(values) * 0.5)
            elif "embed_positions" not in name:
                values.copy_(torch.randn_like(values) * 1.5 / math.sqrt(values[0].numel()))
            elif "encoder" in name:
                values.copy_(torch.randn_like(values) * 0.3)
            else:  # so large that the same token is not followed by itself over and over
                values.copy_(torch.randn_like(values) * 2.5)
            values.copy_(values.half().float())
    weights = {name: values.half().contiguous() for name, values in model.state_dict().items()
               if name != "proj_out.weight"}
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    model.double()

    settings = {key: getattr(config, key) for key in (
        "vocab_size", "num_mel_bins", "d_model", "encoder_layers", "decoder_layers", "encoder_attention_heads",
        "decoder_attention_heads", "encoder_ffn_dim", "decoder_ffn_dim", "max_source_positions",
        "max_target_positions", "activation_function", "scale_embedding")}
    settings = {"architectures": ["WhisperForConditionalGeneration"], "model_type": "whisper", **settings}
    (folder / "config.json").write_text(json.dumps(settings, indent=1) + "\n")
    generation = {"suppress_tokens": [0, 7, 257, 260, 261], "begin_suppress_tokens": [32, 256],
                  "is_multilingual": True}
    (folder / "generation_config.json").write_text(json.dumps(generation) + "\n")
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer(), ensure_ascii=False) + "\n")

    goldens = {"tool": f"transformers {transformers.__version__}, torch {torch.__version__}, float64", "windows": []}
    tokens = [257, 258, 261, 265, 72, 101, 108, 108, 111, 46]
    for window in range(2):
        mel = torch.tensor(features(window), dtype=torch.float64).T[None]
        with torch.no_grad():
            logits = model(input_features=mel, decoder_input_ids=torch.tensor([tokens])).logits[0]
        goldens["windows"].append({"tokens": tokens,
                                   "logits": [[round(float(x), 7) for x in row[::7]] for row in logits]})
    (folder / "goldens.json").write_text(json.dumps(goldens, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
