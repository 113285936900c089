"""The recipe for Apache Spark (examples/cluster/spark_answers.py), as spark-submit runs it, on two cores."""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "python"))
import package  # noqa: E402
import program  # noqa: E402
import pyarrow.dataset  # noqa: E402

RECIPE = package.PROJECT / "examples" / "cluster" / "spark_answers.py"


def setUpModule():
    if shutil.which("java") is None:
        raise unittest.SkipTest("Spark needs Java, which is not on this machine")
    try:
        import pyspark  # noqa: F401
    except ImportError as error:
        raise unittest.SkipTest("pyspark is not installed") from error


class SparkTest(package.PackageTest):
    def test_the_recipe_gives_the_programs_answers(self):
        rows = [dict(row, key=i) for i, row in enumerate(program.review_rows())]
        self.write_csv("reviews.csv", rows)
        environment = dict(os.environ, PYSPARK_PYTHON=sys.executable, PYSPARK_DRIVER_PYTHON=sys.executable,
                           SPARK_LOCAL_IP="127.0.0.1")
        import pyspark

        submit = [os.path.join(os.path.dirname(pyspark.__file__), "bin", "spark-submit"),
                  "--master", "local[2]", "--conf", "spark.ui.enabled=false",
                  "--conf", "spark.driver.bindAddress=127.0.0.1", "--conf", "spark.driver.host=127.0.0.1",
                  "--conf", "spark.sql.execution.arrow.maxRecordsPerBatch=50"]
        run = subprocess.run([*submit, RECIPE, self.path("reviews.csv"), self.path("answers"),
                              "--model", program.tiny_model()],
                             cwd=self.folder, env=environment, capture_output=True, text=True, check=False,
                             timeout=300)
        self.assertEqual(run.returncode, 0, run.stderr[-4000:])
        answers = pyarrow.dataset.dataset(self.path("answers"), format="parquet").to_table().to_pylist()
        answers.sort(key=lambda row: int(row["key"]))
        expected = self.by_program("sentiment", "reviews.csv", "--text", "review")
        self.assertEqual([row["key"] for row in answers], [row["key"] for row in expected])
        for got, want in zip(answers, expected, strict=True):
            self.assertEqual([got[name] for name in package.OURS], [want[name] for name in package.OURS])


if __name__ == "__main__":
    unittest.main()
