"""Several data files as one data set: names, patterns and folders."""

import gzip
import json
import unittest

import program
from program import DATA, USAGE, ProgramTest, read_csv, read_jsonl, read_report

# A model that is not there: what is wrong must be said before it is missed.
NO_MODEL = {"model": "/there/is/no/model.gguf"}


class SeveralFilesTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.rows = [{"id": str(i), "text": f"film {i % 7} was good"} for i in range(30)]
        (self.folder / "data").mkdir()
        self.write_csv("data/a.csv", self.rows[:10])
        self.write_csv("data/c.csv", self.rows[20:])
        text = "id,text\r\n" + "".join(f"{row['id']},{row['text']}\r\n" for row in self.rows[10:20])
        self.write("data/b.csv.gz", gzip.compress(text.encode()))
        self.write_csv("all.csv", self.rows)

    def sentiment(self, *arguments, **options):
        return self.run_job("sentiment", *arguments, **options)

    def test_they_are_one_data_set(self):
        self.sentiment("all.csv", "-o", "all.jsonl", "--id", "id")
        wanted = self.read("all.jsonl")
        for name, inputs in [("names", ["data/a.csv", "data/b.csv.gz", "data/c.csv"]),
                             ("pattern", ["data/*"]), ("folder", ["data"])]:
            with self.subTest(name=name):
                self.sentiment(*inputs, "-o", f"{name}.jsonl", "--id", "id")
                self.assertEqual(self.read(f"{name}.jsonl"), wanted)
        self.assertEqual(read_report(self.path("names.jsonl"))["tokens"],
                         read_report(self.path("all.jsonl"))["tokens"])
        self.sentiment("data", "-o", "part.csv", "--shard", "1/3")
        self.assertEqual([row["id"] for row in read_csv(self.path("part.csv"))],
                         [str(i) for i in range(10, 20)])
        # The output does not become input when it lies among the files.
        self.sentiment("data", "-o", "data/out.csv")
        self.sentiment("data", "-o", "data/out.csv", "--overwrite")
        self.assertEqual(len(read_csv(self.path("data/out.csv"))), 30)

    def test_a_changed_file_is_another_job(self):
        process = self.start("sentiment", "data", "-m", program.tiny_model(), "-o", "out.jsonl",
                             "--progress", "none", "--units", "1", "--max-rows", "1")
        while process.poll() is None and not (self.folder / "out.jsonl.rowmill" / "journal").exists():
            pass
        process.kill()
        process.communicate()
        if (self.folder / "out.jsonl").exists():
            self.skipTest("the job was faster than the signal")
        self.write_csv("data/c.csv", self.rows[19:])
        self.assertIn("input.3.size", self.sentiment("data", "-o", "out.jsonl", expect=USAGE).stderr)

    def test_lines_and_names_of_json_lines(self):
        self.write("x.jsonl", '{"text":"good","id":1}')
        self.write("y.jsonl", '{"text":"bad","note":"n"}\nnonsense\n{"id":1,"text":"x"}\n')
        run = self.sentiment("x.jsonl", "y.jsonl", "-o", "out.csv")
        self.assertIn("first failure row 2 (line 2 of 'y.jsonl')", run.stderr)
        rows = read_csv(self.path("out.csv"))
        self.assertEqual(list(rows[0])[:3], ["text", "id", "note"])
        self.assertEqual([row["status"] for row in rows], ["ok", "ok", "invalid", "ok"])
        self.assertEqual(read_report(self.path("out.csv"))["first_failure"]["file"], "y.jsonl")
        run = self.sentiment("x.jsonl", "y.jsonl", "-o", "id.csv", "--id", "id", expect=DATA)
        self.assertIn("'y.jsonl', line 1 (row 1) has no 'id'", run.stderr)

    def test_rows_are_taken_out_of_them_and_put_back(self):
        # Columns that not all rows have, some with names of ours, in files of both kinds of line end.
        x = [{"text": f"film {i} was good", "id": i} for i in range(8)]
        y = [{"note": "n", "text": "", "label": "theirs"}, {"text": "many words " * 200},
             {"id": 1, "text": "last"}]
        x[3]["text"] = "long words " * 200
        self.write_jsonl("x.jsonl", x)
        self.write("y.jsonl.gz", gzip.compress("\r\n".join(map(json.dumps, y)).encode()))
        self.write("data/d.csv", "id,text\r\n1," + "long words " * 200 + '\r\n2,"a ""good"" film"')
        job = ["--prompt", "{{text}}", "--raw-prompt", "--max-context", "200"]
        for files, name, failed in [(["x.jsonl", "y.jsonl.gz"], "out.jsonl", 3),
                                    (["x.jsonl", "y.jsonl.gz"], "out.csv", 3),
                                    (["data"], "four.csv", 1), (["data/*"], "four.jsonl", 1)]:
            with self.subTest(files=files, name=name):
                self.sentiment(*files, *job, "-o", name)
                run = self.run_job("verify", "sentiment", *files, *job, "-o", name, "--seed", "3")
                self.assertIn("all have the same bytes", run.stdout.decode())
                run = self.sentiment(*files, *job, "-o", name, "--only", "failed", "--overflow", "tail")
                self.assertIn(f"rows          {failed}\n", run.stderr)
                self.sentiment(*files, *job, "-o", "all-" + name, "--overflow", "tail")
                self.assertEqual(self.read(name), self.read("all-" + name))
        self.write("out.csv", self.read("out.csv").replace(b"film 6", b"film 7"))
        run = self.run_job("verify", "sentiment", "x.jsonl", "y.jsonl.gz", *job, "-o", "out.csv",
                           "--overflow", "tail", expect=DATA)
        self.assertIn("1 of 11 rows that were computed once more have other bytes: 6\n",
                      run.stdout.decode())
        run = self.run_job("verify", "sentiment", "x.jsonl", *job, "-o", "out.csv", expect=USAGE)
        self.assertIn("the input has 8 rows, the output more", run.stderr)
        # Some of the rows have fewer columns than all that the job has read.
        self.sentiment("x.jsonl", "y.jsonl.gz", *job, "-o", "some.csv", "--limit", "9")
        self.run_job("verify", "sentiment", "x.jsonl", "y.jsonl.gz", *job, "-o", "some.csv",
                     "--limit", "9", "--sample", "2")

    def test_what_does_not_fit_is_named_before_the_model_is_loaded(self):
        self.write("data/d.csv", "id,txt\n1,x\n")
        run = self.sentiment("data", "-o", "out.jsonl", expect=DATA, **NO_MODEL)
        self.assertIn("'data/d.csv': column 2 is 'txt', where 'data/a.csv' has 'text'", run.stderr)
        self.write("data/d.csv", "id,text,more\n1,x,y\n")
        run = self.sentiment("data", "-o", "out.jsonl", expect=DATA, **NO_MODEL)
        self.assertIn("column 3 is 'more', where 'data/a.csv' has no such column", run.stderr)
        self.write("data/d.csv", "")  # without columns and rows: fine
        self.sentiment("data", "-o", "out.jsonl")
        self.assertEqual(len(read_jsonl(self.path("out.jsonl"))), 30)
        for inputs, words in [(["data/a.csv", "none.csv"], "no file 'none.csv'"),
                              (["data/a.csv", "-"], "standard input"),
                              (["data/x*"], "no file matches"),
                              (["all.csv", "y.jsonl"], "one format")]:
            run = self.sentiment(*inputs, "-o", "no.jsonl", expect=USAGE, **NO_MODEL)
            self.assertIn(words, run.stderr)
        self.write("data/d.csv", 'id,text\n1,"open')
        run = self.sentiment("data", "-o", "cut.jsonl", expect=DATA)
        self.assertIn("'data/d.csv': a quote that opens in line 2", run.stderr)
        self.assertEqual(len(read_jsonl(self.path("cut.jsonl"))), 30)


