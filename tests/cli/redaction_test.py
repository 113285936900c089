"""--redact: finds what it promises on a generated, labelled set with hard negatives; nothing of it
reaches the model, the journal, messages or reports."""

import json
import os
import stat
import sys

import program
from program import OK, STOPPED, USAGE, ProgramTest, read_jsonl, read_report

sys.path.insert(0, str(program.PROJECT / "tools"))
import make_redaction_set  # noqa: E402

# Thousands of rows for figures (docs/privacy.md), hundreds in every run.
ROWS = int(os.environ.get("ROWMILL_REDACTION_ROWS", "1500"))
SEED = int(os.environ.get("ROWMILL_REDACTION_SEED", "1"))


class RedactionTest(ProgramTest):
    def redact(self, texts, *arguments, output="out.jsonl"):
        """Runs a task whose model sees the redacted texts; what was found, from the map."""
        self.write_jsonl("in.jsonl", [{"text": text} for text in texts])
        # A context that no row fits: the rows are prepared, which is all that matters here.
        self.run_job("sentiment", "in.jsonl", "-o", output, "--labels", "a,b", "--prompt",
                     "{{text}}", "--raw-prompt", "--max-context", "3", "--redact", "all",
                     "--redact-with", "pseudonym", "--redact-map", "map.jsonl", *arguments)
        found = []
        with open(self.path("map.jsonl"), encoding="utf-8") as file:
            for line in list(file)[1:]:
                entry = json.loads(line)
                found.append([entry["pseudonym"][1:].split(":")[0], entry["value"]])
        return found

    def test_recall_and_precision_on_a_labelled_set(self):
        maker = make_redaction_set.Maker(SEED)
        rows = [make_redaction_set.make_row(maker) for _ in range(ROWS)]
        found = self.redact([row["text"] for row in rows])
        by_kind, missed, false = make_redaction_set.score(rows, found)
        planted = sum(count for count, _ in by_kind.values())
        recall = 1 - len(missed) / planted
        precision = 1 - len(false) / len(found)
        if "ROWMILL_REDACTION_ROWS" in os.environ:
            for kind, (count, hit) in sorted(by_kind.items()):
                print(f"{kind:28} {hit}/{count}")
            print(f"recall {recall:.5f} of {planted}, precision {precision:.5f} of {len(found)}")
            for kind, value, text in missed[:40]:
                print("missed", kind, repr(value), "in", repr(text))
            for kind, value in false[:40]:
                print("false", kind, repr(value))
        self.assertGreater(planted, ROWS / 2)
        self.assertGreaterEqual(recall, 0.995, missed[:5])
        self.assertGreaterEqual(precision, 0.99, false[:5])

    def test_what_is_found_is_nowhere_but_in_the_columns_that_pass_through(self):
        maker = make_redaction_set.Maker(7)
        planted = [maker.email() for _ in range(400)] + [maker.card() for _ in range(400)]
        self.write_jsonl("in.jsonl", [{"text": f"Write to {value} about it."} for value in planted])
        arguments = ["generate", "in.jsonl", "-o", "out.jsonl", "--prompt", "{{text}}",
                     "--max-tokens", "20", "--redact", "all", "--units", "1", "-m",
                     program.tiny_model()]
        process = self.start(*arguments)
        while not os.path.exists(self.path("out.jsonl.rowmill/journal")):
            self.assertIsNone(process.poll())
        process.terminate()
        _, messages = process.communicate()
        self.assertIn(process.returncode, (STOPPED, OK))
        left = self.everything_but("in.jsonl", "out.jsonl")
        run = self.run_program(*arguments)
        left += self.everything_but("in.jsonl", "out.jsonl") + messages + run.stderr.encode()
        for value in planted:
            self.assertNotIn(value.encode(), left)
        self.assertIn(planted[0].encode(), self.read("in.jsonl"))
        found = read_report(self.path("out.jsonl"))["redaction"]
        self.assertEqual(found["found"], {"EMAIL_ADDRESS": 400, "CREDIT_CARD": 400})
        self.assertEqual(found["rows"], 800)
        self.assertIn("800 rows (400 EMAIL_ADDRESS, 400 CREDIT_CARD)", run.stderr)
        self.assertEqual([row["text"] for row in read_jsonl(self.path("in.jsonl"))],
                         [row["text"] for row in read_jsonl(self.path("out.jsonl"))])

    def everything_but(self, *names):
        content = b""
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and path.name not in names:
                content += path.name.encode() + path.read_bytes()
        return content

    def test_the_model_sees_equal_texts_where_only_what_is_masked_differs(self):
        texts = ["Mail ann@example.org now", "Mail bob@example.net now", "Mail me now"]
        self.write_jsonl("in.jsonl", [{"text": text} for text in texts])
        self.run_job("generate", "in.jsonl", "-o", "out.jsonl", "--prompt", "{{text}}",
                     "--max-tokens", "8", "--redact", "email")
        rows = read_jsonl(self.path("out.jsonl"))
        self.assertEqual(rows[0]["rowmill_text"], rows[1]["rowmill_text"])
        self.assertNotEqual(rows[0]["rowmill_text"], rows[2]["rowmill_text"])
        self.assertEqual(read_report(self.path("out.jsonl"))["rows"]["duplicates"], 1)

    def test_pseudonyms_are_the_same_in_every_run_with_one_map(self):
        texts = ["Mail ann@example.org", "Mail bob@example.net", "Mail ann@example.org"]
        first = self.redact(texts)
        self.assertEqual(first, [["EMAIL_ADDRESS", "ann@example.org"],
                                 ["EMAIL_ADDRESS", "bob@example.net"]])
        mode = os.stat(self.path("map.jsonl")).st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o600)
        self.assertEqual(self.redact(texts, output="again.jsonl"), first)
        # The key is a part of what the job is.
        one, other = (read_report(self.path(name))["options"]["redact.key"]
                      for name in ["out.jsonl", "again.jsonl"])
        self.assertEqual(one, other)

    def test_what_the_model_writes(self):
        self.write_jsonl("in.jsonl", [{"question": "a"}, {"question": "b"}])
        self.run_job("generate", "in.jsonl", "-o", "out.jsonl", "--prompt", "{{question}}",
                     "--max-tokens", "8", "--redact-pattern", "ANYTHING=(?s).+",
                     "--redact-output")
        rows = read_jsonl(self.path("out.jsonl"))
        self.assertEqual([row["text"] for row in rows], ["<ANYTHING>"] * 2)
        self.assertEqual([row["question"] for row in rows], ["a", "b"])
        found = read_report(self.path("out.jsonl"))["redaction"]
        self.assertEqual(found["output_found"], {"ANYTHING": 2})

    def test_numbers_are_redacted_as_well(self):
        self.write_jsonl("in.jsonl", [{"card": 4111111111111111}])
        self.run_job("generate", "in.jsonl", "-o", "out.jsonl", "--prompt", "say {{card}}",
                     "--max-tokens", "2", "--redact", "card")
        found = read_report(self.path("out.jsonl"))["redaction"]
        self.assertEqual(found["found"], {"CREDIT_CARD": 1})

    def test_other_rules_are_another_job(self):
        self.write_jsonl("in.jsonl", [{"text": "a@example.org"}])
        job = ["sentiment", "in.jsonl", "-o", "out.jsonl"]
        self.run_job(*job, "--redact", "email")
        run = self.run_job(*job, "--redact", "phone", expect=USAGE)
        self.assertIn("exists", run.stderr)

    def test_wrong_arguments(self):
        self.write_jsonl("in.jsonl", [{"text": "x"}])
        self.write("notes.txt", "no map")
        for arguments, words in [
                (["--redact", "emial"], "did you mean 'email'"),
                (["--redact", "all", "--redact-with", "hash"], "--redact-key"),
                (["--redact", "all", "--redact-with", "pseudonym"], "--redact-map"),
                (["--redact", "all", "--redact-with", "masks"], "did you mean 'mask'"),
                (["--redact-output"], "--redact says what"),
                (["--redact", "all", "--redact-pattern", "X=("], "missing )"),
                (["--redact", "all", "--redact-with", "pseudonym", "--redact-map", "notes.txt"],
                 "no map of pseudonyms")]:
            with self.subTest(arguments=arguments):
                run = self.run_job("sentiment", "in.jsonl", "-o", "out.jsonl", *arguments,
                                   expect=USAGE)
                self.assertIn(words, run.stderr)
                self.assertEqual(self.names(), ["in.jsonl", "notes.txt"])

    def test_a_plan_makes_no_map(self):
        self.write_jsonl("in.jsonl", [{"text": "a@example.org"}])
        self.run_program("plan", "sentiment", "in.jsonl", "-m", program.tiny_model(), "--redact",
                         "all", "--redact-with", "pseudonym", "--redact-map", "map.jsonl")
        self.assertEqual(self.names(), ["in.jsonl"])
