"""Work once: shards and their merge, --only failed, verify."""


import program
from program import DATA, USAGE, ProgramTest, read_csv, read_report, review_rows


class MergeTest(ProgramTest):
    def shards(self, count, suffix, *arguments, rows=23):
        self.write_csv("in.csv", review_rows(rows))
        for index in range(count):
            self.run_job("sentiment", "in.csv", "--text", "review", "-o", f"s-{{shard}}{suffix}",
                         "--shard", f"{index}/{count}", *arguments)
        return [f"s-{index}-of-{count}{suffix}" for index in range(count)]

    def test_the_merged_output_is_the_undivided_one(self):
        for suffix in [".jsonl", ".csv", ".csv.gz", ".txt"]:
            with self.subTest(suffix=suffix):
                names = self.shards(3, suffix, "--overwrite")
                self.run_job("sentiment", "in.csv", "--text", "review", "-o", f"whole{suffix}")
                self.run_program("merge", *reversed(names), "-o", f"merged{suffix}")
                self.assertEqual(self.read(f"merged{suffix}"), self.read(f"whole{suffix}"))
                merged = read_report(self.path(f"merged{suffix}"))
                self.assertEqual(merged["rows"]["total"], 23)
                self.assertEqual(merged["shards"], names)

    def test_more_shards_than_rows(self):
        names = self.shards(4, ".csv", rows=2)
        self.run_program("merge", *names, "-o", "merged.csv")
        self.assertEqual(len(read_csv(self.path("merged.csv"))), 2)

    def test_what_does_not_belong_together(self):
        names = self.shards(3, ".csv")
        run = self.run_program("merge", *names[:2], "-o", "m.csv", expect=USAGE)
        self.assertIn("missing: 2/3", run.stderr)
        run = self.run_program("merge", *names, names[1], "-o", "m.csv", expect=USAGE)
        self.assertIn("both shard 1/3", run.stderr)
        self.run_job("sentiment", "in.csv", "--text", "review", "-o", "other.csv", "--shard",
                     "2/3", "--labels", "a,b")
        run = self.run_program("merge", *names[:2], "other.csv", "-o", "m.csv", expect=USAGE)
        self.assertIn("no shards of one job", run.stderr)
        with open(self.path(names[1]), "a", encoding="utf-8") as file:
            file.write("x")
        run = self.run_program("merge", *names, "-o", "m.csv", expect=USAGE)
        self.assertIn("has been changed", run.stderr)
        self.run_program("merge", "in.csv", "-o", "m.csv", expect=USAGE)
        self.assertFalse([name for name in self.names() if name.startswith("m.csv")])

    def test_the_shard_of_a_cluster(self):
        self.write_csv("in.csv", review_rows(7))
        for environment, shard in [
                ({"SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_MIN": "4",
                  "SLURM_ARRAY_TASK_COUNT": "2"}, "1/2"),
                ({"SLURM_PROCID": "2", "SLURM_NTASKS": "3"}, "2/3"),
                ({"JOB_COMPLETION_INDEX": "0", "JOB_COMPLETIONS": "2"}, "0/2")]:
            name = f"s-{shard.replace('/', '-of-')}.csv"
            self.run_job("sentiment", "in.csv", "--text", "review", "-o", "s-{shard}.csv",
                         "--shard", "auto", env=environment)
            self.assertEqual(read_report(self.path(name))["execution"]["shard"], shard)
        for environment, words in [({}, "none of them is set"),
                                   ({"JOB_COMPLETION_INDEX": "0"}, "JOB_COMPLETIONS is not there"),
                                   ({"SLURM_PROCID": "3", "SLURM_NTASKS": "3"}, "without gaps")]:
            run = self.run_job("sentiment", "in.csv", "--text", "review", "-o", "x.csv", "--shard",
                               "auto", env=environment, expect=USAGE)
            self.assertIn(words, run.stderr)