class OutputFolderTest(ProgramTest):
    """-o folder/: what each file alone would give."""

    def setUp(self):
        super().setUp()
        (self.folder / "data" / "deep").mkdir(parents=True)
        rows = [{"id": str(i), "text": f"film {i % 7} was good"} for i in range(20)]
        self.write_csv("data/a.csv", rows[:7])
        self.write("data/b.jsonl.gz", gzip.compress(
            b'{"text":"good","label":"theirs","gold":"positive"}\n\n{"text":""}\n{"text":"x","n":1}\n'))
        self.write("data/deep/c.txt", "a film\nanother one\n")
        self.write("data/notes.md", "no data")
        self.write("data/part.gz", gzip.compress(b"text\nx\n"))

    def sentiment(self, *arguments, **options):
        return self.run_job("sentiment", *arguments, **options)

    def alone(self, *arguments):
        for name, output in [("a.csv", "a.csv"), ("b.jsonl.gz", "b.jsonl"), ("deep/c.txt", "c.txt")]:
            self.sentiment(f"data/{name}", "-o", f"alone-{output}", *arguments)
            yield output, self.read(f"alone-{output}")

    def test_each_output_is_that_of_its_file_alone(self):
        run = self.sentiment("data", "-o", "out/", "--report", "page.html")
        self.assertIn("passed over 'data/part.gz'", run.stderr)
        self.assertEqual(len(run.stderr.split("rows          ")), 2, run.stderr)
        for output, wanted in self.alone():
            self.assertEqual(self.read(f"out/{output}"), wanted, output)
        self.assertEqual(sorted(name for name in program.os.listdir(self.path("out"))
                                if not name.endswith(".run.json")),
                         ["a.csv", "b.jsonl", "c.txt", "run.json"])
        with open(self.path("out/run.json"), encoding="utf-8") as file:
            report = json.load(file)
        self.assertEqual([report["rows"][name] for name in ["total", "ok", "invalid"]], [12, 11, 1])
        self.assertEqual([entry["output"] for entry in report["files"]],
                         ["out/a.csv", "out/b.jsonl", "out/c.txt"])
        self.assertGreater(report["measures"]["speed"], 0)
        self.assertIn(b"sentiment of data", self.read("page.html"))
        # Once more: nothing is left to do; nor does the folder become input when it lies in it.
        self.assertIn("3, 3 finished before", self.sentiment("data", "-o", "out/").stderr)
        plan = self.run_job("plan", "sentiment", "data", "-o", "out/").stdout.decode()
        self.assertIn("file              data/deep/c.txt", plan)
        for _ in range(2):
            self.sentiment("data", "-o", "data/deep/out/", "--output-format", "jsonl", "--limit", "2")
        self.assertIn("data/deep/out/c.jsonl: 2 of 2 rows", self.run_job(
            "verify", "sentiment", "data", "-o", "data/deep/out/", "--output-format", "jsonl",
            "--limit", "2").stdout.decode())
        self.sentiment("data/a.csv", "-o", "one/")
        self.assertEqual(self.read("one/a.csv"), self.read("out/a.csv"))

    def test_stopped_it_goes_on_with_the_file_that_it_was_at(self):
        rows = [{"id": str(i), "text": f"film {i} was " + "very " * (i % 30)} for i in range(300)]
        for name in ["x", "y", "z"]:
            self.write_csv(f"{name}.csv", rows)
        process = self.start("sentiment", "x.csv", "y.csv", "z.csv", "-m", program.tiny_model(), "-o",
                             "out/", "--progress", "none", "--units", "1", "--max-rows", "2")
        while process.poll() is None and not (self.folder / "out/y.csv.rowmill/journal").exists():
            pass
        process.kill()
        process.communicate()
        self.assertFalse((self.folder / "out/z.csv").exists())
        run = self.sentiment("x.csv", "y.csv", "z.csv", "-o", "out/")
        self.assertIn("x.csv -> out/x.csv: finished before, 300 rows", run.stderr)
        self.sentiment("x.csv", "-o", "alone.csv")
        for name in ["x", "y", "z"]:
            self.assertEqual(self.read(f"out/{name}.csv"), self.read("alone.csv"))

    def test_what_cannot_be_is_said_before_the_model_is_loaded(self):
        self.write_csv("data/b.csv", [{"text": "x"}])
        (self.folder / "data" / "b.txt").write_text("x")
        for arguments, words in [
                (["data", "-o", "out/", "--output-format", "csv"],
                 "'data/b.csv' and 'data/b.jsonl.gz' would both be written to 'out/b.csv'"),
                (["data/a.csv", "-o", "data/"], "is an input"),
                (["data", "-o", "data/"], "no data file but the output itself"),
                (["-", "--format", "csv", "-o", "out/"], "standard input has no name"),
                (["data/a.csv", "-o", "out/", "--trace", "t.json"], "--trace"),
                (["data/a.csv", "data/deep/c.txt", "--text", "txt", "-o", "out/"], "'txt'")]:
            run = self.sentiment(*arguments, expect=USAGE, **NO_MODEL)
            self.assertIn(words, run.stderr)
        self.run_job("plan", "sentiment", "data/a.csv", "-o", "out/")
        self.assertNotIn("out", self.names())
        run = self.run_program("recognize", "data", "-o", "out/", "-m", "x", expect=USAGE)
        self.assertIn("give a file", run.stderr)

    def test_too_many_errors_end_it_all(self):
        self.write("data/aa.jsonl", '{"text":""}\n{"text":"good"}\n')
        run = self.sentiment("data/aa.jsonl", "data/b.jsonl.gz", "data/a.csv", "-o", "out/",
                             "--max-errors", "1", expect=program.TOO_MANY_ERRORS)
        self.assertIn("data/b.jsonl.gz -> out/b.jsonl", run.stderr)
        self.assertFalse((self.folder / "out/a.csv").exists())


