#!/usr/bin/env python3
"""Where the processor's time of a step goes, by the functions it is found in: products, attention, and all
that lies between them, the glue. Samples of `perf record` (cpu-clock, which needs no counters and so works
in virtual machines) over `rowmill bench`.

    bench/e2e/glue.py                  prefill: 64 prompts of 200 tokens, then decode of 64 sequences
    bench/e2e/glue.py --functions 30   and the 30 functions that took most

Decode begins after two tokens and goes on for 400, so that its context is about 200 on average and prompts
take next to nothing. Loading the model and measuring the machine's peak are left out. Of the time that
threads sleep nothing is known here: `rowmill bench` says it (wait_and_idle).
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import series

WORKS = {
    "prefill": ["bench", "prefill", "--sequences", "64", "--prompt-tokens", "200",
                "--shared-tokens", "0"],
    "decode-64": ["bench", "job", "--sequences", "64", "--prompt-tokens", "2",
                  "--shared-tokens", "0", "--new-tokens", "400"],
}
# The first that matches counts. What stands outside of a step has an empty kind.
KINDS = (
    ("", r"MeasurePeak|Int8Instructions|F32Instructions|ReadSlice|RateOf"),
    ("", r"Sha256|sha256|Parse|Pack[A-Z]\w*Group|LoadModel|_dl_|do_lookup_x|RandomPrompts|Philox"),
    ("product: gathering rows", r"GatherTile"),
    ("product", r"FoldTile|MultiplyTile|MultiplyRows|MultiplyBlocks|MultiplyKind|GemmBlocks"
                r"|GemmFloats|MultiplyFloat"),
    ("attention", r"Attend(?!Finish|\w*::Plan)|FoldBlock|FoldRowValues|FoldDimensions|WeighRow"
                  r"|ScoreBlock|BatchAttention::Run"),
    ("glue: quantisation of inputs", r"QuantizeRows"),
    ("glue: norms", r"RmsNorm|LayerNorm"),
    ("glue: activation", r"SwiGlu|Geglu|Gelu"),
    ("glue: positions, keys and values", r"Rope|Rotate|StoreKv|StoreKeyValues|avx512::Scale|Scale"),
    ("glue: end of attention", r"AttendFinish|FinishAll"),
    ("glue: embedding", r"Embed|Dequant"),
    ("glue: choice of tokens", r"MaxValue|SumExp|Sampl|Argmax|Decoder::|Visit|Logits"),
    ("glue: memory", r"memcpy|memmove|memset|copy"),
)


def samples(arguments, command):
    """[(share of all samples, function)]"""
    with tempfile.TemporaryDirectory() as folder:
        data = f"{folder}/perf.data"
        subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", "997", "-o", data, "--",
                        arguments.rowmill, *command, "-m", arguments.model, "--rounds",
                        str(arguments.rounds), *arguments.options], check=True,
                       stdout=subprocess.DEVNULL)
        text = subprocess.run(["perf", "report", "-i", data, "--stdio", "--no-children", "-F",
                               "overhead,symbol", "--percent-limit", "0", "-w", "0,0"],
                              capture_output=True, text=True, check=True).stdout
    found = []
    for line in text.splitlines():
        match = re.match(r"\s*([\d.]+)%\s+\[([.k])\]\s+(.*\S)", line)
        if match:
            kernel = "kernel: " if match[2] == "k" else ""
            found.append((float(match[1]) / 100, kernel + match[3]))
    return found


def kind_of(function):
    if function.startswith("kernel: "):
        return "system"
    for kind, pattern in KINDS:
        if re.search(pattern, function):
            return kind
    return "glue: other"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rowmill", type=Path, default=series.ROOT / "build/release/rowmill")
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--works", default=list(WORKS), type=lambda text: text.split(","))
    parser.add_argument("--functions", type=int, default=0, help="print so many as well")
    parser.add_argument("options", nargs="*", help="further options of `rowmill bench`")
    arguments = parser.parse_args()
    for work in arguments.works:
        watch = series.machine.Watch()
        found = samples(arguments, WORKS[work])
        shares = {}
        for share, function in found:
            kind = kind_of(function)
            shares[kind] = shares.get(kind, 0.0) + share
        shares.pop("", None)
        whole = sum(shares.values())
        print(f"\n{work}: others took {100 * watch.read()['others']:.0f} % of the processors\n\n"
              "| part | of the processor's time |\n| --- | ---: |")
        for kind, share in sorted(shares.items(), key=lambda entry: -entry[1]):
            print(f"| {kind} | {100 * share / whole:.1f} % |")
        glue = sum(share for kind, share in shares.items() if kind.startswith("glue"))
        print(f"| **glue together** | {100 * glue / whole:.1f} % |")
        for share, function in found[:arguments.functions]:
            print(f"{100 * share:6.2f} %  {kind_of(function) or '(left out)':35} {function[:110]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
