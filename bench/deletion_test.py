"""The deletion test of --explain: how much a label's log-odds fall when the words are left out that
contribute most to it, beside as many words chosen at random.

    python3 bench/deletion_test.py --rows 300

Reads SST-2's dev part (../shared/data/sst2/dev.tsv, or --data) and prints, for 1, 2 and 3 words, the
mean drop and its standard error, over the rows that have more words than that.
"""

import argparse
import json
import math
import os
import pathlib
import random
import statistics
import subprocess
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parents[1]
MAX_WORDS = 3


def read_texts(path, count):
    lines = path.read_text(encoding="utf-8").splitlines()[:count]
    return [line.split("\t", 1)[1] for line in lines]


def sentiment(binary, folder, name, texts, *options):
    """The output rows of these texts."""
    source, output = folder / f"{name}.jsonl", folder / f"{name}.out.jsonl"
    source.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    command = [binary, "sentiment", source, "-o", output, "--log-probs", "--progress", "none"]
    run = subprocess.run([*map(str, command), *options], check=True, capture_output=True, text=True)
    print(next(line for line in run.stderr.splitlines() if line.startswith("time")))
    return [json.loads(line) for line in output.read_text().splitlines()]


def log_odds(row, label):
    this, others = row["log_probs"][label], list(row["log_probs"])
    del others[label]
    return this - math.log(sum(math.exp(other) for other in others))


def without(words, left_out):
    return " ".join(word for i, word in enumerate(words) if i not in left_out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    shared = pathlib.Path(os.environ.get("ROWMILL_SHARED") or PROJECT.parent / "shared")
    parser.add_argument("--binary", default=PROJECT / "build" / "release" / "rowmill")
    parser.add_argument("--data", type=pathlib.Path, default=shared / "data" / "sst2" / "dev.tsv")
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        texts = read_texts(options.data, options.rows)
        rows = sentiment(options.binary, folder, "whole", texts, "--explain")
        variants = []  # (row, words left out, how they were chosen, text)
        for i, row in enumerate(rows):
            words = [word for word, _ in row["explanation"]]
            ranked = sorted(range(len(words)), key=lambda w: -row["explanation"][w][1])
            mixed = rng.sample(range(len(words)), len(words))
            for count in range(1, MAX_WORDS + 1):
                if count >= len(words):
                    continue
                variants.append((i, count, "top", without(words, set(ranked[:count]))))
                variants.append((i, count, "random", without(words, set(mixed[:count]))))
        scored = sentiment(options.binary, folder, "deleted", [v[3] for v in variants])
    labels = ["positive", "negative"]
    drops = {}
    for (i, count, how, _), after in zip(variants, scored):
        label = labels.index(rows[i]["label"])
        drops.setdefault((count, how), []).append(log_odds(rows[i], label) - log_odds(after, label))
    print("| words left out | the top ones | at random | rows |\n| --- | ---: | ---: | ---: |")
    for count in range(1, MAX_WORDS + 1):
        cells = []
        for how in ("top", "random"):
            values = drops[count, how]
            error = statistics.stdev(values) / math.sqrt(len(values))
            cells.append(f"{statistics.mean(values):.2f} ± {error:.2f}")
        print(f"| {count} | {cells[0]} | {cells[1]} | {len(drops[count, 'top'])} |")


if __name__ == "__main__":
    main()
