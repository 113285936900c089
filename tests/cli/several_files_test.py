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
