"""Parquet in and out: what pyarrow wrote passes through with its types, and what the program wrote
pyarrow reads."""

import datetime
import decimal
import os
import pathlib
import random
import sys
import unittest

import program
from program import DATA, PROJECT, RESOURCE, USAGE, ProgramTest, read_jsonl

MODULE = pathlib.Path(program.BINARY).parent / "librowmill_parquet.so"


def import_pyarrow():
    """From the environment that scripts/setup.sh makes; the test's own Python need not have it."""
    try:
        import pyarrow.parquet
    except ImportError:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        sys.path.append(str(PROJECT / "build" / "arrow" / "lib" / version / "site-packages"))
        import pyarrow.parquet
    return pyarrow


try:
    pa = import_pyarrow()
    pq = pa.parquet
    MISSING = None if MODULE.exists() else f"there is no {MODULE}"
except ImportError:
    MISSING = "there is no pyarrow (scripts/parquet.sh)"


def table_of_all_types(rows):
    def some(values):
        return [None if i % 7 == 3 else values[i % len(values)] for i in range(rows)]

    days = [datetime.date(2026, 11, 27), datetime.date(1969, 12, 31), datetime.date(1, 1, 1)]
    times = [datetime.datetime(2026, 11, 27, 14, 30, 9, 500000), datetime.datetime(1900, 2, 28)]
    messages = [[{"role": "user", "content": "a good film"}, {"role": "assistant", "content": "é"}],
                []]
    columns = {
        "text": pa.array([f"row {i % 40}, a good film" for i in range(rows)]),
        "i8": pa.array(some([1, -128, 127]), pa.int8()),
        "u64": pa.array(some([0, 2**64 - 1]), pa.uint64()),
        "f32": pa.array(some([0.1, float("nan"), -1e30]), pa.float32()),
        "f64": pa.array(some([0.1, float("inf"), 5e-324])),
        "bool": pa.array(some([True, False])),
        "large": pa.array(some(["x" * 50, ""]), pa.large_string()),
        "date": pa.array(some(days)),
        "us": pa.array(some(times), pa.timestamp("us")),
        "utc": pa.array(some(times), pa.timestamp("ms", tz="Europe/Berlin")),
        "decimal": pa.array(some([decimal.Decimal("12.34"), decimal.Decimal("-0.01")]),
                            pa.decimal128(20, 2)),
        "binary": pa.array(some([b"\xff\x00", b""])),
        "time": pa.array(some([datetime.time(1, 2, 3), datetime.time(0)]), pa.time64("us")),
        "list": pa.array(some([[1, 2, None], []]), pa.list_(pa.int32())),
        "messages": pa.array(some(messages)),
        "struct": pa.array(some([{"a": 1, "b": "x"}, {"a": None, "b": ""}])),
        "map": pa.array(some([[("k", 1)], []]), pa.map_(pa.string(), pa.int64())),
        "dictionary": pa.array(some(["red", "green"])).dictionary_encode(),
        "null": pa.nulls(rows),
        "status": pa.array(some(["theirs"])),
    }
    schema_metadata = {b"owner": b"somebody", b"huggingface": b"{}"}
    return pa.table(columns).replace_schema_metadata(schema_metadata)


