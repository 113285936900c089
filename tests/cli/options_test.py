"""Options: each does what docs/cli.md says, wrong values are refused with what was meant, and
every one can be given as an environment variable."""

import os
import re
import subprocess
import unittest

import program
from program import RESOURCE, USAGE, MODEL, ProgramTest, read_csv, read_jsonl, read_report

DOCUMENT = (program.PROJECT / "docs" / "cli.md").read_text(encoding="utf-8")


class HelpTest(ProgramTest):
    def test_every_option_of_a_task_is_in_its_help_and_in_the_document(self):
        for task in ["sentiment", "classify", "generate"]:
            for command in [[task], ["plan", task]]:
                short = self.run_program(*command, "-h").stdout.decode()
                long = self.run_program(*command, "--help").stdout.decode()
                flags = set(re.findall(r"^ +(?:-\w,)?(--[a-z-]+)", short, re.MULTILINE))
                self.assertGreater(len(flags), 25)
                for flag in flags - {"--help"}:
                    self.assertRegex(DOCUMENT, rf"`(?:-\w`, `)?{flag}\b")
                self.assertNotIn("Examples:", short)
                self.assertIn(f"  rowmill {task} ", long.split("Examples:")[1]
                              if command == [task] else long + f"  rowmill {task} ")

    def test_examples_of_the_help_are_sound_commands(self):
        self.write_csv("reviews.csv", [{"text": "t", "review": "r", "stars": "good"}])
        self.write_csv("rows.csv", [{"text": "t", "body": "b"}])
        self.write_csv("tickets.csv", [{"text": "t", "body": "b"}])
        self.write_jsonl("tickets.jsonl", [{"body": "b", "queue": "bug"}])
        self.write_jsonl("rows.jsonl", [{"question": "q"}])
        self.write_gzip("big.jsonl.gz", '{"text": "t"}\n')
        self.write("labels.txt", "bug\nother\n")
        self.write("prompt.txt", "Say: {{body}}")
        for command in ["sentiment", "classify", "generate", "plan"]:
            text = self.run_program(command, "--help").stdout.decode().split("Examples:")[1]
            lines = [line for line in text.splitlines() if "rowmill" in line]
            self.assertGreater(len(lines), 1)
            for line in lines:
                with self.subTest(line=line):
                    environment = program.clean_environment(ROWMILL_MODEL=program.tiny_model())
                    environment["PATH"] = f"{self.folder}:{os.environ['PATH']}"
                    link = self.folder / "rowmill"
                    if not link.exists():
                        link.symlink_to(program.BINARY)
                    line = line.replace("-o out", "--overwrite -o out")
                    run = subprocess.run(["bash", "-c", f"set -o pipefail; {line}"],
                                         cwd=self.folder, env=environment, capture_output=True,
                                         check=False)
                    self.assertEqual(run.returncode, 0, run.stderr.decode())


class WrongWordsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write_csv("in.csv", [{"text": "a good film", "review": "x"}])

    def refused(self, *arguments, expect=USAGE):
        run = self.run_program(*arguments, expect=expect)
        self.assertEqual(run.stdout, b"")
        self.assertTrue(run.stderr.startswith("rowmill: ") or "Usage:" in run.stderr, run.stderr)
        self.assertEqual(self.names(), ["in.csv"], "a refused command leaves nothing behind")
        return run.stderr

    def test_commands(self):
        self.assertIn("did you mean 'sentiment'", self.refused("sentimen", "in.csv"))
        self.assertIn("Usage:", self.refused())
        self.assertIn("a command is missing", self.refused("plan"))
        self.assertIn("rowmill plan sentiment --help", self.refused("plan", "sentiment"))
        self.assertIn("INPUT is missing", self.refused("classify"))

    def test_options(self):
        self.assertIn("did you mean '--units'", self.refused("sentiment", "in.csv", "--unit", "2"))
        self.assertIn("--text needs a value", self.refused("sentiment", "in.csv", "--text"))
        self.assertIn("--text is given more than once",
                      self.refused("sentiment", "in.csv", "--text", "a", "--text", "b"))

    def test_values(self):
        for option, value, words in [
                ("--split", "steeling", "did you mean 'stealing'"), ("--units", "0", "1 to 1024"),
                ("--units", "x", "auto"), ("--overflow", "haed", "did you mean 'head'"),
                ("--dedupe", "yes", "on or off"), ("--prefix-sharing", "no", "on or off"),
                ("--shard", "3/3", "0 <= i < n"), ("--shard", "1", "0/4"),
                ("--memory", "lots", "512M"), ("--limit", "-1", "whole number, not '-1'"),
                ("--limit", "1e3", "whole number"), ("--batch-tokens", "0", "1 to 65536"),
                ("--max-rows", "-4", "whole number"), ("--max-errors", "5x", "5%"),
                ("--threads-per-unit", "0", "1 to 256"), ("--numerics", "f16", "auto, f32, int8 or int16"),
                ("--isa", "avx9000", "scalar"), ("--format", "jsnol", "did you mean 'jsonl'"),
                ("--output-format", "xml", "csv"), ("--progress", "loud", "json"),
                ("--text", "reveiw", "did you mean 'review'"), ("--clean", "htlm", "html"),
                ("--prompt", "a {{revew}}", "did you mean 'review'"),
                ("--prompt", "a {{review", "not closed"), ("--prompt-file", "no.txt", "no.txt"),
                ("--labels", "one", "at least two"), ("--labels", "a,a", "twice"),
                ("--label-end", "maybe", "auto"), ("--label-norm", "tokes", "'tokens'"),
                ("--gold", "golf", "no column"), ("--id", "idd", "no column"),
                ("--max-context", "-1", "whole number")]:
            with self.subTest(option=option, value=value):
                text = self.refused("sentiment", "in.csv", "-m", program.tiny_model(), "-o",
                                    "out.csv", option, value)
                self.assertIn(words, text)

    def test_values_of_generate(self):
        for option, value in [("--temperature", "-1"), ("--temperature", "hot"), ("--top-p", "2"),
                              ("--top-k", "-3"), ("--min-p", "-0.1"), ("--samples", "0"),
                              ("--samples", "2"), ("--max-tokens", "0"), ("--stop", ""),
                              ("--repetition-penalty", "0"), ("--seed", "-1"),
                              ("--temperature", "nan"), ("--max-tokens", "99999999999")]:
            with self.subTest(option=option, value=value):
                text = self.refused("generate", "in.csv", "-m", program.tiny_model(), "--prompt",
                                    "{{text}}", option, value)
                self.assertIn(option, text)

    def test_models(self):
        self.assertIn("did you mean 'smollm2'",
                      self.refused("sentiment", "in.csv", "-m", "smolm2", expect=MODEL))
        self.assertIn("not a GGUF file",
                      self.refused("sentiment", "in.csv", "-m", "in.csv", expect=MODEL))
        self.assertIn("no such file",
                      self.refused("sentiment", "in.csv", "-m", "no.gguf", expect=MODEL))

    def test_too_little_memory_names_the_figure(self):
        text = self.refused("sentiment", "in.csv", "-m", program.tiny_model(), "-o", "out.csv",
                            "--memory", "100K", expect=RESOURCE)
        self.assertIn("--memory", text)

    def test_both_of_two_that_exclude_each_other(self):
        for arguments in [["--prompt", "{{text}}", "--prompt-file", "in.csv"],
                          ["--labels", "a,b", "--labels-file", "in.csv"]]:
            self.assertIn("not both", self.refused("classify", "in.csv", "-m",
                                                   program.tiny_model(), *arguments))


class EnvironmentTest(ProgramTest):
    def test_options_from_the_environment_and_what_wins(self):
        self.write_csv("in.csv", [{"text": "x", "body": f"row {i}"} for i in range(5)])
        env = {"ROWMILL_MODEL": program.tiny_model(), "ROWMILL_TEXT": "body",
               "ROWMILL_LIMIT": "3", "ROWMILL_LABELS": "a,b", "ROWMILL_UNITS": "1",
               "ROWMILL_OUTPUT": "out.jsonl", "ROWMILL_PROGRESS": "none",
               "ROWMILL_PROBABILITIES": "1", "ROWMILL_BATCH_TOKENS": "64"}
        self.run_program("classify", "in.csv", env=env)
        rows = read_jsonl(self.path("out.jsonl"))
        self.assertEqual(len(rows), 3)
        self.assertIn("probability_a", rows[0])
        report = read_report(self.path("out.jsonl"))
        self.assertEqual(report["units"], 1)
        self.assertEqual(report["execution"]["batch_tokens"], "64")
        self.run_program("classify", "in.csv", "--limit", "4", "-o", "other.csv", env=env)
        self.assertEqual(len(read_csv(self.path("other.csv"))), 4)
        run = self.run_program("classify", "in.csv", env={**env, "ROWMILL_LIMIT": "many"},
                               expect=USAGE)
        self.assertIn("many", run.stderr)


class RowOptionsTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.rows = [{"key": f"k{i}", "text": f"a good film number {i}"} for i in range(10)]
        self.write_jsonl("in.jsonl", self.rows)

    def sentiment(self, output, *options, **more):
        self.run_job("sentiment", "in.jsonl", "-o", output, *options, **more)
        return read_jsonl(self.path(output))

    def test_limit(self):
        self.assertEqual(len(self.sentiment("a.jsonl", "--limit", "4")), 4)
        self.assertEqual(len(self.sentiment("b.jsonl", "--limit", "400")), 10)
        self.assertEqual(len(self.sentiment("c.jsonl", "--limit", "0")), 0)

    def test_shards_are_the_whole(self):
        self.sentiment("all.jsonl")
        for count in [1, 3, 10, 13]:
            for shard in range(count):
                self.sentiment(f"{count}-{shard}.jsonl", "--shard", f"{shard}/{count}")
            joined = b"".join(self.read(f"{count}-{shard}.jsonl") for shard in range(count))
            self.assertEqual(joined, self.read("all.jsonl"))

    def test_id(self):
        self.assertEqual(len(self.sentiment("a.jsonl", "--id", "key")), 10)
        self.rows[7]["key"] = "k2"
        self.write_jsonl("in.jsonl", self.rows)
        run = self.run_job("sentiment", "in.jsonl", "-o", "b.jsonl", "--id", "key",
                           expect=program.DATA)
        self.assertIn("line 8 has the same 'key' as line 3", run.stderr)
        self.assertEqual([name for name in self.names() if name.startswith("b.")], [])
        self.rows[7]["key"] = None
        self.write_jsonl("in.jsonl", self.rows)
        run = self.run_job("sentiment", "in.jsonl", "--id", "key", expect=program.DATA)
        self.assertIn("line 8 has no 'key'", run.stderr)

    def test_text_and_prompt_columns(self):
        rows = self.sentiment("a.jsonl", "--text", "key")
        other = self.sentiment("b.jsonl")
        self.assertNotEqual([row["probability"] for row in rows],
                            [row["probability"] for row in other])
        self.write("prompt.txt", "Key {{key}}: {{text}} {{{{sic}}}}\n")
        self.sentiment("c.jsonl", "--prompt", "Key {{key}}: {{text}} {{{{sic}}}}\n")
        self.sentiment("d.jsonl", "--prompt-file", "prompt.txt")
        self.assertEqual(self.read("c.jsonl"), self.read("d.jsonl"))

    def test_system_and_raw_prompt(self):
        seen = set()
        for options in [[], ["--system", "You are terse."], ["--raw-prompt"],
                        ["--system", "You like {{key}}."]]:
            self.run_job("generate", "in.jsonl", "--prompt", "{{text}}", "--max-tokens", "5",
                         "-o", "out.jsonl", "--overwrite", *options)
            seen.add(self.read("out.jsonl"))
        self.assertEqual(len(seen), 4)

    def test_labels_file_keeps_spaces(self):
        self.write("labels.txt", " yes\n no\n")
        rows = self.sentiment("a.jsonl", "--labels-file", "labels.txt", "--probabilities")
        self.assertTrue({row["label"] for row in rows} <= {" yes", " no", "yes", "no"}, rows[0])

    def test_label_end_and_norm(self):
        seen = set()
        for options in [["--label-end", "none"], ["--label-end", "always"],
                        ["--label-norm", "tokens"], ["--label-norm", "prior"]]:
            rows = self.sentiment("out.jsonl", "--labels", "good,a good product,film",
                                  "--overwrite", *options)
            seen.add(tuple(row["probability"] for row in rows))
        self.assertEqual(len(seen), 4)

    def test_overflow(self):
        self.rows[3]["text"] = "first " + "word " * 2000 + "last"
        self.write_jsonl("in.jsonl", self.rows)
        kept = {}
        for side, status in [("error", "error"), ("head", "truncated"), ("tail", "truncated")]:
            rows = self.sentiment(f"{side}.jsonl", "--overflow", side)
            self.assertEqual([row["status"] for row in rows],
                             ["ok"] * 3 + [status] + ["ok"] * 6)
            self.assertEqual(rows[3]["text"], self.rows[3]["text"])
            kept[side] = rows[3]["probability"]
        self.assertIsNone(kept["error"])
        self.assertNotEqual(kept["head"], kept["tail"])
        self.write_jsonl("cut.jsonl", [{"text": "first " + "word " * 2000}])
        self.run_job("sentiment", "cut.jsonl", "-o", "cut.out.jsonl", "--overflow", "tail")
        self.assertEqual(read_jsonl(self.path("cut.out.jsonl"))[0]["probability"], kept["tail"],
                         "--overflow tail must not see the end")

    def test_max_context(self):
        self.write_jsonl("long.jsonl", [{"text": "a word"}, {"text": "word " * 30}])
        self.run_job("sentiment", "long.jsonl", "-o", "long.out.jsonl", "--raw-prompt", "--prompt", "{{text}}",
                     "--max-context", "24")
        rows = read_jsonl(self.path("long.out.jsonl"))
        self.assertEqual([row["status"] for row in rows], ["ok", "error"])
        self.assertIn("fit the context of 24", rows[1]["error"])

    def test_columns_that_the_input_has_already(self):
        rows = [{"text": "a good film", "label": "theirs", "status": 7, "rowmill_status": "also"}]
        self.write_jsonl("clash.jsonl", rows)
        run = self.run_job("sentiment", "clash.jsonl", "-o", "out.jsonl")
        answer = read_jsonl(self.path("out.jsonl"))[0]
        self.assertEqual((answer["label"], answer["status"], answer["rowmill_status"]),
                         ("theirs", 7, "also"))
        self.assertIn(answer["rowmill_label"], ["positive", "negative"])
        self.assertEqual(answer["rowmill_rowmill_status"], "ok")
        self.assertEqual(answer["error"], "")
        self.assertEqual(read_report(self.path("out.jsonl"))["renamed_columns"],
                         {"label": "rowmill_label", "status": "rowmill_rowmill_status"})
        self.assertIn("'rowmill_label'", run.stderr)

    def test_isa_and_numerics(self):
        first = self.sentiment("a.jsonl", "--isa", "scalar")
        self.assertEqual(read_report(self.path("a.jsonl"))["isa"], "scalar")
        self.assertEqual(first, self.sentiment("b.jsonl"))
        self.sentiment("c.jsonl", "--numerics", "f32")
        self.assertEqual(read_report(self.path("c.jsonl"))["numerics"].split("/")[0], "f32")


class GenerationTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write_jsonl("in.jsonl", [{"text": f"Tell of the {word}"} for word in
                                      ["film", "city", "law", "film", "game", "sun"]])

    def generate(self, *options):
        self.run_job("generate", "in.jsonl", "--prompt", "{{text}}", "-o", "out.jsonl",
                     "--overwrite", *options)
        return read_jsonl(self.path("out.jsonl"))

    def texts(self, *options):
        return [row["rowmill_text"] for row in self.generate(*options)]

    def test_greedy_repeats_itself_and_seeds_do_not(self):
        self.assertEqual(self.texts("--max-tokens", "9"), self.texts("--max-tokens", "9"))
        sampled = ["--max-tokens", "9", "--temperature", "1"]
        first, second = self.texts(*sampled, "--seed", "1"), self.texts(*sampled, "--seed", "2")
        self.assertNotEqual(first, second)
        self.assertEqual(first, self.texts(*sampled, "--seed", "1"))
        self.assertEqual(first[0], first[3], "equal prompts get equal answers")

    def test_each_sampling_option_matters(self):
        base = ["--max-tokens", "12", "--temperature", "1.5", "--seed", "3"]
        seen = {tuple(self.texts(*base, *more)) for more in
                [[], ["--top-k", "2"], ["--top-p", "0.3"], ["--min-p", "0.5"],
                 ["--repetition-penalty", "1.5"]]}
        seen.add(tuple(self.texts(*base[:2], "--temperature", "0.5", *base[4:])))
        self.assertEqual(len(seen), 6)
        greedy = self.texts("--max-tokens", "12")
        self.assertEqual(self.texts(*base, "--top-k", "1"), greedy)

    def test_samples(self):
        rows = self.generate("--max-tokens", "9", "--temperature", "1", "--samples", "3")
        for row in rows:
            answers = [row[name] for name in ["rowmill_text", "text_2", "text_3"]]
            self.assertEqual(len(set(answers)), 3)

    def test_max_tokens_and_finish_reason(self):
        rows = self.generate("--max-tokens", "4", "--finish-reason")
        self.assertEqual({row["finish_reason"] for row in rows}, {"max_tokens"})
        report = read_report(self.path("out.jsonl"))
        self.assertEqual(report["tokens"]["generated"], 4 * 5)

    def test_stop_strings_end_the_answer_and_are_cut_off(self):
        whole = self.texts("--max-tokens", "40")
        stop = whole[0][6:8]
        self.assertTrue(stop.strip() and "\ufffd" not in stop, repr(whole[0]))
        rows = self.generate("--max-tokens", "40", "--stop", stop, "--stop", "never there",
                             "--finish-reason")
        for row, text in zip(rows, whole):
            self.assertEqual(row["rowmill_text"], text.split(stop)[0])
            self.assertEqual(row["finish_reason"], "stop" if stop in text else "max_tokens")


if __name__ == "__main__":
    unittest.main()
