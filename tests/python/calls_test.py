"""Calls as people make them: options, errors, files, progress, Ctrl-C, threads and processes."""

import concurrent.futures
import inspect
import io
import multiprocessing
import os
import pathlib
import pickle
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import types
import unittest
from unittest import mock

import package
import program
import pyarrow
import rowmill

ROWS = program.review_rows(30)


def sentiment_in_child(model):
    return model.sentiment(ROWS, text="review", progress=False).to_arrow()["label"].to_pylist()


class OptionsTest(package.PackageTest):
    def test_each_kind_of_option(self):
        self.write_jsonl("in.jsonl", ROWS)
        result = self.model.classify(ROWS, text="review", labels=["good", "bad"], probabilities=True,
                                     label_norm="tokens", dedupe=False, units=1, log_probs=False)
        expected = self.by_program("classify", "in.jsonl", "--text", "review", "--labels", "good,bad",
                                   "--probabilities", "--label-norm", "tokens")
        self.assert_same_answers(result, expected, ["probability_good", "probability_bad", "label"])
        self.assertEqual(result.run["execution"]["dedupe"], "off")
        self.assertEqual(result.run["units"], 1)

        result = self.model.generate(ROWS, prompt="-{{review}}", max_tokens=6, stop=["a b", "-"],
                                     temperature=0.7, samples=2, seed=3)
        expected = self.by_program("generate", "in.jsonl", "--prompt=-{{review}}", "--max-tokens", 6,
                                   "--stop", "a b", "--stop=-", "--temperature", 0.7, "--samples", 2,
                                   "--seed", 3)
        self.assert_same_answers(result, expected, ["text", "text_2", "status"])

    def test_errors_are_the_programs(self):
        self.write_jsonl("in.jsonl", ROWS)
        for task, options, flags in (
                ("sentiment", {"tekst": "review"}, ["--tekst=review"]),
                ("sentiment", {"text": "revew"}, ["--text", "revew"]),
                ("sentiment", {"units": "many"}, ["--units", "many"]),
                ("sentiment", {"units": -1}, ["--units=-1"]),
                ("classify", {"text": "review"}, ["--text", "review"]),
                ("generate", {"prompt": "{{review}}", "max_tokens": "x"},
                 ["--prompt", "{{review}}", "--max-tokens", "x"])):
            with self.assertRaises(rowmill.UsageError) as raised:
                self.model.map(task, ROWS, **options)
            run = self.run_job(task, "in.jsonl", *flags, expect=program.USAGE)
            self.assertIn(f"rowmill: {raised.exception}\n", run.stderr)
            self.assertEqual(raised.exception.exit_code, program.USAGE)
            self.assertIsInstance(raised.exception, ValueError)
        with self.assertRaisesRegex(rowmill.UsageError, "did you mean 'sentiment'"):
            self.model.map("sentimnt", ROWS)
        with self.assertRaises(rowmill.ModelError):
            rowmill.Model(self.path(self.write("broken.gguf", b"GGUF" + bytes(40)))).sentiment(ROWS)
        with self.assertRaises(rowmill.Error):
            rowmill.Model("there-is-no-such-model").sentiment(ROWS)

    def test_what_needs_pyarrow_says_so(self):
        with (mock.patch.dict(sys.modules, {"pyarrow": None}),
              self.assertRaisesRegex(ImportError, "pip install pyarrow")):
            self.model.sentiment(["fine"])

    def test_a_value_with_a_comma_is_not_two(self):
        with self.assertRaisesRegex(rowmill.UsageError, "'a,b' has a comma"):
            self.model.classify(ROWS, text="review", labels=["a,b", "c"])

    def test_options_of_the_model_hold_for_every_call(self):
        model = rowmill.Model(program.tiny_model(), text="review", units=1)
        self.assertEqual(model.sentiment(ROWS).run["units"], 1)
        self.assertEqual(model.sentiment(ROWS, units=2).run["units"], 2)

    def test_methods_are_made_of_the_programs_commands(self):
        text = self.run_program("classify", "-h").stdout.decode()
        parameters = inspect.signature(rowmill.Model.classify).parameters
        for name in ("labels", "probabilities", "max_rows", "numerics"):
            self.assertIn("--" + name.replace("_", "-"), text)
            self.assertIn(name, parameters)
            self.assertIn(f"    {name}", rowmill.Model.classify.__doc__)
        plan = self.run_program("plan", "-h").stdout.decode()
        for task in ("sentiment", "classify", "generate", "embed", "similar", "answer", "translate",
                     "recognize", "transcribe", "recommend"):
            self.assertIn(task, plan)
            self.assertTrue(callable(getattr(rowmill.Model, task)))
        others = inspect.signature(rowmill.Model.similar).parameters["others"]
        self.assertIs(others.default, inspect.Parameter.empty)


