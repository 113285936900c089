"""What having the whole data set in view is worth, and what one row may do to the others."""

import random
import unittest

import program
from program import OK, RESOURCE, ProgramTest, read_jsonl, read_report

WORDS = ("good bad film room price team city service story light law game world answer text name "
         "order money week day help line year end way best part price score sun wind").split()


class SavingsTest(ProgramTest):
    def test_unique_tokens_are_computed_about_once(self):
        """10,000 rows, four tenths of them duplicates, behind a shared prompt of 500 tokens."""
        rng = random.Random(7)
        unique = [f"{rng.choice(WORDS)} {rng.choice(WORDS)} {i}" for i in range(6000)]
        texts = unique + [rng.choice(unique) for _ in range(4000)]
        rng.shuffle(texts)
        self.write_jsonl("in.jsonl", [{"text": text} for text in texts])
        model = program.tiny_model("--layers", "1", "--dim", "32", "--heads", "2", "--kv-heads",
                                   "1", "--ffn", "32", "--context", "1024")

        def tokens(text):
            run = self.run_program("tokenize", text, "-m", model)
            return len(run.stdout.splitlines())

        shared = "Say whether this is good or bad. "
        while tokens(shared) < 500:
            shared += " ".join(rng.choice(WORDS) for _ in range(20)) + ". "
        # Labels of one token: nothing is computed behind the prompt.
        run = self.run_program("classify", "in.jsonl", "-m", model, "--labels", "a,b",
                               "--raw-prompt", "--prompt", shared + "Text: {{text}} Answer:",
                               "--label-end", "none", "-o", "out.jsonl", "--progress", "none")
        report = read_report(self.path("out.jsonl"))
        self.assertEqual(report["rows"]["ok"], 10_000, run.stderr)
        self.assertEqual(report["rows"]["duplicates"], 4000)
        # Unique tokens: the shared prompt once, and each distinct row's own behind it.
        prefix = tokens(shared + "Text:")
        distinct = report["tokens"]["prompt"] - prefix * 6000 + prefix
        self.assertLessEqual(report["tokens"]["computed"], 1.05 * distinct)
        print(f"\n  computed {report['tokens']['computed']} of {distinct} unique tokens", end=" ")


class LongRowTest(ProgramTest):
    """A row of 30,000 tokens among short ones."""

    def setUp(self):
        super().setUp()
        rows = [{"text": f"row {i} of few words"} for i in range(60)]
        rows[23]["text"] = "word " * 15_000
        self.write_jsonl("in.jsonl", rows)

    def run_long(self, context, *options, expect=OK):
        model = program.tiny_model("--layers", "1", "--dim", "32", "--heads", "2", "--kv-heads",
                                   "1", "--ffn", "32", "--context", str(context))
        return self.run_program("classify", "in.jsonl", "-m", model, "--labels", "yes,no",
                                "--raw-prompt", "--prompt", "{{text}}", "-o", "out.jsonl",
                                "--progress", "none", "--overwrite", *options, expect=expect)

    def test_it_is_a_row_like_others_where_the_context_allows_it(self):
        self.run_long(32_768, "--memory", "1G")
        self.assertEqual({row["status"] for row in read_jsonl(self.path("out.jsonl"))}, {"ok"})

    def test_it_is_an_error_of_its_own_where_not(self):
        self.run_long(2048)
        rows = read_jsonl(self.path("out.jsonl"))
        self.assertEqual([i for i, row in enumerate(rows) if row["status"] != "ok"], [23])
        self.assertEqual(rows[23]["status"], "error")

    def test_too_little_memory_is_said_with_the_figure_before_the_first_row(self):
        run = self.run_long(32_768, "--memory", "1M", expect=RESOURCE)
        self.assertRegex(run.stderr, r"may need \d+ MiB .* allowed are 1")
        self.assertNotIn("out.jsonl", self.names())


if __name__ == "__main__":
    unittest.main()
