"""Measurements in rounds that go over all points in turn, so that what the machine does meanwhile hits all
of them alike; kept in a file, so that they can be taken a part at a time.

    results = series.run(arguments, {"quiet": measure_quiet, "busy": measure_busy})
    if results is not None: ...        # None: there was not time for all; call it again

A point is a function without arguments that returns a number or anything else JSON can hold. `results` maps
the point to the list of what it returned, one for each round.
"""

import argparse
import datetime
import hashlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench/peers"))

import machine  # noqa: E402


def parser(description):
    found = argparse.ArgumentParser(description=description.splitlines()[0])
    found.add_argument("state", type=pathlib.Path, help="a JSON file: what is measured already")
    found.add_argument("--seconds", type=float, default=200,
                       help="no measurement begins that would end later than this")
    found.add_argument("--rounds", type=int, default=3)
    found.add_argument("--rowmill", type=pathlib.Path, default=ROOT / "build/release/rowmill")
    found.add_argument("--model", default="smollm2")
    found.add_argument("--data", type=pathlib.Path,
                       default=pathlib.Path(os.environ.get("ROWMILL_SHARED",
                                                           ROOT.parent / "shared")) / "data")
    return found


def header(arguments):
    about = machine.describe()
    return {"rowmill": hashlib.sha256(arguments.rowmill.read_bytes()).hexdigest(),
            "model": arguments.model, "machine": about}


def run(arguments, points):
    """The results by point, or None where some are still to be measured."""
    head = header(arguments)
    state = {"header": head, "date": datetime.date.today().isoformat(), "results": {}, "watch": []}
    if arguments.state.exists():
        state = json.loads(arguments.state.read_text(encoding="utf-8"))
        if state["header"] != head:
            sys.exit(f"{arguments.state} was measured with another program, model or machine; "
                     "take another name")
    began = time.monotonic()
    longest = {}
    for number in range(arguments.rounds):
        for name, measure in points.items():
            done = state["results"].setdefault(name, [])
            if len(done) > number:
                continue
            start = time.monotonic()
            if start - began + longest.get(name, 0.0) > arguments.seconds:
                say(f"round {number + 1} of {arguments.rounds}: {name} is next")
                return None
            watch = machine.Watch()
            done.append(measure())
            state["watch"].append(watch.read())
            longest[name] = time.monotonic() - start
            say(f"round {number + 1}  {name}: {done[-1]}; others took "
                f"{100 * state['watch'][-1]['others']:.0f} %")
            arguments.state.write_text(json.dumps(state, indent=1), encoding="utf-8")
    describe(state)
    return state["results"]


def describe(state):
    """What has to stand beside the figures."""
    about, watch = state["header"]["machine"], state["watch"]
    others = [entry["others"] for entry in watch]
    print(f"{state['date']}, {about['cpu']} (family {about['family']}, model {about['model']}), "
          f"{about['cores']} cores, {' '.join(about['flags'])}; load "
          f"{min(entry['load'] for entry in watch)} to {max(entry['load'] for entry in watch)}, "
          f"others took {100 * statistics.median(others):.1f} % of the processors "
          f"({100 * max(others):.1f} % at worst)")


def say(text):
    print(text, file=sys.stderr, flush=True)


def run_job(arguments, command):
    """A job of the program on a file, as people run it, packed weights at hand: its run report."""
    with tempfile.TemporaryDirectory(prefix="rowmill-bench-") as folder:
        output = f"{folder}/out.jsonl"
        done = subprocess.run([arguments.rowmill, *command, "-m", arguments.model, "-o", output,
                               "--progress", "none"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"rowmill {' '.join(map(str, command))}\n{done.stderr}")
        return json.loads(pathlib.Path(f"{output}.run.json").read_text(encoding="utf-8"))


def rows_per_second(report):
    """From the first row read to the last one written; loading is apart."""
    return report["rows"]["total"] / report["measures"]["wall_seconds"]
