"""transcribe: what people get, and the same bytes however it is run. The tiny random model writes nonsense, but it
depends on every sample; the real one is compared where it is there."""

import json
import math
import os
import pathlib
import re
import signal
import struct
import time
import unittest

from program import OK, PROJECT, USAGE, ProgramTest, read_jsonl, read_report, shared_folder

TINY = PROJECT / "tests" / "data" / "whisper"


def real_model(name):
    default = pathlib.Path(os.environ.get("HOME", ".")) / ".cache" / "rowmill" / "models"
    folder = pathlib.Path(os.environ.get("ROWMILL_MODELS") or default) / name
    return folder if (folder / "model.safetensors").exists() else None


def wav(seconds, pitch=300.0, rate=16000, size=None):
    """A sound that never repeats itself; `size`: of the data, as the header says it."""
    samples = [int(9000 * math.sin(pitch * (1 + i / rate) * i / rate) + 3000 * math.sin(0.001 * i * i % 7))
               for i in range(int(seconds * rate))]
    data = struct.pack(f"<{len(samples)}h", *samples)
    size = len(data) if size is None else size
    return (b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, rate, rate * 2, 2, 16)
            + b"data" + struct.pack("<I", size) + data)


class TinyTranscriberTest(ProgramTest):
    def transcribe(self, *arguments, expect=OK):
        return self.run_program("transcribe", *arguments, "-m", TINY, "--progress", "none", expect=expect)

    def write_sounds(self):
        folder = pathlib.Path(self.path("sounds"))
        folder.mkdir(exist_ok=True)
        sounds = {"a.wav": wav(0.9), "b.wav": wav(0.3, 500), "c.wav": wav(0.9), "d.wav": wav(1.3, 700, 8000),
                  "e.wav": wav(0.5, 900, size=40000), "f.wav": b"RIFF\0\0\0\0WAVE", "g.wav": b"no sound at all",
                  "h.wav": wav(0.4)[:44] + bytes(12800), "i.wav": b"", "j.txt": b"not asked for"}
        for name, content in sounds.items():
            (folder / name).write_bytes(content)

    def test_a_row_for_each_file(self):
        self.write_sounds()
        self.transcribe("sounds", "-o", "out.jsonl")
        rows = read_jsonl(self.path("out.jsonl"))
        self.assertEqual([row["path"] for row in rows], [f"sounds/{name}.wav" for name in "abcdefghi"])
        for row in rows:
            self.assertEqual(list(row), ["path", "text", "language", "segments", "status", "error"])
        statuses = [row["status"] for row in rows]
        self.assertEqual(statuses, ["ok"] * 4 + ["truncated", "invalid", "invalid", "error", "error"])
        self.assertEqual(rows[7]["error"], "the clip is silent")
        self.assertEqual({**rows[0], "path": ""}, {**rows[2], "path": ""})
        answered = [row for row in rows if row["text"]]
        self.assertTrue(answered)
        for row in answered:
            self.assertIn(row["language"], ("en", "pt"))
            for segment in row["segments"]:
                self.assertLessEqual(segment["start"], segment["end"])
        report = read_report(self.path("out.jsonl"))
        self.assertEqual(report["rows"]["duplicates"], 1)

    def test_the_same_bytes_however_it_is_run(self):
        self.write_sounds()
        outputs = set()
        for i, options in enumerate([["--units", "1"], ["--isa", "scalar"], ["--units", "3"], ["--max-rows", "2"],
                                     ["--threads-per-unit", "2"], ["--dedupe", "off"], ["--split", "equal"]]):
            self.transcribe("sounds", "-o", f"out{i}.jsonl", *options)
            outputs.add(self.read(f"out{i}.jsonl"))
        self.assertEqual(len(outputs), 1)

    def test_text_before_a_window(self):
        self.write_sounds()  # windows are of 0.4 seconds: those of a, c and d come after others
        texts = {}
        for name, options in {"plain": [], "prompt": ["--prompt", "xyz"], "previous": ["--previous-text"],
                              "both": ["--prompt", " xyz ", "--previous-text"]}.items():
            outputs = set()
            for i, how in enumerate([["--units", "1"], ["--units", "3", "--max-rows", "2"], ["--isa", "scalar"]]):
                self.transcribe("sounds", "-o", f"{name}{i}.jsonl", *options, *how)
                outputs.add(self.read(f"{name}{i}.jsonl"))
            self.assertEqual(len(outputs), 1, name)
            texts[name] = [row["text"] for row in read_jsonl(self.path(f"{name}0.jsonl"))]
        self.assertEqual(len({str(text) for text in texts.values()}), 4, texts)
        # b has one window, which nothing comes before.
        self.assertEqual(texts["previous"][1], texts["plain"][1])
        self.assertEqual(texts["both"][1], texts["prompt"][1])
        # Another prompt is another job.
        self.transcribe("sounds", "-o", "prompt0.jsonl", "--prompt", "abc", expect=USAGE)
        result = self.transcribe("sounds", "-o", "long.jsonl", "--prompt", "x" * 60, expect=USAGE)
        self.assertIn("47 at most", result.stderr)

    def test_a_killed_job_goes_on_with_the_text_before_a_window(self):
        folder = pathlib.Path(self.path("sounds"))
        folder.mkdir()
        for i in range(40):
            (folder / f"{i:02}.wav").write_bytes(wav(1.0, 300 + 20 * i))
        options = ["--previous-text", "--prompt", "xyz"]
        self.transcribe("sounds", "-o", "whole.jsonl", *options)
        job = ["transcribe", "sounds", "-o", "out.jsonl", "-m", TINY, "--progress", "none", "--units", "1", "--isa",
               "scalar", "--max-rows", "2", *options]
        process = self.start(*job)
        journal = self.folder / "out.jsonl.rowmill" / "journal"
        while process.poll() is None:
            if journal.exists() and journal.stat().st_size > 2000:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.001)
        process.communicate()
        self.run_program(*job)
        self.assertEqual(self.read("out.jsonl"), self.read("whole.jsonl"))

    def test_a_column_of_paths_and_word_error_rates(self):
        self.write_sounds()
        self.write_jsonl("in.jsonl", [{"file": f"sounds/{name}.wav", "said": "one two"} for name in "ab"])
        self.transcribe("in.jsonl", "--path", "file", "--gold", "said", "--language", "pt", "-o", "out.jsonl")
        rows = read_jsonl(self.path("out.jsonl"))
        self.assertEqual([row["said"] for row in rows], ["one two"] * 2)
        self.assertLessEqual({row["language"] for row in rows}, {"pt", None})
        measures = json.dumps(read_report(self.path("out.jsonl")))
        self.assertIn("wer_normalized", measures)

    def test_subtitles(self):
        self.write_sounds()
        self.transcribe("sounds/a.wav", "sounds/c.wav", "--srt", "subtitles", "--vtt", "subtitles", "-o", "out.jsonl")
        answered = [row for row in read_jsonl(self.path("out.jsonl")) if row["status"] == "ok"]
        names = sorted(os.listdir(self.path("subtitles")))
        self.assertEqual(len(names), 2 * len(answered))
        for name in names:
            text = pathlib.Path(self.path("subtitles"), name).read_text(encoding="utf-8")
            self.assertEqual(text.startswith("WEBVTT"), name.endswith(".vtt"))
            self.assertRegex(text, r"00:00:00[.,][0-9]{3} --> 00:00:0[0-9][.,]")

    def test_options_that_do_not_go_with_the_model(self):
        self.write_sounds()
        result = self.transcribe("sounds", "--language", "xx", "-o", "out.jsonl", expect=USAGE)
        self.assertIn("en, pt", result.stderr)
        result = self.run_program("transcribe", "sounds", "-m", PROJECT / "tests/data/encoder_decoders/opus", "-o",
                                  "o.jsonl", expect=USAGE)
        self.assertIn("speech model", result.stderr)

    def test_plan_counts_seconds_of_sound(self):
        self.write_sounds()
        result = self.run_program("plan", "transcribe", "sounds", "-m", TINY, "--progress", "none")
        self.assertRegex(result.stdout.decode(), r"seconds +[0-9]+")


