"""How near the setting that --autotune chooses is to the best point of the full grid: every number of
units and threads that the cores allow, with four budgets, on the rows of a real job.

    python3 bench/autotune/grid.py state.json --seconds 50 -- rowmill classify news.csv --text body --labels a,b

Works for so many seconds and keeps what it has measured in state.json: call it until it says that all is
measured, then it prints a table for docs/benchmarks.md. Rounds go over all points, so that what
the machine does meanwhile hits all of them alike; the figure of a point is its median. Autotune chooses
once a round, anew. The time is that of the units without loading, planning or tuning.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

BUDGETS = (64, 128, 256, 512)


def run(command, *options):
    """The report of the job with these options."""
    with tempfile.TemporaryDirectory() as folder:
        output = f"{folder}/out.jsonl"
        subprocess.run([*command, *options, "-o", output, "--progress", "none"], check=True,
                       capture_output=True, env={**os.environ, "HOME": folder,
                                                 "ROWMILL_MODELS": models()})
        return json.loads(pathlib.Path(f"{output}.run.json").read_text(encoding="utf-8"))


def models():
    default = pathlib.Path.home() / ".cache" / "rowmill" / "models"
    return os.environ.get("ROWMILL_MODELS") or str(default)


def points():
    cores = len(os.sched_getaffinity(0))
    return [f"{units} {threads} {budget}" for units in range(1, cores + 1)
            for threads in range(1, cores // units + 1) for budget in BUDGETS]


def measure(command, point):
    if point == "autotune":
        report = run(command, "--autotune", "on")
        return (f"{report['units']} {report['threads_per_unit']} "
                f"{report['execution']['batch_tokens']}")
    units, threads, budget = point.split()
    report = run(command, "--autotune", "off", "--units", units, "--threads-per-unit", threads,
                 "--batch-tokens", budget)
    return report["rows"]["computed"] / report["measures"]["inference_seconds"]


def show(state):
    rates = {point: statistics.median(state[point]) for point in points()}
    best = max(rates.values())
    print("| units | threads | tokens a step | rows/s | of the best |\n| ---: | ---: | ---: | ---: | ---: |")
    for point, rate in rates.items():
        units, threads, budget = point.split()
        print(f"| {units} | {threads} | {budget} | {rate:.1f} | {rate / best:.3f} |")
    for choice in state["autotune"]:
        print(f"autotune chose {choice}: {rates[choice] / best:.3f} of the best")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("state")
    parser.add_argument("--seconds", type=float, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    path = pathlib.Path(arguments.state)
    state = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    began = time.monotonic()
    longest = 0.0
    for number in range(arguments.rounds):
        for point in ["autotune", *points()]:
            if len(state.setdefault(point, [])) > number:
                continue
            start = time.monotonic()
            if start - began + longest > arguments.seconds:
                return 1
            state[point].append(measure(arguments.command, point))
            longest = max(longest, time.monotonic() - start)
            path.write_text(json.dumps(state), encoding="utf-8")
    show(state)
    return 0


if __name__ == "__main__":
    sys.exit(main())
