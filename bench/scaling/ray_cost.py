#!/usr/bin/env python3
"""What Ray Data costs: rows/s of rowmill.ray on a local cluster, beside the command line on the same rows.

    PYTHONPATH=build/dev/python bench/scaling/ray_cost.py ROWS.parquet --text review --program build/dev/rowmill

Both have all cores. Ray runs twice, over one batch and over all rows: the difference of the two times is what a
long job sees of it, without the start of workers and the loading of the model. Program and package must be of one
build.
"""

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import time

import pyarrow.parquet


def by_program(arguments, table, folder):
    rows = f"{folder}/rows.jsonl"
    with open(rows, "w", encoding="utf-8") as file:
        for row in table.to_pylist():
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    started = time.monotonic()
    subprocess.run([arguments.program, "sentiment", rows, "-m", arguments.model, "--text", arguments.text,
                    "--progress", "none", "-o", f"{folder}/out.jsonl"], check=True, stderr=subprocess.DEVNULL)
    seconds = time.monotonic() - started
    with open(f"{folder}/out.jsonl", encoding="utf-8") as file:
        return seconds, [json.loads(line) for line in file]


def by_ray(arguments, table):
    import ray

    import rowmill.ray

    dataset = ray.data.from_arrow(table).repartition(-(-table.num_rows // arguments.batch_size))
    answers = rowmill.ray.run("sentiment", dataset, model=arguments.model, text=arguments.text,
                              batch_size=arguments.batch_size)
    started = time.monotonic()
    rows = answers.take_all()
    return time.monotonic() - started, rows


def start_ray(arguments):
    import ray

    ray.init("local", num_cpus=arguments.cpus, include_dashboard=False, logging_level=logging.ERROR,
             log_to_driver=False)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    logging.getLogger("ray.data").setLevel(logging.ERROR)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows")
    parser.add_argument("--text", default="text")
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--program", default="build/release/rowmill")
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=512)
    arguments = parser.parse_args()
    table = pyarrow.parquet.read_table(arguments.rows)
    with tempfile.TemporaryDirectory() as folder:
        program_seconds, expected = by_program(arguments, table, folder)
    start_ray(arguments)
    few_seconds, _ = by_ray(arguments, table.slice(0, arguments.batch_size))
    all_seconds, rows = by_ray(arguments, table)
    if rows != expected:
        sys.exit("the answers differ")
    program_rate = table.num_rows / program_seconds
    with_start = table.num_rows / all_seconds
    print(f"program {program_rate:.1f} rows/s; Ray with its start {with_start:.1f} ({with_start / program_rate:.2f})")
    steady = (table.num_rows - arguments.batch_size) / (all_seconds - few_seconds)
    print(f"Ray without its start {steady:.1f} rows/s ({steady / program_rate:.2f})")


if __name__ == "__main__":
    main()