class FilesTest(package.PackageTest):
    def test_paths_run_as_the_program_does(self):
        self.write_csv("in.csv", ROWS)
        output = pathlib.Path(self.path("out.csv"))
        result = self.model.sentiment(self.path("in.csv"), text="review", output=output)
        self.run_job("sentiment", "in.csv", "--text", "review", "-o", "by-program.csv")
        self.assertEqual(output.read_bytes(), self.read("by-program.csv"))
        self.assertEqual(result.run["task"], "sentiment")
        self.assertEqual(len(result), len(ROWS))
        with self.assertRaises(rowmill.UsageError):
            result.to_arrow()
        # The same call again finds that nothing is left to do.
        again = self.model.sentiment(self.path("in.csv"), text="review", output=output)
        self.assertEqual(again.run, result.run)

    def test_a_file_in_and_a_table_out(self):
        self.write_csv("in.csv", ROWS)
        result = self.model.sentiment(self.path("in.csv"), text="review")
        expected = self.by_program("sentiment", "in.csv", "--text", "review")
        self.assert_same_answers(result, expected, ["id", "review", *package.OURS])

    def test_a_table_in_and_a_file_out(self):
        self.write_jsonl("in.jsonl", ROWS)
        self.model.sentiment(ROWS, text="review", output=self.path("out.jsonl"))
        self.assertEqual(program.read_jsonl(self.path("out.jsonl")),
                         self.by_program("sentiment", "in.jsonl", "--text", "review"))

    def test_damaged_input_keeps_the_rows_before_it(self):
        self.write("in.csv", "review\nfine\n\"never closed")
        with self.assertRaises(rowmill.DataError) as raised:
            self.model.sentiment(self.path("in.csv"), text="review")
        self.assertEqual(raised.exception.result.to_arrow()["review"].to_pylist(), ["fine"])

    def test_too_many_errors(self):
        with self.assertRaises(rowmill.TooManyErrors) as raised:
            self.model.sentiment(["", "", "fine"], max_errors=1)
        self.assertEqual(raised.exception.exit_code, program.TOO_MANY_ERRORS)
        self.assertEqual(raised.exception.result.to_arrow()["status"].to_pylist()[:2], ["invalid"] * 2)


