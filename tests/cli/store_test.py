"""--store: what a job has computed once is not computed again, and the output has the bytes of a job
without one."""

import os
import shutil
import signal
import time
import unittest

import program
from program import ProgramTest, read_report


def rows(count, begin=0):
    return [{"id": i, "words": f"row {i * 7919 % 1000} " + "of words " * (i % 5)}
            for i in range(begin, begin + count)]


class StoreTest(ProgramTest):
    generate = ["generate", "--prompt", "Say more of {{words}}", "--temperature", "0.8",
                "--max-tokens", "6"]
    classify = ["classify", "--prompt", "Sort {{words}}", "--probabilities", "--log-probs"]

    def check(self, task, name, *options, labels=None):
        """Runs with the store and without one; the report of the former."""
        job = [task[0], name, *task[1:], *options, "--overwrite"]
        if labels is not None:
            job += ["--labels", labels]
        self.run_job(*job, "-o", "fresh.jsonl")
        run = self.run_job(*job, "-o", "out.jsonl", "--store", "store")
        self.assertEqual(self.read("out.jsonl"), self.read("fresh.jsonl"))
        self.stderr = run.stderr
        return read_report(self.path("out.jsonl"))

    def test_rows_added_edited_and_moved(self):
        data = rows(60) + rows(5)
        data[7]["words"] = ""
        self.write_jsonl("in.jsonl", data)
        report = self.check(self.generate, "in.jsonl")
        self.assertEqual(report["rows"]["from_store"], 0)
        self.assertEqual(report["store"]["added"], 59)
        first = report["tokens"]["computed"]
        # The same again, elsewhere and in another order, with a row edited and one added.
        moved = data[::-1]
        moved[3]["words"] = "an edited row"
        self.write_jsonl("moved.jsonl", moved + rows(1, 100))
        report = self.check(self.generate, "moved.jsonl", "--units", "1")
        self.assertEqual(report["rows"]["from_store"], 63)
        self.assertEqual(report["rows"]["computed"], 2)
        self.assertEqual(report["store"]["added"], 2)
        self.assertLess(report["tokens"]["computed"], first / 8)
        self.assertIn("63 rows answered from it, 2 answers added", self.stderr)
        # Another seed is another answer, for which nothing is there.
        report = self.check(self.generate, "in.jsonl", "--seed", "1")
        self.assertEqual(report["rows"]["from_store"], 0)
        # All is there: nothing runs, in a shard, on standard output, without finding duplicates.
        for options in [["--shard", "1/3"], ["--dedupe", "off"], ["--limit", "20"]]:
            report = self.check(self.generate, "in.jsonl", *options)
            self.assertEqual((report["rows"]["computed"], report["store"]["added"]), (0, 0))
        run = self.run_job(self.generate[0], "in.jsonl", *self.generate[1:], "--store", "store")
        self.check(self.generate, "in.jsonl")
        self.assertEqual(run.stdout, self.read("fresh.jsonl"))
        run = self.run_job("plan", self.generate[0], "in.jsonl", *self.generate[1:], "--store",
                           "store")
        self.assertRegex(run.stdout.decode() + run.stderr, r"in the store +64\n")
        # Proving computes: it would find an answer that had been changed in the store.
        run = self.run_job("verify", self.generate[0], "in.jsonl", *self.generate[1:], "-o",
                           "out.jsonl", "--store", "store", "--sample", "3")
        self.assertIn("all have the same bytes", run.stdout.decode() + run.stderr)

    def test_labels_added_and_taken_away(self):
        self.write_jsonl("in.jsonl", rows(40))
        self.check(self.classify, "in.jsonl", labels="red,green")
        report = self.check(self.classify, "in.jsonl", labels="red,a long blue,green")
        self.assertEqual(report["rows"]["computed"], 40)
        self.assertEqual(report["store"], {"added": 40, "completed": 40})
        # More rows and yet another label: some rows need all labels, some one, some none.
        self.write_jsonl("more.jsonl", rows(20, 30))
        report = self.check(self.classify, "more.jsonl", labels="green,red,a long blue")
        self.assertEqual((report["rows"]["from_store"], report["store"]["added"]), (10, 10))
        report = self.check(self.classify, "more.jsonl", labels="white,red,green")
        self.assertEqual(report["store"], {"added": 20, "completed": 20})
        report = self.check(self.classify, "in.jsonl", labels="red,green,white")
        self.assertEqual(report["rows"]["from_store"], 10)
        self.assertEqual(report["store"], {"added": 30, "completed": 30})
        for labels in ["green,white", "white,red,green"]:
            report = self.check(self.classify, "in.jsonl", "--label-norm", "prior", labels=labels)
            self.assertEqual(report["rows"]["from_store"], 40)

    def test_damage_is_noticed_and_computed_again(self):
        self.write_jsonl("in.jsonl", rows(30))
        self.check(self.generate, "in.jsonl")
        name = os.listdir(self.path("store"))[0]
        whole = self.read(f"store/{name}")
        damages = [whole[:len(whole) // 2 + 3], whole[:5],
                   *(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:]
                     for at in (3, 17, len(whole) // 3, len(whole) - 2))]
        for damaged in damages:
            shutil.rmtree(self.path("store"))
            os.mkdir(self.path("store"))
            self.write(f"store/{name}", damaged)
            report = self.check(self.generate, "in.jsonl")
            self.assertLess(report["rows"]["from_store"], 30)
            self.assertEqual(report["store"]["added"], 30 - report["rows"]["from_store"])
            self.assertIn("are damaged", self.stderr)
        report = self.check(self.generate, "in.jsonl")
        self.assertEqual(report["rows"]["from_store"], 30)

    def test_two_at_a_time_and_one_that_is_stopped(self):
        self.write_jsonl("in.jsonl", rows(120))
        job = [self.generate[0], "in.jsonl", *self.generate[1:], "-m", program.tiny_model(),
               "--progress", "none"]
        self.run_program(*job, "-o", "fresh.jsonl")
        both = [self.start(*job, "--store", "store", "-o", f"{i}.jsonl") for i in range(2)]
        for i, process in enumerate(both):
            process.communicate()
            self.assertEqual(process.returncode, 0)
            self.assertEqual(self.read(f"{i}.jsonl"), self.read("fresh.jsonl"))
        shutil.rmtree(self.path("store"))
        process = self.start(*job, "--store", "store", "-o", "stopped.jsonl", "--max-rows", "1",
                             "--units", "1")
        while process.poll() is None:
            journal = self.folder / "stopped.jsonl.rowmill" / "journal"
            if journal.exists() and journal.stat().st_size > 2000:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.001)
        process.communicate()
        self.run_program(*job, "--store", "store", "-o", "stopped.jsonl")
        self.assertEqual(self.read("stopped.jsonl"), self.read("fresh.jsonl"))
        # What the killed run had computed is in the store as well.
        self.run_program(*job, "--store", "store", "-o", "again.jsonl")
        self.assertEqual(read_report(self.path("again.jsonl"))["rows"]["computed"], 0)

    def test_a_store_that_is_no_folder(self):
        self.write_jsonl("in.jsonl", rows(5))
        self.write("file", "no folder")
        run = self.run_job(self.generate[0], "in.jsonl", *self.generate[1:], "--store",
                           "file", "-o", "x.jsonl", expect=program.IO)
        self.assertIn("file", run.stderr)


if __name__ == "__main__":
    unittest.main()
