"""Every format in, every format out: the input's columns pass through, ours follow."""

import gzip
import json
import shutil
import subprocess
import unittest

import program
from program import DATA, IO, USAGE, ProgramTest, read_csv, read_jsonl

TEXTS = ["a good film", 'with "quotes", commas', "two\nlines", "täglich 日本語 🙂", "tab\there"]
ROWS = [{"id": str(i), "text": text, "note": "" if i == 2 else f"n{i}"}
        for i, text in enumerate(TEXTS)]


def answers_of(rows):
    return [(row["label"], float(row["probability"]), row["status"]) for row in rows]


def passed_through(rows):
    return [{name: row[name] for name in ROWS[0]} for row in rows]


class FormatsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write_jsonl("in.jsonl", ROWS)
        self.write_csv("in.csv", ROWS)
        self.write_csv("in.tsv", ROWS, delimiter="\t")

    def sentiment(self, source, target, *options, **more):
        return self.run_job("sentiment", source, "-o", target, *options, **more)

    def test_each_format_becomes_each_other(self):
        self.sentiment("in.jsonl", "wanted.jsonl")
        wanted = answers_of(read_jsonl(self.path("wanted.jsonl")))
        self.assertEqual({status for _, _, status in wanted}, {"ok"})
        self.assertGreater(len({probability for _, probability, _ in wanted}), 1)
        for source in ["in.jsonl", "in.csv", "in.tsv"]:
            for suffix in ["jsonl", "csv", "tsv"]:
                with self.subTest(source=source, target=suffix):
                    target = f"from-{source}.{suffix}"
                    self.sentiment(source, target)
                    read = {"jsonl": read_jsonl, "csv": read_csv,
                            "tsv": lambda path: read_csv(path, "\t")}[suffix]
                    rows = read(self.path(target))
                    self.assertEqual(passed_through(rows), ROWS)
                    self.assertEqual(answers_of(rows), wanted)

    def test_jsonl_keeps_the_objects_own_text(self):
        line = '{ "text":"a good film" , "n": 1.50e3, "deep": {"a":[1, 2]}, "u": "\\u00e9" }'
        self.write("odd.jsonl", line + "\r\n")
        self.sentiment("odd.jsonl", "out.jsonl")
        self.assertTrue(self.read("out.jsonl").decode().startswith(line[:-2]))

    def test_csv_keeps_the_fields_bytes(self):
        self.write("odd.csv", b'text,raw\r\na good film,\xff\xfe\r\n"a ""b"" c","x\r\ny"\r\n')
        self.sentiment("odd.csv", "out.csv")
        data = self.read("out.csv")
        self.assertIn(b"a good film,\xff\xfe,", data)
        self.assertIn(b'"a ""b"" c","x\r\ny",', data)

    def test_text_lines(self):
        self.write("in.txt", "a good film\n\na bad film")
        self.sentiment("in.txt", "out.txt")
        lines = self.read("out.txt").decode().split("\n")
        self.assertEqual([bool(line) for line in lines], [True, False, True, False])
        self.sentiment("in.txt", "out.jsonl")
        rows = read_jsonl(self.path("out.jsonl"))
        self.assertEqual([row["text"] for row in rows], ["a good film", "", "a bad film"])
        self.assertEqual([row["status"] for row in rows], ["ok", "invalid", "ok"])
        self.assertEqual([row["label"] or "" for row in rows], lines[:3])

    def test_gzip_in_and_out(self):
        self.sentiment("in.jsonl", "plain.jsonl")
        self.write_gzip("in.jsonl.gz", self.read("in.jsonl").decode())
        self.sentiment("in.jsonl.gz", "out.jsonl.gz")
        self.assertEqual(gzip.decompress(self.read("out.jsonl.gz")), self.read("plain.jsonl"))

    def test_zstd_in_and_out(self):
        zstd = shutil.which("zstd")
        if zstd is None:
            self.skipTest("there is no zstd program to compare with")
        self.sentiment("in.csv", "plain.csv")
        subprocess.run([zstd, "-q", self.path("in.csv")], check=True)
        self.sentiment("in.csv.zst", "out.csv.zst")
        run = subprocess.run([zstd, "-dc", self.path("out.csv.zst")], capture_output=True,
                             check=True)
        self.assertEqual(run.stdout, self.read("plain.csv"))

    def test_standard_input_in_each_format(self):
        for name, suffix in [("jsonl", "jsonl"), ("csv", "csv"), ("tsv", "tsv")]:
            with self.subTest(format=name):
                self.sentiment(f"in.{suffix}", f"file.{suffix}")
                run = self.run_job("sentiment", "-", "--format", name,
                                   stdin=self.read(f"in.{suffix}"))
                self.assertEqual(run.stdout, self.read(f"file.{suffix}"))

    def test_compressed_standard_input(self):
        self.sentiment("in.jsonl", "file.jsonl")
        run = self.run_job("sentiment", "-", "--format", "jsonl",
                           stdin=gzip.compress(self.read("in.jsonl")))
        self.assertEqual(run.stdout, self.read("file.jsonl"))

    def test_output_format_overrides_the_name(self):
        run = self.run_job("sentiment", "in.csv", "--output-format", "jsonl")
        self.assertEqual(passed_through([json.loads(line) for line in run.stdout.splitlines()]),
                         ROWS)
        self.sentiment("in.csv", "out.dat", "--output-format", "tsv")
        self.assertEqual(passed_through(read_csv(self.path("out.dat"), "\t")), ROWS)

    def test_input_format_overrides_the_name(self):
        self.write("in.dat", self.read("in.tsv"))
        self.sentiment("in.dat", "out.jsonl", "--format", "tsv")
        self.assertEqual(passed_through(read_jsonl(self.path("out.jsonl"))), ROWS)

    def test_no_header(self):
        self.write("bare.csv", "1,a good film\n2,a bad film\n")
        self.sentiment("bare.csv", "out.jsonl", "--no-header", "--text", "column2")
        rows = read_jsonl(self.path("out.jsonl"))
        self.assertEqual([row["column1"] for row in rows], ["1", "2"])
        self.assertEqual([row["status"] for row in rows], ["ok", "ok"])

    def test_delimiter(self):
        self.write("semicolon.csv", "id;text\n1;a good film, really\n")
        run = self.sentiment("semicolon.csv", "out.jsonl", expect=DATA)
        self.assertIn("--delimiter", run.stderr)
        self.sentiment("semicolon.csv", "out.jsonl", "--delimiter", ";")
        self.assertEqual(read_jsonl(self.path("out.jsonl"))[0]["text"], "a good film, really")
        self.write("tab.csv", "id\ttext\n1\ta good film\n")
        self.sentiment("tab.csv", "tab.jsonl", "--delimiter", "tab")
        self.assertEqual(read_jsonl(self.path("tab.jsonl"))[0]["id"], "1")
        self.sentiment("in.csv", "bad.jsonl", "--delimiter", "ab", expect=USAGE)

    def test_byte_order_mark_and_line_ends(self):
        self.write("bom.csv", b"\xef\xbb\xbftext,n\r\na good film,1\r\n")
        self.sentiment("bom.csv", "out.jsonl")
        self.assertEqual(read_jsonl(self.path("out.jsonl"))[0]["n"], "1")
        self.write("bom.jsonl", b'\xef\xbb\xbf{"text":"a good film"}\r\n')
        self.sentiment("bom.jsonl", "out2.jsonl")
        self.assertEqual(read_jsonl(self.path("out2.jsonl"))[0]["status"], "ok")

    def test_formats_that_are_not_read_are_named(self):
        self.write("hidden.csv", b"PAR1\x15\x04\x15\x00PAR1")
        self.assertIn("Parquet", self.sentiment("hidden.csv", "o.csv", expect=DATA).stderr)
        self.write("wide.csv", "text\na\n".encode("utf-16"))
        self.assertIn("UTF-16", self.sentiment("wide.csv", "o.csv", expect=DATA).stderr)
        self.write("in.unknown", "x")
        self.assertIn("--format", self.sentiment("in.unknown", "o.csv", expect=USAGE).stderr)
        self.assertEqual([name for name in self.names() if name.startswith("o.")], [])

    def test_empty_inputs_give_empty_outputs(self):
        for name, content in [("e.jsonl", ""), ("e.csv", ""), ("e.txt", ""), ("h.csv", "text\n"),
                              ("b.jsonl", "\n\n  \n")]:
            with self.subTest(name=name):
                self.write(name, content)
                run = self.sentiment(name, f"out-{name}")
                self.assertIn("no rows", run.stderr)
                self.assertEqual(program.read_report(self.path(f"out-{name}"))["rows"]["total"], 0)
        self.assertEqual(self.read("out-h.csv").decode(), "text,label,probability,status,error\n")

    def test_csv_safe(self):
        self.write("in.jsonl", '{"text":"=1+1"}\n')
        options = ["--labels", "=cmd,+plus", "--text", "text"]
        self.run_job("classify", "in.jsonl", *options, "-o", "bare.csv")
        self.run_job("classify", "in.jsonl", *options, "-o", "safe.csv", "--csv-safe")
        bare = read_csv(self.path("bare.csv"))[0]
        safe = read_csv(self.path("safe.csv"))[0]
        self.assertIn(bare["label"], ["=cmd", "+plus"])
        self.assertEqual(safe["label"], "'" + bare["label"])
        self.assertEqual(safe["text"], "=1+1")  # theirs passes through


