#!/usr/bin/env python3
"""What is left of the speed of each engine while other processes compute on the same cores: as many loops
that never sleep as there are cores, at the same priority. A fair scheduler leaves half.

    bench/peers/neighbours.py state.json --engines rowmill,llama_cpp

It needs what bench/peers/setup.sh makes. The job is the sentiment of SST-2's sentences (jobs.py); rivals get --rows of them, and never load or warm up
on the clock. With and without neighbours in turns; the ratio is that of the same round.
"""

import contextlib
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench/e2e"))

import series  # noqa: E402

JOB = "sentiment-sst2"
LOOP = "while True: pass"


@contextlib.contextmanager
def busy_neighbours(count):
    processes = [subprocess.Popen([sys.executable, "-c", LOOP]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def main():
    import jobs
    import run

    parser = series.parser(__doc__)
    parser.add_argument("--engines", default=["rowmill"], type=lambda text: text.split(","),
                        help="of " + ", ".join(run.CANDIDATES))
    parser.add_argument("--rows", type=int, default=48, help="of each rival")
    parser.add_argument("--neighbours", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--peers", type=Path,
                        default=Path(os.environ.get("ROWMILL_PEERS", ROOT / "build/peers")))
    arguments = parser.parse_args()
    models = Path(os.environ.get("ROWMILL_MODELS", Path.home() / ".cache/rowmill/models"))
    if arguments.model == "smollm2":  # the others need the file
        arguments.model = str(models / "SmolLM2-135M-Instruct.Q4_1.gguf")
    arguments.avx512 = False
    run.enter_environment(arguments)
    bench = run.Bench(arguments)
    num_rows = len(bench.jobs[JOB].rows)

    def point(engine, neighbours):
        wanted = num_rows if engine == "rowmill" else arguments.rows
        rows = jobs.sample(num_rows, wanted, 0)[:wanted]
        options = run.CANDIDATES[engine]["label"][0]

        def measure():
            with busy_neighbours(neighbours):
                return run.first_rate(bench.measure(engine, options, {JOB: rows}))
        return measure

    results = series.run(arguments, {
        f"{engine} {word}": point(engine, count) for engine in arguments.engines
        for word, count in (("alone", 0), ("beside", arguments.neighbours))})
    if results is None:
        return 1
    print(f"\n| engine | rows/s alone | rows/s beside {arguments.neighbours} busy processes "
          "| of the rate alone |\n| --- | ---: | ---: | ---: |")
    for engine in arguments.engines:
        alone, beside = results[f"{engine} alone"], results[f"{engine} beside"]
        ratios = [slow / fast for slow, fast in zip(beside, alone)]
        print(f"| {engine} | {statistics.median(alone):.1f} | {statistics.median(beside):.1f} "
              f"| {100 * statistics.median(ratios):.0f} % ({100 * min(ratios):.0f} to "
              f"{100 * max(ratios):.0f} %) |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
