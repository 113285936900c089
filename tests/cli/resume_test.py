"""Exactly once: whatever stops a job, the same command goes on, and the finished file is the one
that an uninterrupted run would have written."""

import os
import random
import signal
import subprocess
import time
import unittest

import program
from program import OK, RESOURCE, STOPPED, USAGE, ProgramTest, read_report

NUM_KILLS = 50
SEED = 20240229


class ResumeTest(ProgramTest):
    """A job of about a second: long answers by a tiny model."""

    def setUp(self):
        super().setUp()
        self.model = program.tiny_model()
        rows = [{"text": f"row {i * 7919 % 1000} " + "of words " * (i % 9)} for i in range(400)]
        rows[77]["text"] = ""
        self.write_jsonl("in.jsonl", rows)
        self.job = self.job_of(max_tokens=40)

    def job_of(self, max_tokens):
        return ["generate", "in.jsonl", "--prompt", "Say more of {{text}}", "--temperature", "0.8",
                "--max-tokens", str(max_tokens), "-m", self.model, "--progress", "none"]

    def run_to_the_end(self, output, *options, **more):
        started = time.monotonic()
        run = self.run_program(*self.job, "-o", output, *options, **more)
        return time.monotonic() - started, run

    def leftovers(self, output):
        wanted = {output, f"{output}.run.json"}
        return [name for name in self.names() if name.startswith(output) and name not in wanted]

    def is_finished(self, output):
        return output in self.names() and self.leftovers(output) == []

    def stop_after(self, seconds, output, signals, *options):
        """Starts the job, sends the signals after a while, and gives the exit code."""
        process = self.start(*self.job, "-o", output, *options)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            for number in signals:
                process.send_signal(number)
        message = process.communicate(timeout=60)[1].decode()
        return process.returncode, message


class KillTest(ResumeTest):
    def test_kill_at_random_moments(self):
        duration, _ = self.run_to_the_end("whole.jsonl")
        wanted = self.read("whole.jsonl")
        rng = random.Random(SEED)
        in_flight = 2 * 128  # units times --max-rows
        kills, redone = 0, []
        while kills < NUM_KILLS:
            output = f"killed-{len(redone)}.jsonl"
            before = kills
            # The same job is killed up to four times and then left alone.
            while kills - before < 4:
                code, message = self.stop_after(rng.uniform(0, duration), output,
                                                [signal.SIGKILL], "--units", "2")
                if code == OK:
                    break
                self.assertEqual(code, -signal.SIGKILL, message)
                kills += 1
                if self.is_finished(output):  # killed between its last step and its exit
                    break
                if output in self.names():
                    self.assertEqual(self.read(output), wanted, "half an output")
            if not self.is_finished(output):
                options = rng.choice([["--units", "1"], ["--units", "3", "--split", "equal"],
                                      ["--batch-tokens", "31"], ["--isa", "scalar"]])
                self.run_to_the_end(output, *options)
            self.assertEqual(self.read(output), wanted)
            self.assertEqual(self.leftovers(output), [])
            rows = read_report(self.path(output))["rows"]
            redone.append(rows["interrupted"])
            self.assertLessEqual(rows["interrupted"], in_flight * max(1, kills - before))
            # All rows but the empty one, which costs nothing and may be in either.
            self.assertIn(rows["resumed"] + rows["computed"] + rows["duplicates"], [399, 400])
        print(f"\n  {kills} kills in {len(redone)} jobs of {duration:.1f} s; rows begun and done "
              f"again: {redone}")


