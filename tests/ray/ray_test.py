"""Rowmill on Ray Data, on a local cluster of several nodes, each a set of processes of its own."""

import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
import package  # noqa: E402
import program  # noqa: E402

# Ray starts its workers with niceness 15: on a machine that does something else, an actor is then there after
# half a minute instead of three seconds.
os.environ.setdefault("RAY_worker_niceness", "0")

import pyarrow.dataset  # noqa: E402
import pyarrow.parquet  # noqa: E402

try:
    import ray
    from ray.cluster_utils import Cluster
except ImportError:
    ray = None

ROWS = [dict(row, key=i) for i, row in enumerate(program.review_rows())]


def setUpModule():
    if ray is None:
        raise unittest.SkipTest("ray is not installed")


def by_key(rows):
    return {row["key"]: row for row in rows}


def killing_actors(path, how_many):
    """A task that ends its own process, as often as the file has room for."""
    from rowmill.ray import Task

    class Killed(Task):
        def __call__(self, batch):
            answered = super().__call__(batch)
            with open(path, "a+b") as file:
                if file.tell() < how_many:
                    file.write(b"x")
                    file.flush()
                    os.kill(os.getpid(), signal.SIGKILL)
            return answered

    return Killed


@unittest.skipIf(ray is None, "ray is not installed")
class RayTest(package.PackageTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        import logging

        node = {"num_cpus": 2, "object_store_memory": 2**27, "include_dashboard": False}
        cls.cluster = Cluster(initialize_head=True, head_node_args=node)
        cls.cluster.add_node(num_cpus=2, object_store_memory=2**27)
        ray.init(address=cls.cluster.address, logging_level=logging.ERROR, log_to_driver=False)
        ray.data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)

    @classmethod
    def tearDownClass(cls):
        ray.shutdown()
        cls.cluster.shutdown()

    def expected(self):
        self.write_jsonl("in.jsonl", ROWS)
        return by_key(self.by_program("sentiment", "in.jsonl", "--text", "review"))

    def dataset(self):
        return ray.data.from_items(ROWS).repartition(4)

    def assert_answers(self, rows):
        rows = list(rows)
        self.assertEqual(len(rows), len(ROWS))
        self.assertEqual(by_key(rows), self.expected())

    def test_one_call(self):
        import rowmill.ray

        answers = rowmill.ray.run("sentiment", self.dataset(), model=program.tiny_model(), text="review",
                                  batch_size=100)
        self.assert_answers(answers.take_all())
        together = rowmill.ray.run("sentiment", self.dataset(), model=program.tiny_model(), text="review",
                                   batch_size=100, keep_together="sentiment")
        self.assert_answers(together.take_all())

    def test_the_callable_class(self):
        from rowmill.ray import Task

        answers = self.dataset().map_batches(
            Task, fn_constructor_kwargs={"task": "sentiment", "model": program.tiny_model(), "text": "review"},
            batch_format="pyarrow", batch_size=64, compute=ray.data.ActorPoolStrategy(size=2), num_cpus=1)
        self.assert_answers(answers.take_all())

    def test_a_processor(self):
        from rowmill.ray import ProcessorConfig, build_processor

        config = ProcessorConfig("sentiment", program.tiny_model(), {"text": "text"}, batch_size=100,
                                 concurrency=(1, 2), num_cpus=1)
        processor = build_processor(config, preprocess=lambda row: {"key": row["key"], "text": row["review"]},
                                    postprocess=lambda row: {"key": row["key"], "label": row["label"]})
        got = {row["key"]: row["label"] for row in processor(self.dataset()).take_all()}
        self.assertEqual(got, {key: row["label"] for key, row in self.expected().items()})

    def test_killed_actors(self):
        answers = self.dataset().map_batches(
            killing_actors(self.path("killed"), 3),
            fn_constructor_kwargs={"task": "sentiment", "model": program.tiny_model(), "text": "review"},
            batch_format="pyarrow", batch_size=64, compute=ray.data.ActorPoolStrategy(size=2), num_cpus=1)
        self.assert_answers(answers.take_all())
        self.assertEqual(self.read("killed"), b"xxx")

    def test_actors_of_a_node_share_the_packed_weights(self):
        model = program.real_model() or program.tiny_model()

        @ray.remote(num_cpus=1)
        class Actor:
            """What rowmill.ray.Task runs, and what its process has in memory then."""

            def __init__(self, packed_cache):
                from rowmill.ray import Task
                self._task = Task("sentiment", model, text="review", units=1, packed_cache=packed_cache)

            def run(self, table):
                self._task(table)
                with open("/proc/self/status", encoding="ascii") as file:
                    status = dict(line.split(":", 1) for line in file)
                with open("/proc/self/maps", encoding="utf-8") as file:
                    maps = {line.split(None, 5)[5].strip() for line in file if "/packed/" in line}
                return int(status["RssAnon"].split()[0]) / 1024, maps

        table = pyarrow.Table.from_pylist(ROWS[:20])
        here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            ray.get_runtime_context().get_node_id(), soft=False)
        figures = {}
        for choice in ("on", "off"):
            actors = [Actor.options(scheduling_strategy=here).remote(choice) for _ in range(2)]
            # One after the other: the first writes the cache, and both map it.
            figures[choice] = [ray.get(actor.run.remote(table)) for actor in actors]
            if choice == "on":
                figures[choice] = ray.get([actor.run.remote(table) for actor in actors])
            for actor in actors:
                ray.kill(actor)
        print("RssAnon in MiB of two actors:",
              {choice: [round(mib) for mib, _ in both] for choice, both in figures.items()}, file=sys.stderr)
        (shared_mib, shared), (_, shared_too) = figures["on"]
        (private_mib, private), _ = figures["off"]
        self.assertEqual(private, set())
        self.assertEqual(len(shared), 1)
        self.assertEqual(shared, shared_too)
        if program.real_model():
            packed_mib = os.path.getsize(*shared) / 2**20
            self.assertLess(shared_mib, private_mib - packed_mib / 2)

    def test_a_wrong_option_is_told(self):
        import rowmill.ray

        answers = rowmill.ray.run("sentiment", self.dataset(), model=program.tiny_model(), text="revew")
        with self.assertRaisesRegex(Exception, "did you mean 'review'"):
            answers.take_all()

    def test_a_killed_driver_goes_on_by_ids(self):
        """Ray's checkpoints: what was written is not computed again."""
        os.mkdir(self.path("in"))
        for i in range(0, len(ROWS), 15):
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(ROWS[i:i + 15]), self.path(f"in/{i:03}.parquet"))
        script = textwrap.dedent("""
            import logging, os, signal, sys, threading, time
            import ray
            from ray.data.checkpoint import CheckpointConfig
            import rowmill.ray
            address, folder, model, kill = sys.argv[1:]
            ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False)
            context = ray.data.DataContext.get_current()
            context.enable_progress_bars = False
            context.use_datasource_v2 = False  # which reads files as small as these into one block
            context.checkpoint_config = CheckpointConfig(
                id_column="key", checkpoint_path=folder + "/checkpoint", delete_checkpoint_on_success=False)
            def watch():
                while not (os.path.isdir(folder + "/out") and len(os.listdir(folder + "/out")) >= 3):
                    time.sleep(0.01)
                os.kill(os.getpid(), signal.SIGKILL)
            if kill == "kill":
                threading.Thread(target=watch, daemon=True).start()
            data = ray.data.read_parquet(folder + "/in", override_num_blocks=len(os.listdir(folder + "/in")))
            answers = rowmill.ray.run("generate", data, model=model, prompt="{{review}}", max_tokens=30,
                                      ignore_eos=True, batch_size=15, concurrency=1, num_cpus=1)
            answers.write_parquet(folder + "/out", mode="append")
        """)

        def drive(kill):
            return subprocess.run(
                [sys.executable, "-c", script, self.cluster.address, str(self.folder), program.tiny_model(),
                 kill], capture_output=True, text=True, check=False, timeout=200)

        killed = drive("kill")
        self.assertEqual(killed.returncode, -signal.SIGKILL, killed.stderr)
        files = set(os.listdir(self.path("out")))
        before = pyarrow.dataset.dataset(self.path("out")).count_rows()
        self.assertLess(before, len(ROWS))
        finished = drive("run")
        self.assertEqual(finished.returncode, 0, finished.stderr)
        self.assertGreater(len(files & set(os.listdir(self.path("out")))), 1)
        rows = pyarrow.dataset.dataset(self.path("out")).to_table().to_pylist()
        self.assertEqual(sorted(row["key"] for row in rows), list(range(len(ROWS))))
        self.write_jsonl("in.jsonl", ROWS)
        expected = by_key(self.by_program("generate", "in.jsonl", "--prompt", "{{review}}", "--max-tokens",
                                          30, "--ignore-eos"))
        self.assertEqual({key: row["text"] for key, row in by_key(rows).items()},
                         {key: row["text"] for key, row in expected.items()})


if __name__ == "__main__":
    unittest.main()
