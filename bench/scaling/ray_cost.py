#!/usr/bin/env python3
"""What Ray Data costs: rows/s of rowmill.ray on a local cluster, beside the command line on the same rows.

    RAY_worker_niceness=0 bench/scaling/ray_cost.py ROWS.jsonl --text review --program .../bin/rowmill

Program and package must be of one build; both have all cores, and their answers are compared. The command line runs
before Ray and after it. Its time is from the start of the process to its end. Ray's is told in two parts: until the
first block of answers is there (workers start, the model is loaded, a block is answered), and its rate from then
on, which is what a long job sees. With --blocks the rate of the package alone, called block by block without Ray,
is told too: what is lost by planning parts instead of the whole.
"""

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import time

import pyarrow.json


def by_program(arguments, folder):
    started = time.monotonic()
    subprocess.run([arguments.program, "sentiment", arguments.rows, "-m", arguments.model, "--text", arguments.text,
                    "--progress", "none", "--overwrite", "-o", f"{folder}/out.jsonl"],
                   check=True, stderr=subprocess.DEVNULL)
    seconds = time.monotonic() - started
    with open(f"{folder}/out.jsonl", encoding="utf-8") as file:
        return seconds, [json.loads(line) for line in file]


def by_blocks(arguments, table):
    """The package without Ray: seconds, without the loading of the model."""
    import rowmill

    with rowmill.Model(arguments.model, packed_cache="on") as model:
        model.sentiment(table.slice(0, 1), text=arguments.text)
        started = time.monotonic()
        for begin in range(0, table.num_rows, arguments.batch_size):
            model.sentiment(table.slice(begin, arguments.batch_size), text=arguments.text)
        return time.monotonic() - started


def by_ray(arguments, table):
    """Seconds to the first block, rows/s from then on, all rows."""
    import ray

    import rowmill.ray

    dataset = ray.data.from_arrow(table).repartition(-(-table.num_rows // arguments.batch_size))
    answers = rowmill.ray.run("sentiment", dataset, model=arguments.model, text=arguments.text,
                              batch_size=arguments.batch_size)
    started = time.monotonic()
    times, counts, rows = [], [], []
    for block in answers.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0):
        times.append(time.monotonic() - started)
        counts.append(block.num_rows)
        rows += block.to_pylist()
    return times[0], sum(counts[1:]) / (times[-1] - times[0]), rows


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
    parser.add_argument("rows", help="a JSONL file")
    parser.add_argument("--text", default="text")
    parser.add_argument("--model", default="smollm2")
    parser.add_argument("--program", default="build/release/rowmill")
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--blocks", action="store_true")
    arguments = parser.parse_args()
    table = pyarrow.json.read_json(arguments.rows)
    if arguments.blocks:
        print(f"package, block by block: {table.num_rows / by_blocks(arguments, table):.1f} rows/s", flush=True)
    start_ray(arguments)
    with tempfile.TemporaryDirectory() as folder:
        before, expected = by_program(arguments, folder)
        to_first, rate, rows = by_ray(arguments, table)
        if rows != expected:
            sys.exit("the answers differ")
        after, _ = by_program(arguments, folder)
    program_rates = [table.num_rows / seconds for seconds in (before, after)]
    print(f"program {program_rates[0]:.1f} and {program_rates[1]:.1f} rows/s, with its start")
    share = 2 * rate / sum(program_rates)
    print(f"Ray {rate:.1f} rows/s, {share:.2f} of it, behind the first block, which is there after {to_first:.1f} s")


if __name__ == "__main__":
    main()
