#!/usr/bin/env python3
"""Figures of docs/accuracy.md for `recommend`: MovieLens-100k, leave last out, beside numpy.

Runs `rowmill recommend --evaluate` and computes popularity, item-kNN, PureSVD-64 and EASE in numpy on
the same held-out items with the same negatives (drawn as src/recommend/evaluation.h says). Prints
both, and fails where the two sides of one method differ by more than rounding explains, or where the
mixture misses its mark.

    bench/accuracy/recommend.py --rowmill build/release/rowmill --data ../shared/data/movielens_100k
"""

import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

K, NEGATIVES, DRAWS = 10, 100, 20
GENRES = ["unknown", "action", "adventure", "animation", "children", "comedy", "crime", "documentary",
          "drama", "fantasy", "film-noir", "horror", "musical", "mystery", "romance", "sci-fi",
          "thriller", "war", "western"]
MASK = (1 << 64) - 1


def random_bits(key, place):
    z = (key + (place + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def draw_negatives(pool, user, draw):
    pool = list(pool)
    key = random_bits(draw, user)
    for j in range(min(NEGATIVES, len(pool))):
        pick = j + random_bits(key, j) % (len(pool) - j)
        pool[j], pool[pick] = pool[pick], pool[j]
    return pool[:NEGATIVES]


def convert(data, folder):
    """The data set as CSV; returns the histories by number, in the order of first appearance."""
    ratings = folder / "ratings.csv"
    users, items, histories = {}, {}, []
    with open(data / "u.data.clean", encoding="ascii") as source, open(ratings, "w", encoding="ascii") as out:
        out.write("user,item,rating,time\n")
        for line in source:
            fields = line.split()
            out.write(",".join(fields) + "\n")
            user = users.setdefault(fields[0], len(users))
            item = items.setdefault(fields[1], len(items))
            if user == len(histories):
                histories.append([])
            histories[user].append((int(fields[3]), len(histories[user]), item))
    with open(data / "u.item", encoding="latin-1") as source, \
            open(folder / "items.csv", "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["item", "title", "genres"])
        for line in source:
            fields = line.rstrip("\n").split("|")
            genres = [name for name, flag in zip(GENRES, fields[-19:]) if flag == "1"]
            writer.writerow([fields[0], fields[1], " ".join(genres)])
    return [[item for _, _, item in sorted(history)] for history in histories], len(items)


def figures(histories, num_items, negatives, scores):
    ranks, full = [], []
    for user, history in enumerate(histories):
        if len(history) < 2:
            continue
        own, wanted = scores[user], history[-1]
        ranks.append([1 + int(np.sum(own[drawn] >= own[wanted])) for drawn in negatives[user]])
        open_items = np.ones(num_items, bool)
        open_items[history[:-1]] = False
        full.append(int(np.sum(own[open_items] >= own[wanted])))
    ranks, full = np.array(ranks), np.array(full)

    def means(r):
        hit = r <= K
        return float(hit.mean()), float(np.where(hit, 1 / np.log2(r + 1), 0).mean())
    return means(ranks) + means(full)


def numpy_models(histories, num_items):
    x = np.zeros((len(histories), num_items))
    for user, history in enumerate(histories):
        x[user, history[:-1] if len(history) > 1 else history] = 1
    counts = x.sum(0)
    yield "popularity", np.tile(counts, (len(histories), 1))
    norms = np.sqrt(np.maximum(counts, 1))
    cosine = x.T @ x / np.outer(norms, norms)
    np.fill_diagonal(cosine, 0)
    for item in range(num_items):  # the 200 nearest of each item
        row = cosine[item]
        row[np.argsort(-row, kind="stable")[200:]] = 0
    yield "item-kNN", x @ cosine
    right = np.linalg.svd(x, full_matrices=False)[2][:64]
    yield "PureSVD-64", x @ right.T @ right
    inverse = np.linalg.inv(x.T @ x + 300 * np.eye(num_items))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    yield "EASE", x @ weights


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rowmill", default="build/release/rowmill")
    parser.add_argument("--data", default="../shared/data/movielens_100k", type=pathlib.Path)
    parser.add_argument("--model", help="an encoder for titles and genres")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        histories, num_items = convert(args.data, folder)
        command = [args.rowmill, "recommend", folder / "ratings.csv", "--rating", "rating", "--time", "time",
                   "--evaluate", "-o", folder / "out.jsonl", "--items", folder / "items.csv"]
        if args.model:
            command += ["-m", args.model]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        report = json.loads((folder / "out.jsonl.run.json").read_text())
    evaluation = report["recommend"]["evaluation"]
    ours = {}
    for model in evaluation["models"]:
        sampled, full = model["sampled"], model["full"]
        ours[model["model"]] = (sampled["hr@10"], sampled["ndcg@10"], full["hr@10"], full["ndcg@10"])
    negatives = []
    for user, history in enumerate(histories):
        had = set(history)
        pool = [item for item in range(num_items) if item not in had]
        negatives.append([np.array(draw_negatives(pool, user, draw)) for draw in range(DRAWS)])
    failures = []
    print("| | HR@10 | NDCG@10 | HR@10 of all | NDCG@10 of all |\n| --- | ---: | ---: | ---: | ---: |")
    theirs = {}
    for name, scores in numpy_models(histories, num_items):
        theirs[name] = figures(histories, num_items, negatives, scores)
        for side, values in ((f"{name}, numpy", theirs[name]), (f"{name}, rowmill", ours[name])):
            print(f"| {side} | " + " | ".join(f"{value:.4f}" for value in values) + " |")
        if max(abs(a - b) for a, b in zip(theirs[name], ours[name])) > 0.003:
            failures.append(f"{name} differs from numpy")
    for name in ours:
        if name not in theirs:
            print(f"| {name} | " + " | ".join(f"{value:.4f}" for value in ours[name]) + " |")
    print("mixture:", json.dumps(evaluation["mixture"]), "seconds:", json.dumps(report["recommend"]["seconds"]))
    if ours["rowmill"][0] < theirs["PureSVD-64"][0] + 0.03:
        failures.append("HR@10 is less than 3 points above PureSVD-64")
    if ours["rowmill"][1] < 0.33:
        failures.append("NDCG@10 is below 0.33")
    for failure in failures:
        print("FAILED:", failure)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
