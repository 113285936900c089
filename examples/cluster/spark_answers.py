"""A column of answers on Apache Spark: each executor runs the engine over its partitions.

    spark-submit --conf spark.task.cpus=8 examples/cluster/spark_answers.py reviews.csv answers --model smollm2

`spark.task.cpus` is what one task has: give it all cores of an executor, so that a machine has the weights once. A
partition is planned as whole (duplicates, common beginnings of prompts), `rows` of it at a time; a task that is
lost and tried again gives the same bytes.
"""

import argparse

from pyspark.sql import SparkSession
from pyspark.sql.types import DoubleType, StringType, StructField, StructType

# The columns that `sentiment` adds, behind those that are there.
ANSWERS = [StructField("label", StringType()), StructField("probability", DoubleType()),
           StructField("status", StringType()), StructField("error", StringType())]


def sentiment(frame, model, rows=8192, **options):
    """The frame with its answers."""

    def run(batches):
        import rowmill
        from pyspark import TaskContext

        options.setdefault("units", TaskContext.get().cpus())
        with rowmill.Model(model, packed_cache="on") as loaded:
            for part in loaded.stream("sentiment", batches, rows=rows, **options):
                yield from part.to_arrow().to_batches()

    return frame.mapInArrow(run, StructType(frame.schema.fields + ANSWERS))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("input", help="a CSV file or folder that all executors see")
    parser.add_argument("output", help="the folder of the answers, as Parquet")
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--text", default="review", help="column with the text")
    parser.add_argument("--parts", type=int, default=4, help="partitions: one to four for each executor")
    arguments = parser.parse_args()
    session = SparkSession.builder.appName("rowmill").getOrCreate()
    # An empty field is an empty text, not null.
    rows = session.read.csv(arguments.input, header=True, multiLine=True, escape='"').fillna("")
    answers = sentiment(rows.repartition(arguments.parts), arguments.model, text=arguments.text)
    answers.write.mode("overwrite").parquet(arguments.output)
    session.stop()


if __name__ == "__main__":
    main()