class WhisperTest(ProgramTest):
    """Word errors over the shared clips, beside what the reference engine wrote: at most one word more."""

    @staticmethod
    def words(text):
        return re.sub(r"[^a-z0-9' ]", "", text.lower().replace("-", " ")).split()

    @classmethod
    def errors(cls, said, written):
        said, written = cls.words(said), cls.words(written)
        row = list(range(len(written) + 1))
        for i, a in enumerate(said, 1):
            before, row[0] = row[0], i
            for j, b in enumerate(written, 1):
                before, row[j] = row[j], min(before + (a != b), row[j] + 1, row[j - 1] + 1)
        return row[-1]

    def test_words_of_the_reference(self):
        goldens = shared_folder() / "goldens" / "asr_whisper_tiny_en.jsonl"
        model = real_model("whisper-tiny.en")
        if not goldens.exists() or model is None:
            self.skipTest("no reference outputs or no whisper-tiny.en weights")
        rows = [json.loads(line) for line in goldens.read_text().splitlines()][:8]
        sounds = shared_folder() / "data" / "speech"
        self.write_jsonl("in.jsonl", [{"path": str(sounds / row["wav"])} for row in rows])
        self.run_program("transcribe", "in.jsonl", "-m", model, "--no-timestamps", "-o", "out.jsonl")
        written = [row["text"] for row in read_jsonl(self.path("out.jsonl"))]
        ours = sum(self.errors(row["ref"], text) for row, text in zip(rows, written, strict=True))
        theirs = sum(self.errors(row["ref"], row["hyp"]) for row in rows)
        self.assertLessEqual(ours, theirs + 1)


if __name__ == "__main__":
    unittest.main()