@unittest.skipIf(MISSING, MISSING)
class ParquetTest(ProgramTest):
    def write_parquet(self, name, table, **options):
        pq.write_table(table, self.path(name), **options)
        return name

    def sentiment(self, *arguments, **options):
        return self.run_job("sentiment", *arguments, **options)

    def test_columns_keep_their_types_and_metadata(self):
        table = table_of_all_types(2500)
        self.write_parquet("in.parquet", table, row_group_size=700, compression="gzip")
        run = self.sentiment("in.parquet", "-o", "out.parquet", "--max-rows", "64")
        self.assertIn("rowmill_status", run.stderr)
        out = pq.read_table(self.path("out.parquet"))
        self.assertEqual(out.schema.names,
                         table.schema.names + ["label", "probability", "rowmill_status", "error"])
        self.assertEqual(out.schema.metadata, table.schema.metadata)
        theirs = out.select(table.schema.names).combine_chunks()
        self.assertTrue(theirs.schema.equals(table.schema), theirs.schema)
        for name in table.schema.names:
            a, b = theirs[name].combine_chunks(), table[name].combine_chunks()
            self.assertTrue(a.equals(b) or repr(a.to_pylist()) == repr(b.to_pylist()), name)
        self.assertEqual(out.schema.field("probability").type, pa.float64())
        self.assertEqual(set(out["rowmill_status"].to_pylist()), {"ok"})
        # The same answers as in JSON Lines, where the columns that JSON can say stand too.
        run = self.sentiment("in.parquet", "-o", "out.jsonl")
        self.assertIn("note: left out of the output", run.stderr)
        self.assertIn(": binary (binary)\n", run.stderr)
        rows = read_jsonl(self.path("out.jsonl"))
        self.assertEqual([row["probability"] for row in rows], out["probability"].to_pylist())
        self.assertEqual(rows[0]["messages"], table["messages"][0].as_py())
        self.assertEqual(rows[0]["us"], "2026-11-27T14:30:09.5")
        self.assertEqual([rows[0][name] for name in ["decimal", "time", "map"]],
                         [12.34, "01:02:03", {"k": 1}])
        self.assertNotIn("binary", rows[0])
        self.assertIn(b'"decimal":-0.01,', self.read("out.jsonl").splitlines()[1])
        # Part of the rows, and the same bytes however the work was done.
        self.sentiment("in.parquet", "-o", "part.parquet", "--shard", "1/3", "--units", "1")
        part = pq.read_table(self.path("part.parquet"))
        self.assertTrue(part.equals(out.slice(833, 833)) or
                        repr(part.to_pylist()) == repr(out.slice(833, 833).to_pylist()))
        self.sentiment("in.parquet", "-o", "again.parquet", "--units", "1", "--batch-tokens", "64",
                       "--split", "equal")
        self.assertEqual(self.read("again.parquet"), self.read("out.parquet"))
        # How the input was cut into row groups changes no byte either; nor two files for one.
        self.write_parquet("cut.parquet", table, row_group_size=311, compression="snappy")
        self.sentiment("cut.parquet", "-o", "cut-out.parquet")
        self.assertEqual(self.read("cut-out.parquet"), self.read("out.parquet"))
        self.write_parquet("first.parquet", table.slice(0, 900))
        self.write_parquet("second.parquet", table.slice(900))
        self.sentiment("first.parquet", "second.parquet", "-o", "two.parquet")
        self.assertEqual(self.read("two.parquet"), self.read("out.parquet"))

    def test_other_formats_in_and_no_rows(self):
        rows = [{"text": "a good film", "n": "1"}, {"text": "", "n": "2"}]
        self.write_csv("in.csv", rows)
        self.sentiment("in.csv", "-o", "out.parquet")
        out = pq.read_table(self.path("out.parquet"))
        self.assertEqual(out.select(["text", "n"]).to_pylist(), rows)
        self.assertEqual(out["rowmill_status" if "rowmill_status" in out.schema.names
                             else "status"].to_pylist(), ["ok", "invalid"])
        self.assertEqual(out["label"].to_pylist()[1], None)
        empty = pa.table({"text": pa.array([], pa.string()), "n": pa.array([], pa.int16())})
        self.write_parquet("none.parquet", empty)
        self.assertIn("no rows", self.sentiment("none.parquet", "-o", "none-out.parquet").stderr)
        out = pq.read_table(self.path("none-out.parquet"))
        self.assertEqual((out.num_rows, out.schema.field("n").type), (0, pa.int16()))
        self.assertEqual(out.schema.field("label").type, pa.large_string())
        self.sentiment("none.parquet", "-o", "none.csv")
        self.assertEqual(self.read("none.csv"), b"text,n,label,probability,status,error\n")

    def test_what_is_wrong_is_said_before_the_model_is_loaded(self):
        table = pa.table({"text": ["a good film"] * 3000})
        self.write_parquet("in.parquet", table, row_group_size=1000)
        none = {"model": "/there/is/no/model.gguf"}
        run = self.sentiment("in.parquet", "-o", "o.parquet", "--text", "txt", expect=USAGE, **none)
        self.assertIn("did you mean 'text'", run.stderr)
        whole = self.read("in.parquet")
        for name, content in [("cut.parquet", whole[:-5]), ("text.parquet", b"text\nhello\n"),
                              ("nothing.parquet", b""), ("magic.parquet", b"PAR1"),
                              ("length.parquet", b"PAR1\xff\xff\xff\x7fPAR1")]:
            self.write(name, content)
            run = self.sentiment(name, "-o", "o.parquet", expect=DATA, **none)
            self.assertIn(f"'{name}' is a damaged Parquet file, or none", run.stderr)
        self.assertIn("standard input", self.sentiment("-", "--format", "parquet", "-o", "o.parquet",
                                                       expect=USAGE, **none).stderr)
        self.assertIn("compressed within", self.sentiment("in.parquet", "-o", "o.parquet.gz",
                                                          expect=USAGE, **none).stderr)
        missing = {"ROWMILL_PARQUET": "/there/is/no/module.so"}
        for arguments in [("in.parquet", "-o", "o.jsonl"), ("in.csv", "-o", "o.parquet")]:
            run = self.sentiment(*arguments, expect=RESOURCE, env=missing, **none)
            self.assertIn("scripts/parquet.sh", run.stderr)
        self.assertEqual([name for name in self.names() if name.startswith("o.")], [])

    def test_damage_behind_some_rows_keeps_them(self):
        text = [f"{random.Random(i).random()} a good film" for i in range(4096)]
        self.write_parquet("in.parquet", pa.table({"text": text}), row_group_size=1024,
                           compression="none", use_dictionary=False)
        whole = bytearray(self.read("in.parquet"))
        offset = pq.ParquetFile(self.path("in.parquet")).metadata.row_group(2).column(0)
        for i in range(offset.data_page_offset, offset.data_page_offset + 64):
            whole[i] = 0xff
        self.write("in.parquet", bytes(whole))
        run = self.sentiment("in.parquet", "-o", "out.parquet", "--limit", "4000", expect=DATA)
        self.assertIn("damaged Parquet file", run.stderr)
        self.assertEqual(pq.read_table(self.path("out.parquet"))["text"].to_pylist(), text[:2048])

    def test_changed_bytes_never_crash(self):
        table = table_of_all_types(60)
        self.write_parquet("good.parquet", table)
        good = self.read("good.parquet")
        picked = random.Random(7)
        codes = set()
        for _ in range(40):
            bad = bytearray(good)
            # Half of them in the footer, which says where all else is.
            begin = len(bad) // 2 if picked.random() < 0.5 else len(bad) - 3000
            for _ in range(picked.choice([1, 1, 4])):
                bad[picked.randrange(begin, len(bad))] = picked.randrange(256)
            self.write("bad.parquet", bytes(bad))
            run = self.run_program("plan", "sentiment", "bad.parquet", "-m", program.tiny_model(),
                                   expect=None)
            self.assertIn(run.returncode, {0, USAGE, DATA}, run.stderr)
            codes.add(run.returncode)
        self.assertIn(DATA, codes)

    def test_shards_are_merged_and_rows_taken_out_and_put_back(self):
        # Dictionaries that are others in each shard, and rows that fail in both pieces of the file.
        table = table_of_all_types(1100)
        text = ["long words " * 200 if i in (5, 1050) else "" if i == 6 else f"row {i % 40}, a good film"
                for i in range(1100)]
        colour = [f"colour {i // 3}" for i in range(1100)]
        table = table.set_column(0, "text", pa.array(text))
        table = table.append_column("colour", pa.array(colour).dictionary_encode())
        self.write_parquet("first.parquet", table.slice(0, 800))
        self.write_parquet("second.parquet", table.slice(800))
        job = ["first.parquet", "second.parquet", "--prompt", "{{text}}", "--raw-prompt",
               "--max-context", "200"]
        self.sentiment(*job, "-o", "out.parquet")
        self.assertEqual(pq.read_table(self.path("out.parquet"))["colour"].to_pylist(), colour)
        for index in range(3):
            self.sentiment(*job, "-o", "s-{shard}.parquet", "--shard", f"{index}/3")
        self.run_program("merge", *(f"s-{i}-of-3.parquet" for i in (2, 0, 1)), "-o", "merged.parquet")
        self.assertEqual(self.read("merged.parquet"), self.read("out.parquet"))
        self.assertEqual(program.read_report(self.path("merged.parquet"))["rows"]["total"], 1100)

        run = self.sentiment(*job, "-o", "merged.parquet", "--only", "failed", "--overflow", "tail")
        self.assertIn("rows          3\n", run.stderr)
        self.sentiment(*job, "-o", "all.parquet", "--overflow", "tail")
        self.assertEqual(self.read("merged.parquet"), self.read("all.parquet"))
        after = program.read_report(self.path("merged.parquet"))["rows"]
        self.assertEqual([after[name] for name in ["total", "ok", "truncated", "invalid", "error"]],
                         [1100, 1097, 2, 1, 0])

        verify = ["verify", "sentiment", *job, "--overflow", "tail", "-o", "all.parquet"]
        run = self.run_job(*verify, "--sample", "60")
        self.assertIn("60 of 1100 rows of all.parquet were computed once more: all have the same bytes",
                      run.stdout.decode())
        whole = pq.read_table(self.path("all.parquet"))
        changed = whole.slice(1098).to_pylist()
        changed[1]["list"] = [7]
        pq.write_table(pa.concat_tables([whole.slice(0, 1098),
                                         pa.Table.from_pylist(changed, whole.schema)]),
                       self.path("all.parquet"))
        run = self.run_job(*verify, "--sample", "2000", expect=DATA)
        self.assertIn("1 of 1100 rows that were computed once more have other bytes: 1099\n",
                      run.stdout.decode())
        # The same rows in other formats.
        for suffix in ["csv", "jsonl"]:
            self.sentiment(*job, "-o", f"out.{suffix}")
            self.run_job("verify", "sentiment", *job, "-o", f"out.{suffix}", "--sample", "20")
            self.sentiment(*job, "-o", f"out.{suffix}", "--only", "failed", "--overflow", "tail")
            self.sentiment(*job, "-o", f"all.{suffix}", "--overflow", "tail")
            self.assertEqual(self.read(f"out.{suffix}"), self.read(f"all.{suffix}"))

    def test_killed_and_resumed_is_the_same_file(self):
        rows = [f"row {i} " + "word " * (i % 50) for i in range(1500)]
        self.write_parquet("in.parquet", pa.table({"text": rows, "n": range(1500)}))
        self.sentiment("in.parquet", "-o", "whole.parquet")
        journal = self.folder / "out.parquet.rowmill" / "journal"
        for wanted_bytes in [5_000, 20_000]:
            process = self.start("sentiment", "in.parquet", "-m", program.tiny_model(), "-o",
                                 "out.parquet", "--progress", "none", "--units", "1",
                                 "--max-rows", "2", "--prefix-sharing", "off")
            while process.poll() is None and not (
                    journal.exists() and journal.stat().st_size > wanted_bytes):
                pass
            process.kill()
            process.communicate()
            self.assertFalse(os.path.exists(self.path("out.parquet")))
        run = self.sentiment("in.parquet", "-o", "out.parquet")
        self.assertIn("resuming", run.stderr)
        self.assertEqual(self.read("out.parquet"), self.read("whole.parquet"))


if __name__ == "__main__":
    unittest.main()