class OnlyFailedTest(ProgramTest):
    def test_only_failed_rows_are_run_and_the_others_keep_their_bytes(self):
        for suffix in [".jsonl", ".csv", ".csv.gz"]:
            with self.subTest(suffix=suffix):
                rows = review_rows(12)
                rows[4]["review"] = "long words " * 200
                rows[11]["review"] = "many words " * 200
                rows[7]["review"] = ""
                self.write_csv("in.csv", rows)
                job = ["sentiment", "in.csv", "--prompt", "{{review}}", "--raw-prompt", "--max-context",
                       "200"]
                output = f"out{suffix}"
                self.run_job(*job, "-o", output)
                before = read_report(self.path(output))["rows"]
                self.assertEqual((before["error"], before["invalid"]), (2, 1))
                run = self.run_job(*job, "-o", output, "--only", "failed", "--overflow", "tail")
                self.assertIn("rows          3\n", run.stderr)
                after = read_report(self.path(output))
                self.assertEqual([after["rows"][name] for name in
                                  ["total", "ok", "truncated", "invalid", "error"]],
                                 [12, 9, 2, 1, 0])
                self.assertEqual(after["only_failed"]["rows"], 3)
                # All rows with these options, of which those that had not failed are the same.
                self.run_job(*job, "-o", f"all{suffix}", "--overflow", "tail")
                self.assertEqual(self.read(output), self.read(f"all{suffix}"))

    def test_where_nothing_failed_nothing_is_done(self):
        self.write_csv("in.csv", review_rows(3))
        job = ["sentiment", "in.csv", "--text", "review", "-o", "out.csv"]
        self.run_job(*job)
        before = self.read("out.csv")
        run = self.run_job(*job, "--only", "failed")
        self.assertIn("nothing was left to do", run.stderr)
        self.assertEqual(self.read("out.csv"), before)

    def test_refusals(self):
        self.write_csv("in.csv", review_rows(3))
        job = ["sentiment", "in.csv", "--text", "review"]
        self.run_job(*job, "-o", "none.csv", "--only", "failed", expect=USAGE)
        self.run_job(*job, "-o", "none.csv", "--only", "good", expect=USAGE)
        self.run_job(*job, "-o", "out.txt")
        run = self.run_job(*job, "-o", "out.txt", "--only", "failed", expect=USAGE)
        self.assertIn("no column 'status'", run.stderr)


class VerifyTest(ProgramTest):
    def verify(self, *arguments, **options):
        return self.run_job("verify", "sentiment", "in.csv", "--text", "review", "-o", "out.csv",
                            *arguments, **options)

    def setUp(self):
        super().setUp()
        rows = review_rows(30)
        rows[9]["review"] = ""
        self.write_csv("in.csv", rows)
        self.run_job("sentiment", "in.csv", "--text", "review", "-o", "out.csv", "--units", "2")

    def test_equal_bytes_are_proven(self):
        before = self.read("out.csv")
        for sample in ["1", "10", "1000"]:
            run = self.verify("--sample", sample, "--units", "1", "--isa", "scalar")
            self.assertIn(f"{min(int(sample), 30)} of 30 rows", run.stdout.decode())
        self.assertEqual(self.read("out.csv"), before)

    def test_a_row_that_somebody_changed_is_found(self):
        rows = read_csv(self.path("out.csv"))
        rows[17]["probability"] = "0.5"
        self.write_csv("out.csv", rows)
        run = self.verify("--sample", "1000", expect=DATA)
        self.assertIn("1 of 30 rows that were computed once more have other bytes: 17",
                      run.stdout.decode())

    def test_other_options_give_other_bytes(self):
        self.verify("--sample", "30", "--labels", "bad,good", expect=DATA)

    def test_what_cannot_be_verified(self):
        self.run_job("verify", "sentiment", "in.csv", "--text", "review", "-o", "none.csv",
                     expect=USAGE)
        self.run_job("verify", "sentiment", "-", "--format", "csv", "--text", "review", "-o",
                     "out.csv", expect=USAGE)