class RunTest(package.PackageTest):
    def test_measures_report_and_plot(self):
        import matplotlib

        matplotlib.use("agg")
        result = self.model.sentiment(ROWS, text="review", gold="sentiment")
        right = sum(row["label"] == row["sentiment"] for row in result.to_arrow().to_pylist())
        self.assertEqual(result.measures["correct"], right)
        self.assertAlmostEqual(result.measures["accuracy"], right / len(ROWS))
        self.assertGreater(result.measures["rows_per_second"], 0)
        self.assertIn(f"rows          {len(ROWS)}", result.summary)
        result.report(self.path("page.html"))
        page = self.read("page.html").decode()
        self.assertIn("sentiment", page)
        self.assertIn(ROWS[0]["review"][:20], page)
        axes = result.plot()
        self.assertEqual(len(axes), 2)
        axes[0].figure.savefig(self.path("plot.png"))
        self.assertIn("30 rows", repr(result))

    def test_a_model_is_loaded_once(self):
        model = rowmill.Model(program.tiny_model())
        first = model.sentiment(ROWS, text="review")
        second = model.sentiment(ROWS, text="review")
        self.assertEqual(len(model._kept), 1)
        self.assertLess(second.run["measures"]["stages"]["load"],
                        first.run["measures"]["stages"]["load"])
        with model:
            pass
        self.assertEqual(len(model._kept), 0)

    def test_plan(self):
        text = self.model.plan("sentiment", ROWS, text="review")
        self.assertRegex(text, r"^rows +30\n")

    def test_progress(self):
        seen = []
        self.model.sentiment(ROWS, text="review", progress=lambda *at: seen.append(at))
        stage, rows_done, rows, _, tokens, _ = seen[-1]
        self.assertEqual((stage, rows_done), ("run", rows))
        self.assertGreater(tokens, 0)

    def test_an_exception_in_a_callback_ends_the_run(self):
        def fail(*_):
            raise LookupError("of my own")

        with self.assertRaisesRegex(LookupError, "of my own"):
            self.model.sentiment(ROWS, text="review", progress=fail)
        self.assertEqual(len(self.model.sentiment(ROWS, text="review")), len(ROWS))

    def test_progress_in_a_terminal_and_in_a_notebook(self):
        class Terminal(io.StringIO):
            def isatty(self):
                return True

        for progress, stream, is_notebook, is_shown in (
                ("auto", Terminal(), False, True), ("auto", io.StringIO(), True, True),
                ("auto", io.StringIO(), False, False), (True, io.StringIO(), False, True),
                (False, Terminal(), True, False)):
            shell = type("ZMQInteractiveShell" if is_notebook else "Shell", (), {})()
            ipython = types.SimpleNamespace(get_ipython=lambda shell=shell: shell)
            with (mock.patch.object(sys, "stderr", stream),
                  mock.patch.dict(sys.modules, {"IPython": ipython})):
                self.model.sentiment(ROWS, text="review", progress=progress)
            text = stream.getvalue()
            self.assertEqual("rows/s" in text, is_shown, text)
            if is_shown:
                self.assertIn(f"[{'=' * 28}] ", text)
                # Nothing is left of the line at the end.
                self.assertEqual(text.rstrip("\r").rsplit("\r", 1)[1].strip(), "")

    def test_python_runs_while_the_engine_works(self):
        done = threading.Event()
        ticks = []

        def tick():
            while not done.wait(0.001):
                ticks.append(time.monotonic())

        other = threading.Thread(target=tick)
        other.start()
        begin = time.monotonic()
        self.model.generate(ROWS, prompt="{{review}}", max_tokens=60, ignore_eos=True, progress=False)
        end = time.monotonic()
        done.set()
        other.join()
        middle = [at for at in ticks if begin + (end - begin) / 4 < at < end - (end - begin) / 4]
        self.assertGreater(len(middle), 3)

    def test_threads_share_a_model(self):
        want = sentiment_in_child(self.model)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for got in pool.map(sentiment_in_child, [self.model] * 8):
                self.assertEqual(got, want)

    def test_processes(self):
        want = sentiment_in_child(self.model)
        copy = pickle.loads(pickle.dumps(self.model))
        self.assertEqual(sentiment_in_child(copy), want)
        for method in ("fork", "spawn"):
            with multiprocessing.get_context(method).Pool(2) as pool:
                for got in pool.map(sentiment_in_child, [self.model] * 3):
                    self.assertEqual(got, want, method)

    def interrupt(self, output):
        """A process that is interrupted while its job runs; returns what it printed."""
        script = textwrap.dedent("""
            import os, signal, sys
            import rowmill
            rows = ["row %d of many, each a little different from the last" % i for i in range(4000)]
            def interrupt(stage, rows_done, *_):
                if stage == "run" and rows_done > 50:
                    os.kill(os.getpid(), signal.SIGINT)
            # Who is started in the background of a script inherits that interrupts are ignored.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            model = rowmill.Model(sys.argv[1])
            model.sentiment(rows[:3])
            threads = len(os.listdir("/proc/self/task"))
            try:
                model.generate(rows, prompt="{{text}}", max_tokens=40, output=sys.argv[2] or None,
                               ignore_eos=True, progress=interrupt)
            except KeyboardInterrupt:
                print("interrupted", len(os.listdir("/proc/self/task")) - threads)
            print(len(model.sentiment(rows[:3])))
        """)
        environment = dict(os.environ, TMPDIR=self.path("tmp"))
        os.makedirs(self.path("tmp"), exist_ok=True)
        run = subprocess.run([sys.executable, "-c", script, program.tiny_model(), output],
                             env=environment, capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual(run.stderr, "")
        self.assertEqual(os.listdir(self.path("tmp")), [])
        return run.stdout

    def test_interrupts_leave_nothing_behind(self):
        self.assertEqual(self.interrupt(""), "interrupted 0\n3\n")
        self.assertEqual(self.names(), ["tmp"])

    def test_an_interrupted_file_is_resumed(self):
        output = self.path("out.jsonl")
        self.assertEqual(self.interrupt(output), "interrupted 0\n3\n")
        self.assertEqual(self.names(), ["out.jsonl.rowmill", "tmp"])
        rows = [f"row {i} of many, each a little different from the last" for i in range(4000)]
        result = self.model.generate(rows, prompt="{{text}}", max_tokens=40, output=output,
                                     ignore_eos=True)
        self.assertGreater(result.run["rows"]["resumed"], 50)
        self.assertEqual(len(program.read_jsonl(output)), 4000)


if __name__ == "__main__":
    unittest.main()
