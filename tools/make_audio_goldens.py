#!/usr/bin/env python3
"""Writes tests/data/audio_goldens.json: what the log-mel features and the resampler are compared with.

    pip install faster-whisper soxr numpy; tools/make_audio_goldens.py tests/data/audio_goldens.json

Signals are made by formulas that the tests repeat. The features are those of faster-whisper's
FeatureExtractor (numpy), the samples at the new rate those of soxr in its quality HQ.
"""

import json
import math
import sys

import faster_whisper
import numpy
import soxr
from faster_whisper.feature_extractor import FeatureExtractor


def noise(count):
    """16-bit noise under a square wave, louder from step to step, as the tests make it."""
    state, samples = 1, []
    for i in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        level = 1 + i // 800
        samples.append(((state >> 16) - 32768) // 64 * level + (500 * level if i // 18 % 2 else -500 * level))
    return numpy.array(samples, dtype=numpy.float32) / 32768


def tones(count, rate):
    return numpy.array([0.5 * math.sin(2 * math.pi * 440 * i / rate) + 0.25 * math.sin(2 * math.pi * 1234 * i / rate)
                        + 0.125 * math.sin(2 * math.pi * 3300 * i / rate) for i in range(count)])


def main():
    features = FeatureExtractor(feature_size=80)(noise(4000))[:, :25]
    goldens = {
        "tool": f"faster-whisper {faster_whisper.__version__}, soxr {soxr.__version__} (HQ)",
        "log_mel": [[round(float(x), 6) for x in frame] for frame in features.T],
        "resampled": {},
    }
    for rate in (8000, 22050, 44100, 48000):
        out = soxr.resample(tones(rate, rate), rate, 16000, quality="HQ")
        goldens["resampled"][str(rate)] = {"begin": 8000, "samples": [round(float(x), 6) for x in out[8000:8040]]}
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump(goldens, file, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main()
