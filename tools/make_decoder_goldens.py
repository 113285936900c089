#!/usr/bin/env python3
"""Writes tests/data/decoder_goldens.json: another engine's logits of tiny random models.

The engine is mlx-lm (its own implementation of each family, on the CPU, f32), which reads the very
folders of tools/make_tiny_folder.py that the test reads. Run again only where a family is added:

    pip install 'mlx[cpu]' mlx-lm
    python3 tools/make_decoder_goldens.py

For each family and each of three lengths: the ids, and the logits [V] at the last position and, for
the longest, at one in the middle. Keys and values are kept in f32.
"""

import argparse
import json
import os
import random
import tempfile

import make_tiny_folder

LENGTHS = (7, 45, 150)
OUTPUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/data/decoder_goldens.json")


def load(folder):
    import mlx.core as mx
    from mlx_lm.utils import load_model
    from pathlib import Path

    mx.set_default_device(mx.cpu)
    model, _ = load_model(Path(folder))
    return model


def logits_of(model, ids):
    import mlx.core as mx
    import numpy

    out = model(mx.array([ids]))
    return numpy.array(out.astype(mx.float32))[0]


def rows(logits, positions):
    return [[float("%.7g" % x) for x in logits[p]] for p in positions]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", default=OUTPUT)
    args = parser.parse_args()
    import mlx_lm

    cases = []
    for family in make_tiny_folder.FAMILIES:
        with tempfile.TemporaryDirectory() as folder:
            script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "make_tiny_folder.py")
            if os.system("python3 '%s' -o '%s' --family %s" % (script, folder, family)) != 0:
                raise SystemExit("make_tiny_folder.py failed")
            model = load(folder)
            rng = random.Random(7)
            for length in LENGTHS:
                ids = [rng.randrange(make_tiny_folder.VOCAB) for _ in range(length)]
                logits = logits_of(model, ids)
                positions = [length // 2, length - 1] if length == LENGTHS[-1] else [length - 1]
                cases.append(
                    {
                        "family": family,
                        "ids": ids,
                        "outputs": positions,
                        "logits": rows(logits, positions),
                    }
                )
    with open(args.output, "w", encoding="ascii") as file:
        file.write('{"engine":"mlx-lm %s","cases":[\n' % mlx_lm.__version__)
        file.write(",\n".join(json.dumps(case, separators=(",", ":")) for case in cases))
        file.write("\n]}\n")


if __name__ == "__main__":
    main()
