"""Canaries: values that are nowhere else are planted in the rows of jobs that end well, in part and not at
all, and looked for in all that a job leaves and says. They may be in the output, whose columns they are,
and where the person asked for rows (--report); nowhere else."""

import gzip
import json
import unittest

import program
from program import DATA, OK, USAGE, ProgramTest, read_jsonl, read_report

NAMES = ["Zbigniewa Quattlebaum", "Xochitl Oberhuberova", "Ptolemy Wraxallcott"]


class Canaries:
    """Each value is made once, so that what is found says where it had been planted."""

    def __init__(self):
        self.planted = []

    def __call__(self, where):
        number = len(self.planted)
        digits = [4, 5, 3, 9] + [int(d) for d in f"{number * 7919 + 1234567:011d}"]
        # Luhn: every second digit from the right, the check digit apart, counts double.
        total = sum(sum(divmod(2 * d, 10)) if i % 2 == 0 else d
                    for i, d in enumerate(reversed(digits)))
        card = "".join(map(str, digits)) + str(-total % 10)
        value = f"{NAMES[number % 3]}{number}q"
        mail = f"canary{number}q@quibblesnatch.example"
        self.planted.append((where, [value, mail, card]))
        return f"{value}, {mail}, {card}"


class CanaryTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.plant = Canaries()

    def rest(self, *but):
        """All files of the folder but these."""
        content = b""
        for path in sorted(self.folder.rglob("*")):
            if not path.is_file() or path.name in but:
                continue
            data = path.read_bytes()
            content += path.name.encode() + b"\n" + data + b"\n"
        return content

    def check_nowhere(self, *texts):
        whole = b"\n".join(text.encode() if isinstance(text, str) else text for text in texts)
        for where, values in self.plant.planted:
            for value in values:
                self.assertNotIn(value.encode(), whole, where)
                # Nor behind an escape, nor a part of it that tells whose it is.
                self.assertNotIn(json.dumps(value)[1:-1].encode(), whole, where)
            self.assertNotIn(values[0].split()[1].encode(), whole, where)

    def all_ways_to_say_it(self):
        return ["--progress", "json", "--trace", "trace.json", "--report", "page.html", "-m",
                program.tiny_model()]

    def test_rows_that_are_answered(self):
        rows = [{"id": self.plant("id"), "body": f"{self.plant('body')} wrote {i}",
                 "gold": self.plant("gold"), "other": self.plant("a column that passes through")}
                for i in range(30)]
        self.write_jsonl("in.jsonl", rows)
        for task in [["classify", "in.jsonl", "--labels", "x,y", "--gold", "gold", "--explain"],
                     ["generate", "in.jsonl", "--prompt", "Go on: {{body}} {{gold}}", "--max-tokens",
                      "3"]]:
            run = self.run_program(*task, *(["--text", "body"] if "--labels" in task else []), "--id",
                                   "id", "-o", "out.jsonl", "--overwrite", "--store", "store",
                                   *self.all_ways_to_say_it())
            self.check_nowhere(run.stderr, self.rest("in.jsonl", "out.jsonl", "page.html"))
        # Pages without rows have none.
        self.run_program("report", "out.jsonl.run.json", "-o", "page.html")
        self.check_nowhere(self.rest("in.jsonl", "out.jsonl"))
        # A tampered row is told by its number.
        out = read_jsonl(self.path("out.jsonl"))
        out[4]["other"] = self.plant("tampered")
        self.write_jsonl("out.jsonl", out)
        run = self.run_program("verify", *task, "--id", "id", "-o", "out.jsonl", "-m",
                               program.tiny_model(), expect=None)
        self.assertNotEqual(run.returncode, OK)
        self.check_nowhere(run.stderr, run.stdout)

    def test_rows_that_fail(self):
        plant = self.plant
        lines = [json.dumps({"body": "", "other": plant("beside an empty text")}),
                 json.dumps({"body": {"mail": plant("an object")}}),
                 json.dumps({"body": [plant("a list")]}), json.dumps({"other": plant("no text")}),
                 json.dumps({"body": plant("too long") + " and more words" * 300}),
                 '{"body": "' + plant("broken JSON"), '"' + plant("no object") + '"',
                 '{"body": "' + plant("a bad escape") + '\\x"}',
                 '{"body": "x", "' + plant("no value for a name") + '"}',
                 '{"body": nul' + plant("a bad word") + "}",
                 json.dumps({"body": "fine"})]
        self.write("in.jsonl", "\n".join(lines) + "\n")
        # Files of the same kinds of damage in CSV.
        self.write("in.csv", "body,other\n" + f'"{plant("too few fields")}"\n'
                   + f'x,y,"{plant("too many fields")}"\n' + f'"x"{plant("behind a quote")},y\n'
                   + f'"{plant("too long, CSV") + " and more words" * 300}",y\nfine,y\n')
        for name in ["in.jsonl", "in.csv"]:
            for task in [["sentiment", name, "--text", "body"],
                         ["generate", name, "--prompt", "Say {{body}}", "--max-tokens", "2"]]:
                run = self.run_program(*task, "-o", "out.jsonl", "--overwrite", "--max-context",
                                       "200", *self.all_ways_to_say_it())
                self.assertGreater(read_report(self.path("out.jsonl"))["rows"]["invalid"], 0)
                # What the page quotes are answered rows, of which there is none with a canary.
                self.check_nowhere(run.stderr, self.rest("in.jsonl", "in.csv", "out.jsonl"))
                errors = "".join(row["error"] for row in read_jsonl(self.path("out.jsonl")))
                self.check_nowhere(errors)
        run = self.run_program(*task, "-o", "few.jsonl", "--max-context", "200", "--max-errors", "0",
                               *self.all_ways_to_say_it(), expect=program.TOO_MANY_ERRORS)
        self.check_nowhere(run.stderr, self.rest("in.jsonl", "in.csv", "out.jsonl", "few.jsonl"))

    def test_jobs_that_fail(self):
        plant = self.plant
        twice = plant("an id that comes twice")
        files = {
            "quote.csv": "body\n" + f'fine\n"{plant("a quote never closed")}\nand on',
            "twice.csv": f'body,id\nx,"{twice}"\ny,"{twice}"\n',
            "utf16.csv": ("body\n" + plant("UTF-16") + "\n").encode("utf-16"),
            "header.csv": f'"{plant("no header")}",y\nfine,y\n',
            "lines.jsonl": plant("no JSON at all") + "\n" + plant("no JSON at all") + "\n",
            "cut.csv.gz": gzip.compress(("body\n" + plant("a cut file") + "\n" * 5000).encode())[:-9],
            "zero.jsonl": b"\0" * 50 + plant("behind zeros").encode() + b"\n",
        }
        for name, content in files.items():
            self.write(name, content)
        cases = [("quote.csv", [], None), ("twice.csv", ["--id", "id"], None),
                 ("utf16.csv", [], None), ("header.csv", [], USAGE), ("lines.jsonl", [], None),
                 ("cut.csv.gz", [], DATA), ("zero.jsonl", [], None),
                 ("twice.csv", ["--gold", "gould"], USAGE),
                 ("twice.csv", ["--output-format", "cvs"], USAGE),
                 ("header.csv", ["--no-header"], USAGE)]
        for name, options, code in cases:
            with self.subTest(name=name, options=options):
                run = self.run_program("sentiment", name, "--text", "body", "-o", "out.jsonl",
                                       "--overwrite", *options, *self.all_ways_to_say_it(),
                                       expect=code)
                self.check_nowhere(run.stderr, self.rest(*files, "out.jsonl", "page.html"))
                run = self.run_program("plan", "sentiment", name, "--text", "body", *options[:2],
                                       "-m", program.tiny_model(), expect=None)
                self.check_nowhere(run.stderr, run.stdout)

    def test_requests_of_a_batch(self):
        plant = self.plant
        body = {"model": "any", "max_tokens": 2}
        requests = [
            {"custom_id": plant("custom_id"), "method": "POST", "url": "/v1/chat/completions",
             "body": {**body, "messages": [{"role": "user", "content": plant("a message")}]}},
            {"custom_id": "b", "method": "POST", "url": plant("url"), "body": body},
            {"custom_id": "c", "method": "POST", "url": "/v1/completions",
             "body": {**body, "prompt": plant("a prompt"), "logit_bias": {plant("a value"): 1}}}]
        self.write("in.jsonl", "".join(json.dumps(r) + "\n" for r in requests)
                   + plant("no JSON") + "\n")
        run = self.run_program("batch", "in.jsonl", "-o", "out.jsonl", "-m", program.tiny_model(),
                               "--progress", "json")
        self.check_nowhere(run.stderr, self.rest("in.jsonl", "out.jsonl"))
        self.plant.planted.pop(0)  # the custom_id is the result's
        self.check_nowhere(self.read("out.jsonl"))

    def test_redacted_rows(self):
        """What rules can find is nowhere: the page's rows, explanations and what the model writes
        included. Names have no rule, and are where rows are asked for."""
        rows = [{"body": f"{self.plant('body')} wrote {i}"} for i in range(30)]
        self.write_jsonl("in.jsonl", rows)
        for task in [["classify", "in.jsonl", "--labels", "x,y", "--text", "body", "--explain",
                      "--explain-html", "why.html"],
                     ["generate", "in.jsonl", "--prompt", "Go on: {{body}}", "--max-tokens", "3"]]:
            run = self.run_program(*task, "-o", "out.jsonl", "--overwrite", "--redact", "all",
                                   "--redact-output", *self.all_ways_to_say_it())
            self.check_nowhere(run.stderr, self.rest("in.jsonl", "out.jsonl", "page.html",
                                                     "why.html"))
            answers = [{name: value for name, value in row.items() if name != "body"}
                       for row in read_jsonl(self.path("out.jsonl"))]
            shown = json.dumps(answers) + self.rest("in.jsonl", "out.jsonl").decode()
            for _, (_, mail, card) in self.plant.planted:
                self.assertNotIn(mail, shown)
                self.assertNotIn(card, shown)


if __name__ == "__main__":
    unittest.main()
