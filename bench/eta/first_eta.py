"""How far the first time that a run names is from the time it takes, on five distributions of the
length of rows, each sorted by length and shuffled.

    python3 bench/eta/first_eta.py build/release/rowmill --model smollm2 --seconds 25

Prints a table for docs/benchmarks.md. The rows are random words, made here.
"""

import argparse
import json
import math
import pathlib
import random
import subprocess
import tempfile

WORDS = ("good bad film room price team city service story light law game world answer text name "
         "order money week day help line year end way best part price score sun wind").split()


def lengths(name, words, rng):
    """Lengths of rows, in words, of `words` words together."""
    draw = {
        "constant": lambda: 60,
        "uniform": lambda: rng.randint(5, 200),
        "log-normal": lambda: max(3, min(1200, round(rng.lognormvariate(3.6, 0.9)))),
        "bimodal": lambda: 15 if rng.random() < 0.8 else 400,
        "one giant row": lambda: 25,
    }[name]
    out = [1300] if name == "one giant row" else []
    while sum(out) < words:
        out.append(draw())
    return out


def write_rows(path, counts, rng):
    with open(path, "w", encoding="utf-8") as file:
        for i, count in enumerate(counts):
            text = f"{i} " + " ".join(rng.choice(WORDS) for _ in range(count))
            file.write(json.dumps({"text": text}) + "\n")


def measure(binary, job, folder):
    """The first time named, its bounds, and how long the rows took."""
    run = subprocess.run([binary, *job, "-o", "out.jsonl", "--overwrite", "--progress", "json"],
                         cwd=folder, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in run.stderr.splitlines() if line.startswith("{")]
    first = next(line for line in lines if line["stage"] == "run" and line["seconds_left"])
    with open(folder / "out.jsonl.run.json", encoding="utf-8") as file:
        report = json.load(file)
    last = [line for line in lines if line["stage"] == "run"][-1]
    del report
    return first, last["seconds"] - first["seconds"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary")
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--seconds", type=float, default=25, help="about so long takes each run")
    parser.add_argument("--words-per-second", type=float, default=1500)
    parser.add_argument("--task", choices=["classify", "generate"], default="classify")
    parser.add_argument("--only", help="one distribution")
    args = parser.parse_args()
    binary = str(pathlib.Path(args.binary).resolve())
    job = {"classify": ["classify", "in.jsonl", "--labels", "good,bad", "--raw-prompt",
                        "--prompt", "{{text}} This is"],
           "generate": ["generate", "in.jsonl", "--prompt", "{{text}}", "--max-tokens",
                        "24"]}[args.task] + ["-m", args.model, "--autotune", "off"]
    print("| lengths | order | rows | first ETA, s | between | took, s | off by |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    errors = []
    for name in ["constant", "uniform", "log-normal", "bimodal", "one giant row"]:
        if args.only and name != args.only:
            continue
        for order in ["sorted", "shuffled"]:
            rng = random.Random(name)
            counts = lengths(name, args.seconds * args.words_per_second, rng)
            counts.sort()
            if order == "shuffled":
                rng.shuffle(counts)
            with tempfile.TemporaryDirectory() as temporary:
                folder = pathlib.Path(temporary)
                write_rows(folder / "in.jsonl", counts, rng)
                first, took = measure(binary, job, folder)
            off = first["seconds_left"] / took - 1
            errors.append(abs(off))
            low, high = first["seconds_left_between"]
            print(f"| {name} | {order} | {len(counts)} | {first['seconds_left']:.1f} | "
                  f"{low:.1f} to {high:.1f} | {took:.1f} | {100 * off:+.1f} % |", flush=True)
    mean = math.fsum(errors) / len(errors)
    print(f"\nlargest {100 * max(errors):.1f} %, mean {100 * mean:.1f} %")


if __name__ == "__main__":
    main()