class SignalTest(ResumeTest):
    def setUp(self):
        super().setUp()
        self.job = self.job_of(max_tokens=200)

    def stop_while_running(self, output, signals, *options):
        """Signals the job once its journal has grown."""
        journal = self.folder / f"{output}.rowmill" / "journal"
        process = self.start(*self.job, "-o", output, *options)
        deadline = time.monotonic() + 30
        while not (journal.exists() and journal.stat().st_size > 4096):
            self.assertIsNone(process.poll(), "ended before it could be stopped")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.005)
        started = time.monotonic()
        for number in signals:
            process.send_signal(number)
        message = process.communicate(timeout=60)[1].decode()
        return process.returncode, message, time.monotonic() - started

    def test_one_signal_stops_in_order_and_says_how_to_go_on(self):
        self.run_to_the_end("whole.jsonl")
        for number in [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]:
            with self.subTest(signal=number):
                output = f"{number}.jsonl"
                code, message, seconds = self.stop_while_running(output, [number])
                self.assertEqual(code, STOPPED, message)
                self.assertLess(seconds, 5)
                self.assertIn("same command again", message)
                self.assertNotIn(output, self.names())
                _, run = self.run_to_the_end(output)
                self.assertIn("resum", run.stderr)
                self.assertEqual(self.read(output), self.read("whole.jsonl"))
                self.assertGreater(read_report(self.path(output))["rows"]["resumed"], 0)
                self.assertEqual(self.leftovers(output), [])

    def test_two_signals_stop_at_once(self):
        code, _, seconds = self.stop_while_running("out.jsonl", [signal.SIGINT, signal.SIGTERM])
        self.assertEqual(code, STOPPED)
        self.assertLess(seconds, 2)
        self.run_to_the_end("out.jsonl")
        self.assertEqual(read_report(self.path("out.jsonl"))["rows"]["total"], 400)

    def test_a_changed_job_is_refused_with_the_difference_named(self):
        other_model = program.tiny_model("--seed", "2")
        self.stop_while_running("out.jsonl", [signal.SIGINT])
        kept = self.read("out.jsonl.rowmill/journal")
        job = [*self.job, "-o", "out.jsonl"]
        for change, words in [
                (["--prompt", "Say less of {{text}}"],
                 'prompt: was "Say more of {{text}}", is "Say less of {{text}}"'),
                (["--max-tokens", "199"], 'max_tokens: was "200", is "199"'),
                (["--temperature", "0.7"], 'temperature: was "0.8", is "0.7"'),
                (["--seed", "1"], 'seed: was "0", is "1"'),
                (["-m", other_model], "model: was"), (["--limit", "3"], "limit: was not there"),
                (["--numerics", "f32"], "numerics: was"), (["--shard", "0/2"], "shard: was"),
                (["--stop", "x"], "stop: was not there"), (["--clean", "all"], "clean: was")]:
            with self.subTest(change=change):
                arguments = list(job)
                if change[0] in job:
                    arguments[job.index(change[0]) + 1] = change[1]
                else:
                    arguments += change
                run = self.run_program(*arguments, expect=USAGE)
                self.assertIn(words, run.stderr)
                self.assertIn("--force-new", run.stderr)
                self.assertEqual(self.read("out.jsonl.rowmill/journal"), kept)
        self.change_input_and_start_over(job)

    def change_input_and_start_over(self, job):
        lines = self.read("in.jsonl").splitlines(keepends=True)
        self.write("in.jsonl", b"".join(lines[:-1]))
        run = self.run_program(*job, expect=USAGE)
        self.assertIn("input.size: was", run.stderr)
        self.run_program(*job, "--force-new")
        report = read_report(self.path("out.jsonl"))["rows"]
        self.assertEqual((report["total"], report["resumed"]), (399, 0))

    def test_signals_while_the_program_starts(self):
        """Whatever it is doing: it ends by the signal or in order, and can go on."""
        rng = random.Random(SEED)
        for _ in range(12):
            code, message = self.stop_after(rng.uniform(0, 0.2), "out.jsonl", [signal.SIGINT])
            self.assertIn(code, [STOPPED, OK, -signal.SIGINT], message)
            if code == OK:
                break
        if code != OK:
            self.run_to_the_end("out.jsonl")
        self.assertEqual(read_report(self.path("out.jsonl"))["rows"]["total"], 400)


