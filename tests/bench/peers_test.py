"""The pure parts of bench/peers: rows and prompts, statistics, tables. Nothing is measured here."""

import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench/peers"))

import engine_llama_cpp
import jobs
import machine
import report
import run
import summary


class JobsTest(unittest.TestCase):
    def test_renders_columns_and_nothing_else(self):
        self.assertEqual(jobs.render("a {{x}} {b} {{y}}{{x}}", {"x": "1}}", "y": "{{x}}"}),
                         "a 1}} {b} {{x}}1}}")

    def test_slices_follow_each_other(self):
        texts = [" ".join(f"w{i}" for i in range(j, j + 50)) for j in range(0, 500, 50)]
        self.assertEqual(" ".join(jobs.slices(texts, 0, 2)), " ".join(f"w{i}" for i in range(180)))
        self.assertEqual(jobs.slices(texts, 1, 1)[0].split()[0], "w90")
        with self.assertRaises(ValueError):
            jobs.slices(texts, 4, 2)

    def test_few_shot_prompt(self):
        template = jobs.few_shot_template([({"title": "T", "description": "D"}, "Sports")])
        self.assertEqual(
            jobs.render(template, {"title": "t", "description": "d"}),
            "Classify the news article into one of these topics: World, Sports, Business, "
            "Sci/Tech.\n\nArticle: T. D\nTopic: Sports\n\nArticle: t. d\nTopic:")

    def test_samples_are_spread_and_take_turns(self):
        self.assertEqual(jobs.sample(5, 9, 3), [0, 1, 2, 3, 4])
        self.assertEqual(jobs.sample(10, 4, 0), [0, 3, 6, 9])
        self.assertEqual(jobs.sample(10, 4, 1), [1, 4, 7])
        turns = [set(jobs.sample(872, 100, turn)) for turn in range(9)]
        self.assertEqual(sum(map(len, turns)), 872)
        self.assertEqual(set.union(*turns), set(range(872)))

    def test_reads_the_data_sets(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for part in ("gsm8k", "ag_news", "sst2"):
                (folder / part).mkdir()
            words = " ".join(["word"] * 700)
            (folder / "gsm8k/test-first400.jsonl").write_text(
                (json.dumps({"question": words, "answer": words}) + "\n") * 7)
            (folder / "ag_news/test-first4000.csv").write_text(
                "".join(f'"{1 + i % 4}","title {i}","said ""{i}"""\n' for i in range(8)))
            (folder / "sst2/dev.tsv").write_text("1\tgood\tfilm\n0\tbad film\n")
            found = jobs.Data(folder).jobs()
        self.assertEqual(found["sentiment-sst2"].gold, ["positive", "negative"])
        self.assertEqual(found["sentiment-sst2"].rows[0], {"text": "good\tfilm"})
        self.assertEqual(found["classify-agnews"].gold[:4],
                         ["World", "Sports", "Business", "Sci/Tech"])
        self.assertIn('Article: title 7. said "7"\nTopic: Sci/Tech\n\n',
                      found["classify-agnews"].prompts()[0])
        self.assertEqual([len(found[f"decode-{batch}"].rows) for batch in (1, 8, 32, 64)],
                         [1, 8, 32, 64])


class SummaryTest(unittest.TestCase):
    def test_figures(self):
        figure = summary.figure([3.0, 1.0, 2.0])
        self.assertEqual((figure.median, figure.low, figure.high, figure.rounds), (2, 1, 3, 3))
        self.assertEqual(figure.spread, 0.5)
        self.assertIsNone(summary.figure([]))

    def test_ratios_are_paired_by_round(self):
        # The machine was half as fast in round 1: the ratio does not see it.
        ratio = summary.paired_ratio({0: 10, 1: 5, 2: 99}, {0: 5, 1: 2.5})
        self.assertEqual((ratio.median, ratio.low, ratio.high, ratio.rounds), (2, 2, 2, 2))
        self.assertIsNone(summary.paired_ratio({0: 1}, {1: 1}))

    def test_agreement(self):
        self.assertEqual(summary.agreement({0: "a", 1: "b", 2: "c"}, {1: "b", 2: "x", 9: "y"}), 0.5)
        self.assertIsNone(summary.agreement({0: "a"}, {1: "a"}))
        self.assertEqual(summary.accuracy({0: "a", 2: "b"}, ["a", "?", "c"]), 0.5)
        self.assertEqual(summary.leading_agreement({0: "abcd", 1: ""}, {0: "abXY", 1: ""}), 0.75)

    def test_decode_rate(self):
        self.assertEqual(summary.decode_rate(8, 32, 3.0, 1.0), 128.0)
        with self.assertRaises(ValueError):
            summary.decode_rate(8, 32, 1.0, 1.0)


class MachineTest(unittest.TestCase):
    def test_reads_what_the_kernel_says(self):
        told = machine.describe("processor : 0\nmodel name : A CPU\ncpu family : 6\nmodel : 7\n"
                                "flags : fma sse avx2 amx_int8\n\nprocessor : 1\n")
        self.assertEqual(told["cpu"], "A CPU")
        self.assertEqual(told["flags"], ["avx2", "fma", "amx_int8"])
        ticks = machine.os.sysconf("SC_CLK_TCK")
        stat = f"cpu  {ticks} {ticks} 0 7 7 0 0 {3 * ticks} 0 0\ncpu0"
        self.assertEqual(machine.parse_stat(stat), (2.0, 3.0))

    def test_own_children_are_not_others(self):
        watch = machine.Watch()
        machine.time.sleep(0.01)
        read = watch.read()
        self.assertGreaterEqual(read["others"], 0.0)
        self.assertEqual(set(read), {"others", "steal", "load"})
        self.assertGreater(machine.process_seconds(machine.os.getpid()), 0.0)


class SharedBeginningTest(unittest.TestCase):
    def test_leaves_a_token_to_each(self):
        shared = list(range(40))
        prompts = [shared + [1, 2], shared + [1, 3], shared + [9]]
        self.assertEqual(engine_llama_cpp.shared_beginning(prompts), 40)
        self.assertEqual(engine_llama_cpp.shared_beginning(prompts + [shared]), 39)
        self.assertEqual(engine_llama_cpp.shared_beginning([[1, 2], [1, 3]]), 0)  # too short
        self.assertEqual(engine_llama_cpp.shared_beginning([shared]), 0)


def record(turn, engine, rows, seconds, answers, job="sentiment-sst2", **fields):
    return {"turn": turn, "engine": engine, "options": {"slots": 8, "flag": True},
            "versions": {engine: "1.0"},
            "results": [{"job": job, "rows": rows, "answers": answers, "seconds": seconds,
                         "first_seconds": None, "prompt_tokens": 100, "load_seconds": 0.5,
                         "cpu": {"others": 0.01, "steal": 0.0, "load": 1.5},
                         **fields}]}


HEADER = {"date": "2026-01-02", "model": "m.gguf",
          "machine": {"cpu": "A CPU", "family": "6", "model": "7", "flags": ["avx2"], "cores": 2,
                      "memory_gib": 8.0, "kernel": "6.1"}}


class ReportTest(unittest.TestCase):
    def test_decode_and_prefill_come_from_the_same_prompts(self):
        rates = report.rates(record(0, "rowmill", list(range(64)), 3.0, [], "decode-64",
                                    first_seconds=1.0)["results"][0])
        self.assertEqual(rates, {"decode-64": 64 * 32 / 2.0, "prefill": 100.0})

    def test_document(self):
        records = [record(0, "rowmill", [0, 1, 2, 3], 1.0, ["p", "n", "p", "n"]),
                   record(0, "openvino_genai", [0, 2], 1.0, ["p", "n"]),
                   record(1, "openvino_genai", [1, 3], 2.0, ["n", ""]),
                   record(1, "rowmill", [0, 1, 2, 3], 2.0, ["p", "n", "p", "n"])]
        text = report.document(HEADER, records, {"sentiment-sst2": ["p", "n", "n", "n"]})
        # No ratio to the best one while others are missing.
        self.assertIn("| sentiment of 872 reviews, rows/s | 3.0 | 1.5 |  |", text)
        self.assertIn("Not measured: llama.cpp in process (sentiment-sst2); "
                      "llama-server (sentiment-sst2).", text)
        for engine, seconds in (("llama_cpp", 4.0), ("llama_server", 8.0)):
            records.append(record(0, engine, [0, 1, 2, 3], seconds, ["p", "n", "p", "n"]))
        text = report.document(HEADER, records, {"sentiment-sst2": ["p", "n", "n", "n"]})
        self.assertIn("| sentiment of 872 reviews, rows/s | 3.0 | 1.5 | 1.0 | 0.5 "
                      "| 2.00 (OpenVINO GenAI) |", text)
        self.assertNotIn("Not measured", text)
        self.assertIn("| OpenVINO GenAI | slots 8, flag on | 2 | 1.5 | 1.0 to 2.0 "
                      "| 2.00 (2.00 to 2.00) | 75.0 % | 75.0 % | 66.7 % |", text)
        self.assertIn("A CPU (family 6, model 7)", text)
        self.assertIn("2026-01-02, 2 rounds", text)
        self.assertIn("Every engine answered each row in the same way", text)
        self.assertNotIn("was busy", text)
        self.assertIn("2 cores, 2026-01-02, median of 2 rounds:\n\n| work |",
                      report.short_document(HEADER, records))
        records[2]["results"][0]["rows"] = [0, 3]
        records[3]["results"][0]["cpu"]["others"] = 0.9
        text = report.document(HEADER, records, {})
        self.assertIn("Not every row got the same answer in every round from: "
                      "OpenVINO GenAI (sentiment-sst2)", text)
        self.assertIn("was busy", text)
        self.assertIn("2 rounds, on a busy machine:", report.short_document(HEADER, records))

    def test_engines_without_a_job_stay_empty(self):
        records = [record(0, "rowmill", [0], 1.0, ["p"]),
                   record(0, "rowmill", [0], 1.0, ["text"], "generate-32"),
                   record(0, "llama_server", [0], 4.0, ["text"], "generate-32")]
        lines = report.document(HEADER, records, {}).splitlines()
        self.assertIn("| sentiment of 872 reviews, rows/s | 1.0 |  |  |", lines)
        self.assertIn("| write 32 tokens for 500 news items, rows/s | 1.0 | 0.2 |  |", lines)

    def test_replaces_between_markers_only(self):
        text = "a\n<!-- t:begin -->\nold\n<!-- t:end -->\nb\n"
        self.assertEqual(report.replace_between(text, "t", "new"),
                         "a\n<!-- t:begin -->\nnew\n<!-- t:end -->\nb\n")
        for broken in ("a", text + text, "<!-- t:end --><!-- t:begin -->"):
            with self.assertRaises(ValueError):
                report.replace_between(broken, "t", "new")

    def test_the_documents_have_their_markers(self):
        for name in ("README.md", "docs/benchmarks.md"):
            report.replace_between((ROOT / name).read_text(), "peers", "")
        report.replace_between((ROOT / "docs/benchmarks.md").read_text(), "peers-avx512", "")

    def test_a_line_cut_off_by_a_kill_is_left_out(self):
        with tempfile.TemporaryDirectory() as name:
            path = pathlib.Path(name) / "results.jsonl"
            path.write_text(json.dumps(HEADER) + "\n" + json.dumps({"turn": 0}) + '\n{"tur')
            self.assertEqual(report.read_records(path), (HEADER, [{"turn": 0}]))


class CheckTest(unittest.TestCase):
    WORK = {"job": "generate-32", "kind": "text", "max_tokens": 2, "rows": [{}, {}],
            "prompts": [[1, 2], [3]]}

    def test_equal_work_only(self):
        good = {"prompt_tokens": 3, "generated": 4, "answers": [[1, 2], [3, 4]]}
        run.Bench.check("rowmill", self.WORK, good)
        for change in ({"prompt_tokens": 4}, {"generated": 3}, {"answers": [[1, 2]]}):
            with self.subTest(change), self.assertRaises(run.CheckFailed):
                run.Bench.check("rowmill", self.WORK, {**good, **change})

    def test_refuses_unknown_jobs(self):
        self.assertEqual(run.parse(["--jobs", "decode,generate-32"]).jobs,
                         ["decode", "generate-32"])
        with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
            run.parse(["--jobs", "decode-65"])


if __name__ == "__main__":
    unittest.main()
