"""Tables of other libraries go in and come back, with the answers that the program gives."""

import datetime
import decimal
import json
import unittest

import package
import program
import pyarrow
import rowmill

ROWS = program.review_rows(40)


class TablesTest(package.PackageTest):
    def setUp(self):
        super().setUp()
        self.table = pyarrow.Table.from_pylist(ROWS)
        self.write_jsonl("in.jsonl", ROWS)

    def expected(self):
        return self.by_program("sentiment", "in.jsonl", "--text", "review")

    def test_pyarrow_without_a_copy(self):
        result = self.model.sentiment(self.table, text="review")
        self.assert_same_answers(result, self.expected())
        back = result.to_arrow()
        self.assertEqual(back.column_names, ["id", "review", "sentiment", *package.OURS])
        mine, theirs = (table["review"].chunk(0).buffers() for table in (back, self.table))
        self.assertEqual([b and b.address for b in mine], [b and b.address for b in theirs])

    def test_what_came_in_outlives_its_maker(self):
        result = self.model.sentiment(pyarrow.Table.from_pylist(ROWS), text="review")
        streams = [result.__arrow_c_stream__() for _ in range(3)]  # never used
        back = result.to_arrow()
        del result, streams
        self.assertEqual(back["review"].to_pylist(), [row["review"] for row in ROWS])
        back.validate(full=True)

    def test_chunks_slices_nulls_and_dictionaries(self):
        dictionary = self.table.set_column(1, "review", self.table["review"].dictionary_encode())
        pieces = pyarrow.concat_tables([dictionary.slice(3, 7), dictionary.slice(30, 0),
                                        dictionary.slice(11)])
        result = self.model.sentiment(pieces, text="review")
        expected = self.expected()
        self.assert_same_answers(result, expected[3:10] + expected[11:])
        back = result.to_arrow()
        back.validate(full=True)
        self.assertEqual(back.select(range(3)).to_pylist(), pieces.to_pylist())

        texts = [None if i % 5 == 0 else row["review"] for i, row in enumerate(ROWS)]
        holes = pyarrow.table({"review": texts}).slice(2)
        self.write_jsonl("in.jsonl", holes.to_pylist())
        result = self.model.sentiment(holes, text="review")
        self.assert_same_answers(result, self.expected())
        self.assertEqual(result.run["rows"]["invalid"], 7)
        result.to_arrow().validate(full=True)

    def test_a_part_of_the_rows(self):
        batches = pyarrow.Table.from_batches(self.table.to_batches(max_chunksize=9))
        for options in ({"shard": "1/3"}, {"limit": 11}):
            result = self.model.sentiment(batches, text="review", **options)
            flags = [word for name, value in options.items() for word in (f"--{name}", str(value))]
            expected = self.by_program("sentiment", "in.jsonl", "--text", "review", *flags)
            self.assert_same_answers(result, expected, ["id", "review", *package.OURS])

    def test_values_of_every_type_are_the_text_that_json_has(self):
        utc = datetime.timezone.utc
        table = pyarrow.table({
            "whole": [1, -7, None], "real": [0.1, float("nan"), 2.0],
            "yes": [True, None, False],
            "single": pyarrow.array([0.1, 1e30, None], pyarrow.float32()),
            "day": [datetime.date(2024, 2, 29), None, datetime.date(1969, 12, 31)],
            "time": [datetime.datetime(2024, 2, 29, 1, 2, 3, 450000, utc), None,
                     datetime.datetime(1960, 1, 1, tzinfo=utc)],
            "list": [[1, 2], [], None], "view": pyarrow.array(["a", "b" * 20, "é"]).cast("string_view"),
            "nested": [{"a": [{"b": "x"}]}, {"a": None}, None]})
        rows = [
            {"whole": 1, "real": 0.1, "yes": True, "single": 0.1, "day": "2024-02-29",
             "time": "2024-02-29T01:02:03.45Z", "list": [1, 2], "view": "a", "nested": {"a": [{"b": "x"}]}},
            {"whole": -7, "real": None, "yes": None, "single": 1e30, "day": None, "time": None,
             "list": [], "view": "b" * 20, "nested": {"a": None}},
            {"whole": None, "real": 2, "yes": False, "single": None, "day": "1969-12-31",
             "time": "1960-01-01T00:00:00Z", "list": None, "view": "é", "nested": None}]
        lines = [json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows]
        self.write("in.jsonl", "\n".join(lines).replace("1e+30", "1e+30"))
        for column in table.column_names:
            prompt = f"About {{{{{column}}}}}: "
            result = self.model.generate(table, prompt=prompt, max_tokens=4)
            expected = self.by_program("generate", "in.jsonl", "--prompt", prompt, "--max-tokens", 4)
            self.assert_same_answers(result, expected, ["text", "status", "error"])

    def test_columns_that_are_no_text_pass_through(self):
        table = self.table.append_column("picture", [[b"\xff\x00"] * len(ROWS)])
        table = table.append_column("label", [[decimal.Decimal("1.50")] * len(ROWS)])
        back = self.model.sentiment(table, text="review").to_arrow()
        self.assertEqual(back.column_names[3:], ["picture", "label", "rowmill_label", "probability",
                                                 "status", "error"])
        self.assertEqual(back["picture"][0].as_py(), b"\xff\x00")
        with self.assertRaisesRegex(rowmill.UsageError, "'picture'"):
            self.model.sentiment(table, text="picture")

    def test_no_rows(self):
        result = self.model.sentiment(self.table.slice(0, 0), text="review")
        self.assertEqual(len(result), 0)
        self.assertEqual(result.to_arrow().num_rows, 0)
        self.assertEqual(len(self.model.sentiment([])), 0)

    def test_lists_of_texts_and_of_dicts(self):
        expected = self.expected()
        self.assert_same_answers(self.model.sentiment([row["review"] for row in ROWS]), expected)
        self.assert_same_answers(self.model.sentiment(ROWS, text="review"), expected)
        with self.assertRaisesRegex(rowmill.UsageError, "a builtins.int is no table"):
            self.model.sentiment(3)

    def test_pandas(self):
        import pandas

        frame = pandas.DataFrame(ROWS)
        result = self.model.sentiment(frame, text="review")
        self.assert_same_answers(result, self.expected())
        back = result.to_pandas()
        self.assertIsInstance(back, pandas.DataFrame)
        self.assertEqual(back["review"].tolist(), frame["review"].tolist())

    def test_polars(self):
        import polars

        frame = polars.DataFrame(ROWS)
        result = self.model.sentiment(frame, text="review")
        self.assert_same_answers(result, self.expected())
        back = result.to_polars()
        self.assertTrue(back.select("id", "review", "sentiment").equals(frame))

    def test_duckdb(self):
        import duckdb

        reviews = self.table
        self.assertEqual(reviews.num_rows, len(ROWS))
        relation = duckdb.sql("select * from reviews order by id::int")
        result = self.model.sentiment(relation, text="review")
        self.assert_same_answers(result, self.expected())
        count = duckdb.sql("select count(*) from result where status = 'ok'").fetchall()[0][0]
        self.assertEqual(count, result.run["rows"]["ok"])

    def test_hugging_face_datasets(self):
        import datasets

        dataset = datasets.Dataset.from_list(ROWS).select(range(len(ROWS) - 1, -1, -1))
        result = self.model.sentiment(dataset, text="review")
        self.assert_same_answers(result, self.expected()[::-1])
        back = result.to_dataset()
        self.assertIsInstance(back, datasets.Dataset)
        self.assertEqual(back[0]["review"], ROWS[-1]["review"])

    def test_memory_of_a_stream_is_flat(self):
        """Neither batches nor answers of parts that are done are kept."""
        rows = 500
        bytes_of_part = 0

        def batches():
            for i in range(40):
                yield pyarrow.RecordBatch.from_pydict({"text": [f"part {i} " + "x" * 400] * rows})

        held = []
        before = pyarrow.total_allocated_bytes()
        for part in self.model.stream("sentiment", batches(), rows=rows):
            bytes_of_part = max(bytes_of_part, part.to_arrow().nbytes)
            held.append(pyarrow.total_allocated_bytes() - before)
        self.assertEqual(len(held), 40)
        self.assertLess(max(held), 3 * bytes_of_part)

    def test_vectors_are_lists_of_floats(self):
        encoder = package.PROJECT / "tests" / "data" / "encoders" / "bert"
        result = rowmill.Model(encoder).embed(["the film was good", "", "a bad plot ."])
        self.assertEqual(result.to_arrow()["embedding"].type.value_type, pyarrow.float32())
        self.write_jsonl("in.jsonl", [{"text": text} for text in ("the film was good", "", "a bad plot .")])
        self.run_program("embed", "in.jsonl", "-m", encoder, "-o", "by-program.jsonl")
        for got, want in zip(result.to_arrow().to_pylist(), program.read_jsonl(self.path("by-program.jsonl"))):
            self.assertEqual(got["status"], want["status"])
            if want["embedding"] is None:
                self.assertIsNone(got["embedding"])
            else:
                single = pyarrow.array(want["embedding"], pyarrow.float32()).to_pylist()
                self.assertEqual(got["embedding"], single)

    def test_pictures_that_a_table_names(self):
        data = package.PROJECT / "tests" / "data"
        rows = [{"id": i, "file": str(path)} for i, path in enumerate(sorted((data / "images").glob("*.png")))]
        self.write_jsonl("in.jsonl", rows)
        model = rowmill.Model(data / "image_models" / "efficientnet-lite")
        result = model.recognize(pyarrow.Table.from_pylist(rows), path="file")
        self.run_program("recognize", "in.jsonl", "--path", "file", "-m", model._options["model"],
                         "-o", "by-program.jsonl")
        expected = program.read_jsonl(self.path("by-program.jsonl"))
        self.assertGreater(len(expected), 3)
        self.assert_same_answers(result, expected)

    def test_recommendations_from_a_table(self):
        loans = program.read_csv(package.PROJECT / "examples" / "loans.csv")
        self.write_jsonl("loans.jsonl", loans)
        result = rowmill.Model().recommend(pyarrow.Table.from_pylist(loans), user="reader", item="book",
                                           rating="stars", time="day", count=3)
        self.run_program("recommend", "loans.jsonl", "--user", "reader", "--item", "book", "--rating", "stars",
                         "--time", "day", "-k", 3, "-o", "by-program.jsonl")
        expected = program.read_jsonl(self.path("by-program.jsonl"))
        rows = result.to_arrow().to_pylist()
        self.assertEqual(len(rows), len(expected))
        for got, want in zip(rows, expected, strict=True):
            got["because"] = json.loads(got["because"])
            self.assertEqual(got, want)
        self.assertEqual(result.run["task"], "recommend")
        self.assertIn("ratings       900 of 900 rows", result.summary)

    def test_generated_texts_are_those_of_the_program(self):
        """Random weights write every byte, NUL among them."""
        self.write_jsonl("in.jsonl", program.review_rows())
        options = {"prompt": "{{review}}", "max_tokens": 30, "ignore_eos": True}
        result = self.model.generate(program.review_rows(), **options)
        expected = self.by_program("generate", "in.jsonl", "--prompt", "{{review}}", "--max-tokens", 30,
                                   "--ignore-eos")
        self.assert_same_answers(result, expected, ["text", "status"])
        self.assertIn("\ufffd", "".join(row["text"] or "" for row in expected))

    def test_a_stream_of_batches(self):
        batches = iter(self.table.to_batches(max_chunksize=6))
        parts = list(self.model.stream("sentiment", batches, rows=10, text="review"))
        self.assertEqual([len(part) for part in parts], [12, 12, 12, 4])
        rows = [row for part in parts for row in part.to_arrow().to_pylist()]
        for got, want in zip(rows, self.expected(), strict=True):
            self.assertEqual(got, want)


if __name__ == "__main__":
    unittest.main()