class StreamTest(ProgramTest):
    def test_a_reader_that_goes_away_is_an_error_of_writing(self):
        self.write_jsonl("in.jsonl", [{"text": f"row {i} " + "word " * 20} for i in range(3000)])
        process = self.start("sentiment", "in.jsonl", "-m", program.tiny_model(),
                             "--progress", "none")
        process.stdout.read(10)
        process.stdout.close()
        message = process.stderr.read().decode()
        process.stderr.close()
        self.assertEqual(process.wait(60), IO, message)
        self.assertIn("standard output", message)

    def test_rows_leave_in_order_before_the_job_ends(self):
        rows = [{"text": f"row {i:04d}"} for i in range(2000)]
        self.write_jsonl("in.jsonl", rows)
        process = self.start("generate", "in.jsonl", "-m", program.tiny_model(), "--prompt",
                             "{{text}}", "--max-tokens", "100", "--progress", "none")
        first = json.loads(process.stdout.readline())
        running = process.poll() is None
        rest = [json.loads(line) for line in process.stdout]
        message = process.stderr.read().decode()
        process.stdout.close()
        process.stderr.close()
        self.assertEqual(process.wait(60), 0, message)
        self.assertTrue(running, "the first row came after the end")
        self.assertEqual([row["text"] for row in [first, *rest]], [row["text"] for row in rows])


if __name__ == "__main__":
    unittest.main()
