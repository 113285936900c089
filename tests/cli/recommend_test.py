"""recommend: what people get, the same bytes however it is run, and the figures of --evaluate beside a
reference of a few lines that draws the same negatives."""

import functools
import json
import math
import os
import re
import signal
import subprocess
import sys
import unittest

from program import DATA, OK, PROJECT, STOPPED, USAGE, ProgramTest, read_csv, read_jsonl, read_report, tiny_model

ENCODER = str(PROJECT / "tests" / "data" / "encoders" / "bert")
COLUMNS = ["user", "rank", "item", "title", "score", "basis", "because", "status", "error"]
MASK = (1 << 64) - 1


def random_bits(key, place):
    z = (key + (place + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def draw_negatives(pool, user, draw, count):
    pool = list(pool)
    key = random_bits(draw, user)
    for j in range(min(count, len(pool))):
        pick = j + random_bits(key, j) % (len(pool) - j)
        pool[j], pool[pick] = pool[pick], pool[j]
    return pool[:count]


@functools.cache
def made_ratings(*options):
    """(ratings, books) of tools/make_ratings.py as text."""
    out = subprocess.run(
        [sys.executable, str(PROJECT / "tools" / "make_ratings.py"), *options, "-o", "/dev/stdout",
         "--books", "/dev/stderr"], check=True, capture_output=True, text=True)
    return out.stdout, out.stderr


class Reference:
    """Leave last out, by the definition."""

    def __init__(self, rows):
        self.users, self.items, histories = {}, {}, []
        for row in rows:
            user = self.users.setdefault(row["reader"], len(self.users))
            item = self.items.setdefault(row["book"], len(self.items))
            if user == len(histories):
                histories.append({})
            histories[user].pop(item, None)  # a later row of the same pair replaces the earlier
            histories[user][item] = True
        self.histories = [list(history) for history in histories]
        self.rest = [h[:-1] if len(h) > 1 else h for h in self.histories]

    def popularity(self):
        counts = [0] * len(self.items)
        for history in self.rest:
            for item in history:
                counts[item] += 1
        return lambda user: counts

    def neighbours(self):
        sets = [set() for _ in self.items]
        for user, history in enumerate(self.rest):
            for item in history:
                sets[item].add(user)
        n = len(sets)
        near = [[0.0 if i == j or not sets[i] or not sets[j] else
                 len(sets[i] & sets[j]) / math.sqrt(len(sets[i]) * len(sets[j])) for j in range(n)]
                for i in range(n)]
        return lambda user: [sum(near[i][j] for i in self.rest[user]) for j in range(n)]

    def figures(self, score, k, negatives, draws):
        hits = gains = full_hits = judged = 0
        for user, history in enumerate(self.histories):
            if len(history) < 2:
                continue
            judged += 1
            wanted = history[-1]
            scores = score(user)
            pool = [i for i in range(len(self.items)) if i not in history]
            full_hits += 1 + sum(scores[i] >= scores[wanted] for i in pool) <= k
            for draw in range(draws):
                drawn = draw_negatives(pool, user, draw, negatives)
                rank = 1 + sum(scores[i] >= scores[wanted] for i in drawn)
                if rank <= k:
                    hits += 1
                    gains += 1 / math.log2(rank + 1)
        total = judged * draws
        return hits / total, gains / total, full_hits / judged


class RecommendTest(ProgramTest):
    def setUp(self):
        super().setUp()
        ratings, books = made_ratings("--users", "40", "--items", "30", "--ratings", "400")
        self.write("loans.csv", ratings)
        self.write("books.csv", books)

    def recommend(self, *arguments, **options):
        return self.run_program("recommend", *arguments, "--progress", "none", **options)

    def run_loans(self, *arguments, **options):
        return self.recommend("loans.csv", "--user", "reader", "--item", "book", "--rating", "stars",
                              "--time", "day", *arguments, **options)

    def test_users_in_their_order_with_what_they_have_not_had(self):
        self.run_loans("--items", "books.csv", "-k", "5", "-o", "out.jsonl")
        loans = read_csv(self.path("loans.csv"))
        rows = read_jsonl(self.path("out.jsonl"))
        users = list(dict.fromkeys(row["reader"] for row in loans))
        self.assertEqual(list(dict.fromkeys(row["user"] for row in rows)), users)
        titles = {row["book"]: row["title"] for row in read_csv(self.path("books.csv"))}
        had = {user: {row["book"] for row in loans if row["reader"] == user} for user in users}
        for user in users:
            own = [row for row in rows if row["user"] == user]
            self.assertEqual([row["rank"] for row in own], [1, 2, 3, 4, 5])
            scores = [row["score"] for row in own]
            self.assertEqual(scores, sorted(scores, reverse=True))
            for row in own:
                self.assertEqual(list(row), COLUMNS)
                self.assertNotIn(row["item"], had[user])
                self.assertEqual(row["title"], titles[row["item"]])
                self.assertEqual((row["basis"], row["status"]), ("history", "ok"))
                for reason in row["because"]:
                    self.assertIn(reason["item"], had[user])
                    self.assertEqual(reason["title"], titles[reason["item"]])
        # Parts of a series share the words of their title.
        words = {word for row in rows for reason in row["because"] for word in reason.get("words", [])}
        self.assertTrue(words & {"dragon", "tower", "spell", "alibi", "cellar", "witness", "letter"}, words)

    def test_csv_has_the_reasons_as_json(self):
        self.run_loans("-k", "2", "-o", "out.csv")
        rows = read_csv(self.path("out.csv"))
        self.assertEqual(list(rows[0]), COLUMNS)
        for row in rows:
            self.assertIsInstance(json.loads(row["because"]), list)
        self.run_loans("-k", "2", "-o", "out.jsonl")
        self.assertEqual([row["item"] for row in rows],
                         [row["item"] for row in read_jsonl(self.path("out.jsonl"))])

    def test_the_same_bytes_for_any_units_and_kernels(self):
        outputs = set()
        for i, options in enumerate([["--units", "1"], ["--units", "3"], ["--isa", "scalar"]]):
            self.run_loans("--items", "books.csv", *options, "-o", f"{i}.jsonl")
            outputs.add(self.read(f"{i}.jsonl"))
        outputs.add(self.run_loans("--items", "books.csv", "-o", "-", "--output-format", "jsonl").stdout)
        self.assertEqual(len(outputs), 1)

    def test_a_finished_job_is_left_alone_and_another_is_not_overwritten(self):
        self.run_loans("-o", "out.jsonl")
        before = os.stat(self.path("out.jsonl")).st_mtime_ns
        again = self.run_loans("-o", "out.jsonl", "--units", "2")
        self.assertIn("finished before", again.stderr)
        self.assertEqual(os.stat(self.path("out.jsonl")).st_mtime_ns, before)
        refused = self.run_loans("-o", "out.jsonl", "-k", "3", expect=USAGE)
        self.assertIn("--overwrite", refused.stderr)
        self.run_loans("-o", "out.jsonl", "-k", "3", "--overwrite")
        self.assertEqual(read_report(self.path("out.jsonl"))["options"]["k"], "3")
        self.assertEqual(self.names(), ["books.csv", "loans.csv", "out.jsonl", "out.jsonl.run.json"])

    def test_cold_users_get_what_most_took_and_are_marked(self):
        self.write_csv("whom.csv", [{"reader": "r1"}, {"reader": "nobody"}, {"reader": ""}, {"reader": "r1"}])
        self.run_loans("--users", "whom.csv", "-k", "3", "-o", "out.jsonl")
        rows = read_jsonl(self.path("out.jsonl"))
        self.assertEqual([row["user"] for row in rows], ["r1"] * 3 + ["nobody"] * 3 + [None] + ["r1"] * 3)
        self.assertEqual(rows[:3], rows[7:])
        cold = rows[3:6]
        self.assertEqual({row["basis"] for row in cold}, {"popularity"})
        counts = {}
        for user, book in {(row["reader"], row["book"]) for row in read_csv(self.path("loans.csv"))}:
            counts[book] = counts.get(book, 0) + 1
        self.assertEqual([row["score"] for row in cold], sorted(counts.values(), reverse=True)[:3])
        self.assertEqual((rows[6]["status"], rows[6]["error"]), ("invalid", "column 'reader' is empty"))
        report = read_report(self.path("out.jsonl"))
        self.assertEqual(report["recommend"]["users"], {"total": 4, "cold": 1})
        self.assertEqual(report["rows"]["invalid"], 1)

    def test_gold_is_the_item_that_was_wanted(self):
        self.run_loans("-k", "4", "-o", "all.jsonl")
        second = {row["user"]: row["item"] for row in read_jsonl(self.path("all.jsonl")) if row["rank"] == 2}
        wanted = [{"reader": "r1", "next": second["r1"]}, {"reader": "r2", "next": "no such book"}]
        self.write_csv("wanted.csv", wanted)
        self.run_loans("--users", "wanted.csv", "--gold", "next", "-k", "4", "-o", "out.jsonl")
        gold = read_report(self.path("out.jsonl"))["gold"]
        self.assertEqual((gold["rows"], gold["hit_rate"], gold["mrr"]), (2, 0.5, 0.25))
        self.assertAlmostEqual(gold["ndcg"], 0.5 / math.log2(3))

    def test_broken_ratings_are_counted_and_a_user_without_a_sound_one_is_cold(self):
        self.write("bad.csv", "user,item,stars\na,x,5\na,y,4\nb,x,3\nb,,3\nc,x,many\n,x,1\na,x,2\n")
        run = self.recommend("bad.csv", "--rating", "stars", "-o", "out.jsonl")
        self.assertIn("line 5: column 'item' is empty", run.stderr)
        rows = read_jsonl(self.path("out.jsonl"))
        self.assertEqual([(row["user"], row["item"], row["basis"], row["status"]) for row in rows],
                         [("a", None, None, "error"), ("b", "y", "history", "ok"),
                          ("c", "x", "popularity", "ok"), ("c", "y", "popularity", "ok")])
        ratings = read_report(self.path("out.jsonl"))["recommend"]["ratings"]
        self.assertEqual((ratings["rows"], ratings["used"], ratings["invalid"], ratings["repeated"]), (7, 3, 3, 1))
        self.assertEqual(ratings["first_invalid"]["line"], 5)

    def test_what_cannot_be_read_is_said(self):
        cases = [(["none.csv"], USAGE, "none.csv"),
                 (["loans.csv"], USAGE, "--user"),
                 (["loans.csv", "--user", "raeder", "--item", "book"], USAGE, "did you mean 'reader'"),
                 (["loans.csv", "--user", "reader", "--item", "book", "--rating", "reader"], DATA, "no usable rating"),
                 (["loans.csv", "--user", "reader", "--item", "book", "-k", "0"], USAGE, "-k takes"),
                 (["loans.csv", "--user", "reader", "--item", "book", "--new", "2"], USAGE, "--model"),
                 (["loans.csv", "--user", "reader", "--item", "book", "--gold", "x"], USAGE, "--users")]
        for arguments, code, text in cases:
            with self.subTest(arguments=arguments):
                run = self.recommend(*arguments, "-o", "out.jsonl", expect=code)
                self.assertIn(text, run.stderr)
                self.assertEqual(self.names(), ["books.csv", "loans.csv"])

    def test_plan_reads_and_writes_nothing(self):
        run = self.run_program("plan", "recommend", "loans.csv", "--user", "reader", "--item", "book")
        self.assertIn(b"users         40", run.stdout)
        self.assertIn(b"EASE", run.stdout)
        self.assertEqual(self.names(), ["books.csv", "loans.csv"])

    def test_items_that_nobody_has_rated_by_an_encoder(self):
        rated = {row["book"] for row in read_csv(self.path("loans.csv"))}
        options = ["--items", "books.csv", "-m", ENCODER, "-k", "4", "--new", "1"]
        self.run_loans(*options, "--units", "1", "-o", "1.jsonl")
        self.run_loans(*options, "--units", "2", "-o", "2.jsonl")
        self.assertEqual(self.read("1.jsonl"), self.read("2.jsonl"))
        rows = read_jsonl(self.path("1.jsonl"))
        self.assertEqual(len(rows), 160)
        for row in rows:
            if row["rank"] == 4:
                self.assertEqual(row["basis"], "content")
            if row["basis"] == "content":
                self.assertNotIn(row["item"], rated)
                self.assertTrue(row["because"])

    def test_titles_looked_at_again_by_a_language_model(self):
        model = tiny_model("--type", "q4_1", "--dim", "64", "--ffn", "128", "--context", "1024")
        options = ["--items", "books.csv", "-k", "60", "--rerank-users", "12", "--evaluate", "--draws", "2"]
        shown = [self.run_loans(*options, "--rerank", model, "--units", str(units), "-o", f"{units}.jsonl").stdout
                 for units in (1, 2)]
        self.assertEqual(*shown)
        self.assertEqual(self.read("1.jsonl"), self.read("2.jsonl"))
        self.assertIn(b"re-ranked *", shown[0])
        self.assertIn(b"* 12 of the users", shown[0])
        report = read_report(self.path("1.jsonl"))
        self.assertEqual([m["model"] for m in report["recommend"]["evaluation"]["models"]][-2:],
                         ["rowmill *", "re-ranked *"])
        self.assertEqual(report["options"]["rerank-users"], "12")
        self.assertIn("rerank", report["recommend"]["mixture"])
        # The list is the one without a second look, in another order; places have the same scores.
        self.run_loans("--items", "books.csv", "-k", "60", "-o", "plain.jsonl")
        plain, seen = read_jsonl(self.path("plain.jsonl")), read_jsonl(self.path("1.jsonl"))
        self.assertEqual([(row["user"], row["rank"], row["score"]) for row in plain],
                         [(row["user"], row["rank"], row["score"]) for row in seen])
        self.assertEqual(sorted((row["user"], row["item"], str(row["because"])) for row in plain),
                         sorted((row["user"], row["item"], str(row["because"])) for row in seen))
        # A weight that is given is taken: the same items and scores, in an order that titles have a say in.
        for units in ("1", "2"):
            self.run_loans("--items", "books.csv", "-k", "60", "--rerank", model, "--rerank-weight", "50", "--units", units,
                           "-o", f"given{units}.jsonl")
        self.assertEqual(self.read("given1.jsonl"), self.read("given2.jsonl"))
        given = read_jsonl(self.path("given1.jsonl"))
        self.assertEqual([(row["user"], row["rank"], row["score"]) for row in plain],
                         [(row["user"], row["rank"], row["score"]) for row in given])
        self.assertEqual(sorted((row["user"], row["item"], str(row["because"])) for row in plain),
                         sorted((row["user"], row["item"], str(row["because"])) for row in given))
        self.assertNotEqual([row["item"] for row in plain], [row["item"] for row in given])
        for arguments, text in [(["--rerank", model], "--items"),
                                (["--items", "books.csv", "--rerank-weight", "1"], "--rerank"),
                                (["--items", "books.csv", "--rerank", model, "--rerank-weight", "x"], "0 to 100"),
                                (["--items", "books.csv", "--rerank", ENCODER], "language model")]:
            run = self.run_loans(*arguments, "-o", "none.jsonl", expect=USAGE)
            self.assertIn(text, run.stderr)

    def test_titles_in_plan_and_progress(self):
        model = tiny_model("--type", "q4_1", "--dim", "64", "--ffn", "128", "--context", "1024")
        loans = ("loans.csv", "--user", "reader", "--item", "book", "--items", "books.csv")
        plain = self.run_program("plan", "recommend", *loans).stdout.decode()
        plan = self.run_program("plan", "recommend", *loans, "--rerank", model, "--rerank-users", "12").stdout.decode()
        self.assertNotIn("titles", plain)
        titles = re.search(r"titles +(\d+) of 12 users to choose their weight: (\d+) tokens", plan)
        self.assertTrue(titles, plan)
        self.assertGreater(int(titles[2]), int(titles[1]))
        memory = [float(re.search(r"memory +about ([0-9.]+) MiB", text)[1]) for text in (plain, plan)]
        self.assertGreater(memory[1], memory[0] + 1)
        run = self.run_program("recommend", *loans, "--rerank", model, "--rerank-users", "12", "-o", "out.jsonl",
                               "--progress", "json")
        stages = [json.loads(line) for line in run.stderr.splitlines() if line.startswith("{")]
        self.assertGreater(max(stage["tokens_total"] for stage in stages), 1000)  # titles are counted in tokens
        self.assertEqual(stages[-1]["rows_done"], 40)  # users

    def test_evaluate_agrees_with_the_definition(self):
        run = self.run_loans("--evaluate", "--negatives", "12", "--draws", "5", "-k", "4")
        self.assertEqual(self.names(), ["books.csv", "loans.csv"])
        shown = {line[:14].strip(): [float(x) for x in line[14:].split()]
                 for line in run.stdout.decode().splitlines() if line[14:].strip().startswith("0.")}
        reference = Reference(read_csv(self.path("loans.csv")))
        for name, score, slack in [("popularity", reference.popularity(), 0.0),
                                   # Sums of single precision may tie where those of Python do not.
                                   ("item-kNN", reference.neighbours(), 0.03)]:
            expected = reference.figures(score, k=4, negatives=12, draws=5)
            hit_rate, ndcg, full, _ = shown[name]
            for was, wanted in zip((hit_rate, ndcg, full), expected):
                self.assertLessEqual(abs(was - wanted), slack + 5.1e-5, name)
        self.assertGreater(shown["rowmill"][0], shown["popularity"][0] + 0.1)

    def test_evaluation_stands_in_the_report(self):
        self.run_loans("--evaluate", "--draws", "2", "-o", "out.jsonl", "--units", "1")
        one = read_report(self.path("out.jsonl"))["recommend"]["evaluation"]
        self.run_loans("--evaluate", "--draws", "2", "-o", "out.jsonl", "--units", "3", "--overwrite")
        self.assertEqual(one, read_report(self.path("out.jsonl"))["recommend"]["evaluation"])
        self.assertEqual([model["model"] for model in one["models"]],
                         ["popularity", "item-kNN", "PureSVD-64", "implicit ALS", "EASE", "rowmill"])

    def test_a_signal_leaves_nothing_behind(self):
        ratings, _ = made_ratings("--users", "3000", "--items", "2000", "--ratings", "60000")
        self.write("many.csv", ratings)
        running = self.start("recommend", "many.csv", "--user", "reader", "--item", "book", "-o", "out.jsonl")
        try:
            running.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGTERM)
        running.communicate(timeout=120)
        self.assertIn(running.returncode, (OK, STOPPED))
        if running.returncode == STOPPED:
            self.assertEqual(self.names(), ["books.csv", "loans.csv", "many.csv"])


if __name__ == "__main__":
    unittest.main()
