"""The recipes of examples/cluster as a cluster runs them: its variables set, tasks killed and repeated."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import unittest

import program

RECIPES = program.PROJECT / "examples" / "cluster"
SHARDS = 8

class RecipeTest(program.ProgramTest):
    """Rows, what one job makes of them, and a `rowmill` on the PATH with a tiny model."""

    def setUp(self):
        super().setUp()
        rows = program.review_rows(60)
        self.write_csv("reviews.csv", rows)
        self.run_job("sentiment", "reviews.csv", "--text", "review", "-o", "whole.csv")
        bin_folder = self.folder / "bin"
        bin_folder.mkdir()
        (bin_folder / "rowmill").symlink_to(program.BINARY)
        self.environment = program.clean_environment(
            PATH=f"{bin_folder}:{os.environ['PATH']}", ROWMILL_MODEL=program.tiny_model())

    def run_part(self, command, **variables):
        run = subprocess.run(command, cwd=self.folder, env={**self.environment, **variables},
                             capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run


class ClusterTest(RecipeTest):
    def merge(self):
        parts = sorted(str(path) for path in (self.folder / "answers").glob("part-*.csv"))
        self.assertEqual(len(parts), SHARDS)
        self.run_program("merge", *parts, "-o", "answers.csv", "--overwrite")
        self.assertEqual(self.read("answers.csv"), self.read("whole.csv"))

    def test_slurm_array(self):
        command = ["bash", RECIPES / "slurm.sh", "reviews.csv", "answers"]
        array = re.search(r"--array=0-(\d+)$", (RECIPES / "slurm.sh").read_text(), re.MULTILINE)
        self.assertEqual(int(array.group(1)), SHARDS - 1)
        variables = [{"SLURM_ARRAY_TASK_ID": str(i), "SLURM_ARRAY_TASK_MIN": "0",
                      "SLURM_ARRAY_TASK_COUNT": str(SHARDS)} for i in range(SHARDS)]
        # A task that Slurm kills at some moment and starts again.
        for delay in (0.0, 0.02, 0.05):
            task = subprocess.Popen(command, cwd=self.folder, env={**self.environment, **variables[3]},
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            try:
                task.communicate(timeout=delay)
            except subprocess.TimeoutExpired:
                task.send_signal(signal.SIGKILL)
                task.communicate()
        for part in reversed(variables):
            self.run_part(command, **part)
        before = self.read("answers/part-3-of-8.csv")
        again = self.run_part(command, **variables[3])
        self.assertIn("nothing was left to do", again.stderr)
        self.assertEqual(self.read("answers/part-3-of-8.csv"), before)
        self.merge()

    def test_kubernetes_indexed_job(self):
        text = (RECIPES / "kubernetes.yaml").read_text()
        command = re.search(r"command: \[(.*?)\]", text, re.DOTALL).group(1)
        words = [word.strip().strip('"').replace("/data", str(self.folder)) for word in command.split(",")]
        completions = re.search(r"completions: (\d+)", text).group(1)
        self.assertEqual(re.search(r"JOB_COMPLETIONS.*?value: \"(\d+)\"", text, re.DOTALL).group(1), completions)
        self.assertEqual(int(completions), SHARDS)
        (self.folder / "answers").mkdir()
        for index in range(SHARDS):
            self.run_part(words, JOB_COMPLETION_INDEX=str(index), JOB_COMPLETIONS=completions)
        self.merge()

    def test_gnu_parallel(self):
        if shutil.which("parallel") is None:
            self.skipTest("GNU parallel is not installed")
        self.run_part(["bash", RECIPES / "parallel.sh", "reviews.csv", "answers", str(SHARDS)])
        self.assertEqual(self.read("answers.csv"), self.read("whole.csv"))


if __name__ == "__main__":
    unittest.main()
