#!/usr/bin/env python3
"""How much of the machine's arithmetic peak the products reach, for each weight type and shape: a table for
docs/benchmarks.md out of gemm_bench, the median of several repetitions in random order.

    bench/micro/shares.py                        256 and 512 rows
    bench/micro/shares.py --rows 1 --of memory   the share of one core's memory bandwidth instead
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, default=ROOT / "build/release/gemm_bench")
    parser.add_argument("--rows", default=["256", "512"], type=lambda text: text.split(","))
    parser.add_argument("--shapes", default="576x1536,1536x576,512x1536,8192x2048,2048x8192",
                        type=lambda text: text.split(","))
    parser.add_argument("--of", choices=("peak", "memory"), default="peak")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.05, help="of one repetition")
    arguments = parser.parse_args()
    pattern = f"/({'|'.join(arguments.shapes)})/m({'|'.join(arguments.rows)})$"
    report = json.loads(subprocess.run(
        [arguments.program, f"--benchmark_filter={pattern}", "--benchmark_format=json",
         f"--benchmark_min_time={arguments.seconds}",
         f"--benchmark_repetitions={arguments.repetitions}",
         "--benchmark_enable_random_interleaving=true",
         "--benchmark_report_aggregates_only=true"], check=True, capture_output=True,
        text=True).stdout)
    shares, columns = {}, []
    for entry in report["benchmarks"]:
        if entry.get("aggregate_name") != "median":
            continue
        kind, shape, rows = entry["run_name"].split("/")[:3]
        column = (shape, int(rows[1:]))
        if column not in columns:
            columns.append(column)
        shares.setdefault(kind, {})[column] = entry[arguments.of]
    columns.sort(key=lambda column: (arguments.shapes.index(column[0]), column[1]))
    print("| weights | " + " | ".join(f"{shape}, {rows} rows" for shape, rows in columns) + " |")
    print("| --- |" + " ---: |" * len(columns))
    for kind, found in sorted(shares.items()):
        cells = (f"{100 * found[column]:.0f} %" if column in found else "" for column in columns)
        print(f"| {kind} | " + " | ".join(cells) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
