"""One file, whatever way the work is done: units, split, token budget, prefix sharing, duplicates,
order, shards, instruction set. Compared is the SHA-256 of the whole output, log-probabilities and
sampled text included. (Other compilers and options: tests/parity. Resumed jobs: resume_test.py.)
"""

import concurrent.futures
import itertools
import os
import random
import re
import unittest

import program
from program import ProgramTest, read_csv, sha256

UNITS = [1, 2, 3, 4]
SPLITS = ["equal", "length", "stealing"]
BUDGETS = [1, 17, 256, 4096]
ON_OFF = ["on", "off"]
SPLIT_EVERYTHING = list(itertools.product(UNITS, SPLITS, BUDGETS, ON_OFF, ON_OFF))

SCORES = ["--probabilities", "--log-probs"]
LABELS = "bill,billing,a good product,a good film,awful"
SAMPLED = ["--max-tokens", "8", "--temperature", "0.9", "--top-p", "0.95", "--seed", "7"]
JOBS = {
    "classify": ["classify", *SCORES, "--labels", LABELS],
    "generate": ["generate", "--prompt", "{{opening}} {{text}}", *SAMPLED, "--samples", "2",
                 "--repetition-penalty", "1.1", "--finish-reason"],
}
OPENINGS = ["Please tell me what the answer is, in one line.", "Translate the sentence.",
            "Please tell me what the answer is, in one word, and say it twice."]


def flags(units, split, budget, prefixes, dedupe):
    return ["--units", units, "--split", split, "--batch-tokens", budget,
            "--prefix-sharing", prefixes, "--dedupe", dedupe]


