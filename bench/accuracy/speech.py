#!/usr/bin/env python3
"""Figures of docs/accuracy.md for `transcribe`: word error rates with Whisper's normalisers and without, beside
faster-whisper with the same weights, and what text before a window does on a long clip.

    bench/accuracy/speech.py CT2_FOLDER [--model whisper-base] [--binary build/release/rowmill]

Needs faster-whisper, jiwer and whisper-normalizer (Whisper's own normalisers as a package). The clips are the
16 kHz WAV files of the shared data; the long clip is all of them, joined with half a second of silence between.
Both sides decode greedily with timestamps and without further attempts. Fails where the rates that Rowmill reports
are not jiwer's of its texts.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import wave

import jiwer
from faster_whisper import WhisperModel
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("ROWMILL_SHARED", ROOT.parent / "shared"))
PROMPT = "Warren Commission. Lee Harvey Oswald. The Secret Service."
WAYS = {"alone": ({"condition_on_previous_text": False}, []),
        "previous": ({"condition_on_previous_text": True}, ["--previous-text"]),
        "prompt": ({"condition_on_previous_text": True, "initial_prompt": PROMPT}, ["--previous-text", "--prompt", PROMPT])}
NORMALIZERS = {"wer": lambda text: text, "wer_normalized": BasicTextNormalizer(), "wer_english": EnglishTextNormalizer()}


def clips():
    folder = SHARED / "data" / "speech"
    rows = [json.loads(line) for line in (folder / "speech.jsonl").read_text().splitlines()]
    return [(str(folder / row["wav"]), row["text"]) for row in rows if (folder / row["wav"]).exists()]


def join(paths, target):
    with wave.open(str(target), "wb") as out:
        for path in paths:
            with wave.open(path) as clip:
                if path == paths[0]:
                    out.setparams(clip.getparams())
                out.writeframes(clip.readframes(clip.getnframes()) + bytes(clip.getframerate()))


def rowmill(arguments, rows, *options):
    """(texts, measures)"""
    with tempfile.TemporaryDirectory() as folder:
        source, output = pathlib.Path(folder, "in.jsonl"), pathlib.Path(folder, "out.jsonl")
        source.write_text("".join(json.dumps({"path": path, "said": said}) + "\n" for path, said in rows))
        subprocess.run([arguments.binary, "transcribe", source, "--gold", "said", "-o", output, "-m", arguments.model,
                        "--language", "en", "--no-fallback", "--progress", "none", *options],
                       check=True, stderr=subprocess.PIPE)
        report = json.loads(pathlib.Path(f"{output}.run.json").read_text())
        return [json.loads(line)["text"] or "" for line in output.read_text().splitlines()], report["gold"]


def faster_whisper(model, paths, **options):
    texts = []
    for path in paths:
        segments, _ = model.transcribe(path, language="en", beam_size=1, temperature=0.0, **options)
        texts.append("".join(segment.text for segment in segments).strip())
    return texts


def rates(references, texts):
    return {name: jiwer.wer([normalize(text) for text in references], [normalize(text) for text in texts])
            for name, normalize in NORMALIZERS.items()}


def compare_clips(arguments, model):
    rows = clips()
    paths, references = [path for path, _ in rows], [said for _, said in rows]
    theirs = faster_whisper(model, paths, condition_on_previous_text=False)
    ours, measures = rowmill(arguments, rows)
    print(f"{len(rows)} clips, {arguments.model}\n| | " + " | ".join(NORMALIZERS) + " |\n| --- | ---: | ---: | ---: |")
    for name, texts in (("faster-whisper, F32", theirs), ("Rowmill", ours)):
        print(f"| {name} | " + " | ".join(f"{rate:.4f}" for rate in rates(references, texts).values()) + " |")
    print(f"{sum(a == b for a, b in zip(ours, theirs))} of {len(rows)} texts are the same")
    wrong = {name: (rate, measures[name]) for name, rate in rates(references, ours).items()
             if abs(rate - measures[name]) > 1e-9}
    if wrong:
        sys.exit(f"reported rates are not jiwer's: {wrong}")


def compare_long(arguments, model, name):
    rows = clips()
    said = " ".join(text for _, text in rows)
    their_options, our_options = WAYS[name]
    with tempfile.TemporaryDirectory() as folder:
        long = str(pathlib.Path(folder, "long.wav"))
        join([path for path, _ in rows], long)
        theirs = faster_whisper(model, [long], **their_options)
        for numerics in ("int8", "f32"):
            ours, _ = rowmill(arguments, [(long, said)], *our_options, "--numerics", numerics)
            between = jiwer.process_words(theirs[0], ours[0])
            errors = between.substitutions + between.insertions + between.deletions
            print(f"joined, {name}: wer_english of faster-whisper {rates([said], theirs)['wer_english']:.4f}, of Rowmill "
                  f"{numerics} {rates([said], ours)['wer_english']:.4f}; {errors} of {len(theirs[0].split())} words differ")
            if errors:
                print(f"    theirs: {theirs[0]}\n    ours:   {ours[0]}", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("ct2", help="folder of the CTranslate2 model")
    parser.add_argument("--model", default="whisper-base")
    parser.add_argument("--binary", default=str(ROOT / "build/release/rowmill"))
    parser.add_argument("--part", choices=["clips", *WAYS], help="only this one; all of them take some minutes")
    arguments = parser.parse_args()
    model = WhisperModel(arguments.ct2, device="cpu", compute_type="float32")
    if arguments.part in (None, "clips"):
        compare_clips(arguments, model)
    for name in WAYS:
        if arguments.part in (None, name):
            compare_long(arguments, model, name)


if __name__ == "__main__":
    main()
