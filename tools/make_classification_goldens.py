#!/usr/bin/env python3
"""Writes tests/data/classification_goldens.txt: labels, answers and what scikit-learn makes of them.

    pip install scikit-learn
    python3 tools/make_classification_goldens.py > tests/data/classification_goldens.txt

Each case: `case NAME NUM_LABELS`, then lines of a name and numbers. -1 is a gold value that is none of the
labels, or a row without an answer (whose confidence is -1, too). The confusion matrix is row-major, gold by
predicted, with a last row for other golds and a last column for no answer. The calibration error is
computed from scikit-learn's own bins (calibration_curve, strategy "uniform").
"""

import random

import numpy
import scipy
import sklearn
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

SEED = 20250611


def make_rows(rng, num_labels, num_rows, skill, labels, other, unanswered):
    """Triples (gold, predicted, confidence); `labels`: those that occur among golds."""
    rows = []
    for _ in range(num_rows):
        gold = rng.choice(labels) if rng.random() >= other else -1
        predicted = gold if gold >= 0 and rng.random() < skill else rng.randrange(num_labels)
        # Some confidences lie on the edges of bins.
        confidence = rng.choice([rng.random(), rng.random() ** 0.3, rng.randrange(31) / 30, rng.randrange(11) / 10])
        if rng.random() < unanswered:
            predicted, confidence = -1, -1
        rows.append((gold, predicted, confidence))
    return rows


def calibration_error(correct, confidence, bins):
    accuracy, mean = calibration_curve(correct, confidence, n_bins=bins, strategy="uniform")
    edges = numpy.linspace(0.0, 1.0, bins + 1)
    counts = numpy.bincount(numpy.searchsorted(edges[1:-1], confidence), minlength=bins)
    weights = counts[counts > 0] / len(confidence)
    return float(numpy.sum(weights * numpy.abs(accuracy - mean)))


def show(name, values):
    print(name, *[repr(float(v)) if isinstance(v, float) else int(v) for v in values])


def write_case(name, num_labels, rows):
    other, none = num_labels, num_labels + 1
    gold = [g if g >= 0 else other for g, _, _ in rows]
    predicted = [p if p >= 0 else none for _, p, _ in rows]
    answered = [(g == p, c) for g, p, c in rows if p >= 0]
    correct, confidence = (numpy.array(x) for x in zip(*answered))

    print("case", name, num_labels)
    show("gold", [g for g, _, _ in rows])
    show("predicted", [p for _, p, _ in rows])
    show("confidence", [float(c) for _, _, c in rows])
    show("accuracy", [float(accuracy_score(gold, predicted))])
    interval = binomtest(sum(g == p for g, p in zip(gold, predicted)), len(rows)).proportion_ci(0.95, method="wilson")
    show("wilson", [float(interval.low), float(interval.high)])
    labels = sorted((set(gold) | set(predicted)) - {none})
    show("macro_f1", [float(f1_score(gold, predicted, labels=labels, average="macro", zero_division=0))])
    scores = precision_recall_fscore_support(gold, predicted, labels=range(num_labels), zero_division=0)
    for score_name, values in zip(["precision", "recall", "f1"], scores):
        show(score_name, [float(v) for v in values])
    matrix = confusion_matrix(gold, predicted, labels=range(num_labels + 2))
    show("confusion", matrix[: other + 1, [*range(num_labels), none]].flatten())
    show("ece_10", [calibration_error(correct, confidence, 10)])
    show("ece_15", [calibration_error(correct, confidence, 15)])


def main():
    rng = random.Random(SEED)
    print(f"# Made by tools/make_classification_goldens.py, seed {SEED}, scikit-learn {sklearn.__version__},")
    print(f"# numpy {numpy.__version__}, scipy {scipy.__version__}.")
    write_case("binary", 2, make_rows(rng, 2, 60, 0.8, [0, 1], 0, 0))
    write_case("five_classes", 5, make_rows(rng, 5, 80, 0.6, [0, 1, 2, 3, 4], 0, 0))
    # Label 3 is neither gold nor ever answered by skill; label 2 is answered but never gold.
    write_case("absent_classes", 4, [(g, min(p, 2), c) for g, p, c in make_rows(rng, 4, 40, 0.7, [0, 1], 0, 0)])
    write_case("other_golds_and_failed_rows", 3, make_rows(rng, 3, 70, 0.7, [0, 1, 2], 0.15, 0.2))
    write_case("all_right", 2, [(i % 2, i % 2, 0.5 + i / 40) for i in range(20)])
    write_case("all_wrong", 2, [(i % 2, 1 - i % 2, 1.0) for i in range(9)])


if __name__ == "__main__":
    main()