class ColumnsBeforeTheModelTest(ProgramTest):
    def test_a_column_that_is_not_there(self):
        rows = [{"body": "a", "n": "1"}, {"body": "b", "n": "2"}]
        self.write_csv("in.csv", rows)
        self.write_jsonl("in.jsonl", rows + [{"late": "x"}])
        for source in ["in.csv", "in.jsonl"]:
            for flags, words in [([], "no column 'text'"), (["--text", "bdy"], "mean 'body'"),
                                 (["--text", "body", "--gold", "g"], "--gold: the input has no"),
                                 (["--text", "body", "--id", "i"], "--id: the input has no"),
                                 (["--prompt", "Say {{bodi}}"], "mean 'body'")]:
                run = self.run_job("sentiment", source, "-o", "out.csv", *flags, expect=USAGE,
                                   **NO_MODEL)
                self.assertIn(words, run.stderr, (source, flags))
        # A name that some row has is fine, wherever that row is.
        self.run_job("generate", "in.jsonl", "-o", "out.jsonl", "--prompt", "{{late}}",
                     "--max-tokens", "1")
        statuses = [json.loads(line)["status"] for line in self.read("out.jsonl").splitlines()]
        self.assertEqual(statuses, ["invalid", "invalid", "ok"])


if __name__ == "__main__":
    unittest.main()
