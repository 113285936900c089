#!/usr/bin/env python3
"""Speech recognition beside faster-whisper, in turns in one run, and the tables of docs/accuracy.md and
docs/benchmarks.md.

    bench/peers/transcribe.py CT2_FOLDER [--model whisper-base] [--rounds N] [--numerics f32]

Needs `pip install faster-whisper jiwer` in the environment that runs this; CT2_FOLDER is the CTranslate2 folder
of the same weights (model.bin, config.json, tokenizer.json, vocabulary.txt). The clips are the 16 kHz WAV files of
the shared data. Both sides decode greedily, in English, without timestamps and without further attempts;
faster-whisper computes with int8 in one worker per core, each with one thread.

Each measurement is a fresh process. Rowmill's time runs from the first row read to the last written,
faster-whisper's from the first clip given to its workers to the last text; loading is in neither. Word error rates
are jiwer's over all clips, in lower case, without punctuation.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
THREADS = len(os.sched_getaffinity(0))
SHARED = pathlib.Path(os.environ.get("ROWMILL_SHARED", ROOT.parent / "shared"))
BINARY = os.environ.get("ROWMILL_BINARY", str(ROOT / "build/release/rowmill"))


def clips():
    """[(path, seconds, what is said)] of those that are there."""
    folder = SHARED / "data" / "speech"
    rows = [json.loads(line) for line in (folder / "speech.jsonl").read_text().splitlines()]
    return [(str(folder / row["wav"]), row["seconds"], row["text"]) for row in rows if (folder / row["wav"]).exists()]


def rowmill(arguments):
    with tempfile.TemporaryDirectory() as folder:
        source, output = pathlib.Path(folder, "in.jsonl"), pathlib.Path(folder, "out.jsonl")
        source.write_text("".join(json.dumps({"path": path}) + "\n" for path, _, _ in clips()))
        subprocess.run([BINARY, "transcribe", source, "-o", output, "-m", arguments.model, "--language",
                        "en", "--no-timestamps", "--no-fallback", "--progress", "none",
                        "--numerics", arguments.numerics], check=True, stderr=subprocess.PIPE)
        seconds = json.loads(pathlib.Path(f"{output}.run.json").read_text())["measures"]["wall_seconds"]
        return seconds, [json.loads(line)["text"] or "" for line in output.read_text().splitlines()]


def faster_whisper(arguments):
    from concurrent.futures import ThreadPoolExecutor

    from faster_whisper import WhisperModel
    model = WhisperModel(arguments.ct2, device="cpu", compute_type="int8", cpu_threads=1, num_workers=THREADS)

    def transcribe(path):
        segments, _ = model.transcribe(path, language="en", beam_size=1, temperature=0.0, without_timestamps=True,
                                       condition_on_previous_text=False)
        return "".join(segment.text for segment in segments).strip()

    paths = [path for path, _, _ in clips()]
    transcribe(paths[0])
    started = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        texts = list(pool.map(transcribe, paths))
    return time.perf_counter() - started, texts


ENGINES = {"Rowmill": rowmill, "faster-whisper": faster_whisper}


def normalized(text):
    return re.sub(r" +", " ", re.sub(r"[^a-z0-9' ]", "", text.lower().replace("-", " "))).strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("ct2", help="folder of the CTranslate2 model")
    parser.add_argument("--model", default="whisper-base")
    parser.add_argument("--numerics", default="int8", help="of Rowmill")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engine", choices=ENGINES, help="only this engine, its answers to standard output as JSON")
    arguments = parser.parse_args()
    if arguments.engine:
        seconds, texts = ENGINES[arguments.engine](arguments)
        print(json.dumps({"seconds": seconds, "texts": texts}))
        return
    import jiwer

    total = sum(seconds for _, seconds, _ in clips())
    references = [normalized(text) for _, _, text in clips()]
    speeds, texts = {name: [] for name in ENGINES}, {}
    for turn in range(arguments.rounds):
        for engine in list(ENGINES) if turn % 2 == 0 else list(ENGINES)[::-1]:
            command = [sys.executable, __file__, arguments.ct2, "--model", arguments.model, "--engine", engine,
                       "--numerics", arguments.numerics]
            found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
            speeds[engine].append(total / found["seconds"])
            texts[engine] = found["texts"]
            print(f"round {turn}  {engine:16} {speeds[engine][-1]:6.2f} x real time", file=sys.stderr, flush=True)
    print(f"{len(references)} clips, {total:.0f} s of sound, {arguments.model}")
    print("| engine | x real time, median | range | word errors | of words |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, each in speeds.items():
        found = jiwer.process_words(references, [normalized(text) for text in texts[name]])
        errors = found.substitutions + found.deletions + found.insertions
        print(f"| {name} | {statistics.median(each):.2f} | {min(each):.2f} to {max(each):.2f} | {errors} | "
              f"{found.hits + found.substitutions + found.deletions} |")
    ratio = statistics.median(ours / theirs for ours, theirs in zip(*speeds.values(), strict=True))
    same = sum(a == b for a, b in zip(*texts.values(), strict=True))
    print(f"Rowmill is {ratio:.2f} times as fast in the median round; {same} texts are the same.")


if __name__ == "__main__":
    main()