class OverwriteTest(ResumeTest):
    def setUp(self):
        super().setUp()
        self.write_jsonl("in.jsonl", [{"text": "a"}, {"text": "b"}])

    def test_a_finished_output_is_not_replaced_unasked(self):
        self.run_to_the_end("out.jsonl")
        first = self.read("out.jsonl")
        _, run = self.run_to_the_end("out.jsonl", "--seed", "5", expect=USAGE)
        self.assertIn("--overwrite", run.stderr)
        self.assertEqual(self.read("out.jsonl"), first)
        self.run_to_the_end("out.jsonl", "--seed", "5", "--overwrite")
        second = self.read("out.jsonl")
        self.assertNotEqual(second, first)
        self.check_that_the_same_command_has_nothing_to_do(second)

    def check_that_the_same_command_has_nothing_to_do(self, output):
        report = self.read("out.jsonl.run.json")
        _, run = self.run_to_the_end("out.jsonl", "--seed", "5", "--units", "1")
        self.assertIn("nothing was left to do", run.stderr)
        self.assertEqual(self.read("out.jsonl"), output)
        self.assertEqual(self.read("out.jsonl.run.json"), report)
        # What somebody has added to is no longer what the job wrote.
        self.write("out.jsonl", output + b"more\n")
        self.run_to_the_end("out.jsonl", "--seed", "5", expect=USAGE)
        self.write("out.jsonl", output)
        self.write("out.jsonl.run.json", b"{}")
        self.run_to_the_end("out.jsonl", "--seed", "5", expect=USAGE)
        self.assertEqual(self.names(), ["in.jsonl", "out.jsonl", "out.jsonl.run.json"])

    def test_the_input_is_never_the_output(self):
        before = self.read("in.jsonl")
        os.link(self.path("in.jsonl"), self.path("hard.jsonl"))
        os.symlink("in.jsonl", self.path("soft.jsonl"))
        for output in ["in.jsonl", "./in.jsonl", "hard.jsonl", "soft.jsonl"]:
            for options in [[], ["--overwrite"]]:
                with self.subTest(output=output, options=options):
                    _, run = self.run_to_the_end(output, *options, expect=USAGE)
                    self.assertIn("input itself", run.stderr)
                    self.assertEqual(self.read("in.jsonl"), before)
        self.assertEqual(self.names(), ["hard.jsonl", "in.jsonl", "soft.jsonl"])

    def test_an_output_that_cannot_be_a_file(self):
        os.mkdir(self.path("folder"))
        for output, words in [("folder", "a folder"), ("no/such/out.jsonl", "create it first"),
                              ("/dev/full", "not a regular file")]:
            with self.subTest(output=output):
                _, run = self.run_to_the_end(output, expect=USAGE)
                self.assertIn(words, run.stderr)

    def test_names_with_spaces_and_other_letters(self):
        for name in ["with space.jsonl", "línea\nnueva.jsonl", "-dash.jsonl", "a" * 200 + ".jsonl"]:
            with self.subTest(name=name):
                self.run_to_the_end(f"./{name}")
                self.assertIn(name, self.names())


class TwoProcessesTest(ResumeTest):
    def test_the_second_is_refused_and_the_first_goes_on(self):
        self.job = self.job_of(max_tokens=200)
        first = self.start(*self.job, "-o", "out.jsonl")
        lock = self.folder / "out.jsonl.rowmill" / "journal"
        while not lock.exists():
            self.assertIsNone(first.poll())
            time.sleep(0.005)
        run = self.run_program(*self.job, "-o", "out.jsonl",
                               expect=RESOURCE)
        self.assertIn("another Rowmill process", run.stderr)
        message = first.communicate(timeout=60)[1].decode()
        self.assertEqual(first.returncode, OK, message)


if __name__ == "__main__":
    unittest.main()