def varied_rows(count, seed):
    """Lengths from one word to many, common beginnings, duplicates, rows without an answer."""
    rng = random.Random(seed)
    words = (program.PROJECT / "docs" / "cli.md").read_text(encoding="utf-8").split()
    rows = []
    for i in range(count):
        start, length = rng.randrange(len(words) - 60), rng.choice([1, 2, 3, 5, 8, 13, 21])
        rows.append({"key": f"{i}", "opening": rng.choice(OPENINGS),
                     "text": " ".join(words[start:start + length])})
    for i in rng.sample(range(count), count // 5):
        other = rows[rng.randrange(count)]
        rows[i].update(opening=other["opening"], text=other["text"])
    rows[count // 2]["text"] = ""
    rows[count // 3]["text"] = "word " * 700
    return rows


def instruction_sets(test):
    text = test.run_program("doctor").stdout.decode()
    return re.findall(r"^  (\w+) +(?:chosen|available) ", text, re.MULTILINE)


class SameBytesTest(ProgramTest):
    def hashes(self, job, source, variants, model):
        """The hash of each variant's output; several run at a time."""
        def run(numbered):
            number, options = numbered
            output = f"{number}.jsonl"
            self.run_job(*job, source, "-o", output, *options, model=model)
            digest = sha256(self.path(output))
            os.remove(self.path(output))
            os.remove(self.path(output + ".run.json"))
            return digest
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(run, enumerate(variants)))

    def check_same(self, job, source, variants, model):
        digests = self.hashes(job, source, variants, model)
        different = [variant for variant, digest in zip(variants, digests)
                     if digest != digests[0]]
        self.assertEqual(different, [], f"unlike {variants[0]}; {len(set(digests))} hashes of "
                                        f"{len(digests)} runs")


class TinyModelTest(SameBytesTest):
    def setUp(self):
        super().setUp()
        self.rows = varied_rows(48, seed=11)
        self.write_jsonl("in.jsonl", self.rows)
        self.model = program.tiny_model("--type", "q4_1", "--dim", "64", "--ffn", "128",
                                        "--context", "256")

    def test_every_way_to_do_the_work(self):
        variants = [flags(*way) for way in SPLIT_EVERYTHING]
        for name, job in JOBS.items():
            with self.subTest(job=name):
                self.check_same(job, "in.jsonl", variants, self.model)

    def test_every_instruction_set(self):
        ways = [flags(1, "stealing", 256, "on", "on"), flags(3, "equal", 17, "off", "off")]
        sets = instruction_sets(self)
        self.assertIn("scalar", sets)
        for weights in ["q4_1", "q8_0", "f32"]:
            model = program.tiny_model("--type", weights, "--context", "256")
            variants = [[*way, "--isa", isa] for isa in sets for way in ways]
            for name, job in JOBS.items():
                with self.subTest(job=name, weights=weights):
                    self.check_same(job, "in.jsonl", variants, model)

    def test_threads_and_rows_in_flight(self):
        variants = [["--units", 1], ["--units", 1, "--threads-per-unit", 2],
                    ["--units", 2, "--threads-per-unit", 3], ["--max-rows", 1],
                    ["--max-rows", 3, "--batch-tokens", 5]]
        for name, job in JOBS.items():
            with self.subTest(job=name):
                self.check_same(job, "in.jsonl", variants, self.model)

    def test_shuffled_rows_get_the_same_answers(self):
        for name, job in JOBS.items():
            with self.subTest(job=name):
                self.run_job(*job, "in.jsonl", "-o", f"{name}.jsonl", model=self.model)
                wanted = self.read(f"{name}.jsonl").splitlines()
                for seed in range(3):
                    order = list(range(len(self.rows)))
                    random.Random(seed).shuffle(order)
                    self.write_jsonl("mixed.jsonl", [self.rows[i] for i in order])
                    self.run_job(*job, "mixed.jsonl", "-o", "mixed.out.jsonl", "--overwrite",
                                 "--units", 2, model=self.model)
                    restored = dict(zip(order, self.read("mixed.out.jsonl").splitlines()))
                    self.assertEqual([restored[i] for i in range(len(order))], wanted)

    def test_joined_shards_are_the_whole(self):
        for name, job in JOBS.items():
            with self.subTest(job=name):
                self.run_job(*job, "in.jsonl", "-o", f"{name}.jsonl", model=self.model)
                parts = b""
                for shard in range(3):
                    self.run_job(*job, "in.jsonl", "-o", f"{name}-{shard}.jsonl", "--shard",
                                 f"{shard}/3", model=self.model)
                    parts += self.read(f"{name}-{shard}.jsonl")
                self.assertEqual(parts, self.read(f"{name}.jsonl"))

    def test_locale_and_time_zone_do_not_matter(self):
        digests = set()
        for number, env in enumerate([{}, {"LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Kolkata"},
                                      {"LC_ALL": "C", "TZ": "UTC"}]):
            self.run_job(*JOBS["classify"], "in.jsonl", "-o", f"{number}.csv", model=self.model,
                         env=env)
            digests.add(sha256(self.path(f"{number}.csv")))
        self.assertEqual(len(digests), 1)


class RealModelTest(SameBytesTest):
    """The main ways, on 300 rows that people wrote; without them on the example reviews."""

    def setUp(self):
        super().setUp()
        self.model = program.real_model()
        if self.model is None:
            self.skipTest(f"no model file {program.SMOLLM2}")
        dev = program.shared_folder() / "data" / "sst2" / "dev.tsv"
        if dev.exists():
            lines = dev.read_text(encoding="utf-8").splitlines()[:300]
            rows = [{"text": line.split("\t", 1)[1]} for line in lines]
        else:
            rows = [{"text": row["review"][:200]} for row in read_csv(program.REVIEWS)[:300]]
        self.write_jsonl("in.jsonl", rows)

    def test_sentiment(self):
        job = ["sentiment", *SCORES]
        variants = [flags(2, "stealing", 256, "on", "on"), flags(1, "equal", 64, "on", "off"),
                    flags(3, "length", 512, "on", "on"),
                    [*flags(2, "equal", 33, "on", "on"), "--isa", "avx2"]]
        self.check_same(job, "in.jsonl", variants, self.model)

    def test_without_prefix_sharing(self):
        job = ["sentiment", *SCORES, "--limit", "40"]
        self.check_same(job, "in.jsonl", [[], ["--prefix-sharing", "off"],
                                          ["--prefix-sharing", "off", "--batch-tokens", "7"]],
                        self.model)

    def test_generate_with_a_seed(self):
        job = ["generate", "--prompt", "Summarise: {{text}}", *SAMPLED, "--limit", "60"]
        variants = [flags(2, "stealing", 256, "on", "on"), flags(1, "equal", 40, "off", "off"),
                    flags(4, "length", 512, "on", "off")]
        self.check_same(job, "in.jsonl", variants, self.model)


if __name__ == "__main__":
    unittest.main()
