#!/usr/bin/env python3
"""Runs the same jobs with Rowmill and its rivals, in turns, and writes the tables of
docs/benchmarks.md and README.md. bench/peers/setup.sh installs what it takes.

    bench/peers/run.py                             all jobs, 5 rounds; goes on where it stopped
    bench/peers/run.py --jobs decode --rounds 1    a quick look
    bench/peers/run.py --report-only               the tables again, from the results

Each measurement is a fresh process of an engine; rounds go through the engines one after the other,
each round from another one on. An engine that would take longer than --seconds for a job gets a
part of its rows, others in each round. Before the first round each rival is tried in several
configurations on a few rows, and goes on with the fastest for each job. A measurement counts once
its answers have been checked.
"""

import argparse
import datetime
import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import jobs as job_definitions
import machine
import report

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
THREADS = len(os.sched_getaffinity(0))
# Configurations tried for each rival, by kind of job; the first is taken where nothing was tried.
CANDIDATES = {
    "rowmill": {"tokens": [{}], "label": [{}], "text": [{}]},
    "llama_cpp": {
        "tokens": [{"unified": False}, {"unified": True}],
        "label": [{"sequences": 16}, {"sequences": 64}],
        "text": [{"sequences": 16}, {"sequences": 64}],
    },
    "llama_server": {
        "label": [{"slots": 1}, {"slots": 8}, {"slots": 32}],
        "text": [{"slots": 8}, {"slots": 32}, {"slots": 1}],
    },
    "openvino_genai": {
        "tokens": [{"prefix_caching": False},
                   {"prefix_caching": False, "precision": "f32"}],
        "label": [{"max_num_seqs": seqs, "precision": precision}
                  for precision in (None, "f32") for seqs in (64, 128)],
        "text": [{"max_num_seqs": seqs, "precision": precision}
                 for precision in (None, "f32") for seqs in (64, 128)],
    },
}
GROUPS = {"decode": [f"decode-{batch}" for batch in job_definitions.DECODE_BATCHES],
          "classify-agnews": ["classify-agnews"], "sentiment-sst2": ["sentiment-sst2"],
          "generate-32": ["generate-32"]}
# With --avx512 on a processor with AMX. OpenVINO does not start there without the precision.
HELD_OPTIONS = {"rowmill": {"arguments": ["--isa", "avx512_vnni"]},
                "openvino_genai": {"precision": "f32"}}
HELD_ENVIRONMENT = {"ONEDNN_MAX_CPU_ISA": "AVX512_CORE_VNNI"}
TRIAL_ROWS = {"tokens": 16, "label": 128, "text": 128}
SLOW_TRIAL_ROWS = {"llama_server": 32}
LEAST_ROWS = 32


class CheckFailed(Exception):
    pass


class Bench:
    def __init__(self, arguments):
        import llama_library

        self.arguments = arguments
        data = job_definitions.Data(arguments.data)
        self.jobs = data.jobs()
        self.vocabulary = llama_library.Vocabulary(arguments.model)
        self.tokens = {name: [self.vocabulary.prompt_tokens(text) for text in job.prompts()]
                       for name, job in self.jobs.items()}
        texts = data.warm_up()
        self.warm_up = {"job": "warm-up", "kind": "text", "template": "{{text}}", "labels": [],
                        "max_tokens": 2, "rows": [{"text": text} for text in texts],
                        "prompts": [self.vocabulary.prompt_tokens(text) for text in texts]}

    def work(self, name, rows):
        job = self.jobs[name]
        return {"job": name, "kind": job.kind, "template": job.template, "labels": job.labels,
                "allowed": list(self.first_tokens(job.labels)), "max_tokens": job.max_tokens,
                "rows": [job.rows[row] for row in rows],
                "prompts": [self.tokens[name][row] for row in rows]}

    def first_tokens(self, labels):
        """First token to label; it decides for the engines that write."""
        first = {self.vocabulary.tokens(" " + label)[0]: label for label in labels}
        if len(first) != len(labels):
            raise CheckFailed(f"two of the labels {labels} begin with the same token")
        return first

    def measure(self, engine, options, rows_of_jobs):
        """One fresh engine. rows_of_jobs: job to indices. Returns a record without its turn."""
        if self.arguments.avx512:
            options = {**options, **HELD_OPTIONS.get(engine, {})}
        request = {"engine": engine, "model": str(self.arguments.model), "threads": THREADS,
                   "options": options, "warm_up": self.warm_up,
                   "works": [self.work(name, rows) for name, rows in rows_of_jobs.items()]}
        answer = run_worker(engine, request)
        record = {"engine": engine, "options": answer["options"],
                  "versions": answer["versions"], "results": []}
        for work, result in zip(request["works"], answer["results"]):
            self.check(engine, work, result)
            record["results"].append({**result, "rows": rows_of_jobs[work["job"]],
                                      "answers": self.texts(engine, work, result["answers"])})
        return record

    @staticmethod
    def check(engine, work, result):
        """Equal work: the prompts' tokens, and as many answered as were asked for."""
        prompt_tokens = sum(map(len, work["prompts"]))
        if result["prompt_tokens"] != prompt_tokens:
            raise CheckFailed(f"{engine} read {result['prompt_tokens']} tokens in {work['job']}, "
                              f"not {prompt_tokens}")
        wanted = len(work["rows"]) * work["max_tokens"]
        if work["kind"] != "label" and result["generated"] != wanted:
            raise CheckFailed(f"{engine} wrote {result['generated']} tokens in {work['job']}, "
                              f"not {wanted}")
        if len(result["answers"]) != len(work["rows"]):
            raise CheckFailed(f"{engine} answered {len(result['answers'])} of "
                              f"{len(work['rows'])} rows in {work['job']}")

    def texts(self, engine, work, answers):
        """Answers as texts, or as labels, empty where the first token is of none."""
        if engine == "rowmill":
            return answers
        if work["kind"] != "label":
            return [self.vocabulary.text(tokens) for tokens in answers]
        first = self.first_tokens(work["labels"])
        return [first.get(tokens[0], "") if tokens else "" for tokens in answers]


def run_worker(engine, request):
    worker = subprocess.Popen([sys.executable, HERE / "worker.py"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        answer, messages = worker.communicate(json.dumps(request))
    except BaseException:
        worker.terminate()  # it ends its engine
        worker.wait()
        raise
    if worker.returncode != 0:
        raise RuntimeError(f"{engine} failed:\n{messages[-2000:]}")
    return json.loads(answer)


def results_header(arguments):
    def commit():
        return subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"],
                              capture_output=True, text=True).stdout.strip()

    return {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
            "machine": machine.describe(), "held": "AVX-512" if arguments.avx512 else "",
            "model": arguments.model.name,
            "rowmill_sha256": hashlib.sha256(arguments.rowmill.read_bytes()).hexdigest(),
            "rowmill_commit": commit()}


def open_results(arguments):
    """The header and what is measured already. Another binary or machine begins anew."""
    header = results_header(arguments)
    path = arguments.results
    if path.exists() and not arguments.new:
        old, records = report.read_records(path)
        same = ("machine", "held", "model", "rowmill_sha256")
        if old and all(old[name] == header[name] for name in same):
            return old, records
        differing = [name for name in same if old and old[name] != header[name]]
        sys.exit(f"{path} was measured with another {', '.join(differing) or 'format'}; --new "
                 "begins anew")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(header) + "\n")
    return header, []


def append(path, record):
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


def say(text):
    print(text, file=sys.stderr, flush=True)


def first_rate(record):
    """The rate that decides between configurations."""
    result = record["results"][0]
    return len(result["rows"]) / result["seconds"]


def choose(bench, engine, group, path, records):
    """The fastest configuration of an engine for a group, and its rows a second. Tried once, then
    read from the results."""
    name = GROUPS[group][-1]
    job = bench.jobs[name]
    wanted = SLOW_TRIAL_ROWS.get(engine, TRIAL_ROWS[job.kind])
    candidates = CANDIDATES[engine][job.kind][:bench.arguments.candidates]
    trials = [record for record in records
              if record.get("trial") == group and record["engine"] == engine
              and record["candidate"] < len(candidates)]
    if len(candidates) == 1:
        return candidates[0], None
    for number, options in enumerate(candidates):
        if any(trial["candidate"] == number for trial in trials):
            continue
        # The last of the samples, so that the first rounds have other rows.
        rows = job_definitions.sample(len(job.rows), wanted, -1)
        trial = {"trial": group, "candidate": number,
                 **bench.measure(engine, options, {name: rows})}
        say(f"  trial    {engine:15} {group:16} {report.options_text(trial['options'])}: "
            f"{first_rate(trial):.2f} rows/s")
        append(path, trial)
        trials.append(trial)
        records.append(trial)
    best = max(trials, key=first_rate)
    return candidates[best["candidate"]], first_rate(best)


def rows_for(bench, engine, group, rate, turn):
    """Job to the rows of this turn. Rowmill always gets all."""
    rows = {}
    for name in GROUPS[group]:
        job = bench.jobs[name]
        wanted = len(job.rows)
        if engine != "rowmill" and job.kind != "tokens":
            if bench.arguments.rows:
                wanted = bench.arguments.rows
            elif rate is not None:
                wanted = max(LEAST_ROWS, int(rate * bench.arguments.seconds))
        rows[name] = job_definitions.sample(len(job.rows), wanted, turn)
    return rows


def measure_all(bench, arguments, records):
    groups = [group for group in arguments.jobs if group in GROUPS]
    for turn in range(arguments.rounds):
        for group in groups:
            kind = bench.jobs[GROUPS[group][0]].kind
            engines = [engine for engine in arguments.engines if kind in CANDIDATES[engine]]
            # Each round begins with another engine.
            engines = engines[turn % len(engines):] + engines[:turn % len(engines)]
            for engine in engines:
                if any(record.get("turn") == turn and record["group"] == group
                       and record["engine"] == engine for record in records):
                    continue
                options, rate = choose(bench, engine, group, arguments.results, records)
                rows = rows_for(bench, engine, group, rate, turn)
                record = {"turn": turn, "group": group, **bench.measure(engine, options, rows)}
                others = max(result["cpu"]["others"] for result in record["results"])
                if others > arguments.busy_limit:
                    say(f"  round {turn}  {engine:15} {group:16} not counted: others took "
                        f"{100 * others:.0f} % of the processors")
                    continue
                append(arguments.results, record)
                records.append(record)
                figures = {work: rate for result in record["results"]
                           for work, rate in report.rates(result).items()}
                say(f"  round {turn}  {engine:15} {group:16} "
                    + ", ".join(f"{work} {report.number(rate)} {report.unit(work)}"
                                for work, rate in figures.items())
                    + f"; others took {100 * others:.0f} %")


def write_documents(header, records, gold):
    measured = [record for record in records if "turn" in record]
    if not measured:
        sys.exit("nothing is measured yet")
    block = "peers-avx512" if header["held"] else "peers"
    parts = {ROOT / "docs/benchmarks.md": report.document(header, measured, gold)}
    if not header["held"]:
        parts[ROOT / "README.md"] = report.short_document(header, measured)
    for path, content in parts.items():
        path.write_text(report.replace_between(path.read_text(), block, content))
        say(f"wrote {path.relative_to(ROOT)}")
    print(report.overview(report.Results(measured)))


def parse(argv):
    folder = Path(os.environ.get("ROWMILL_PEERS", ROOT / "build/peers"))
    models = Path(os.environ.get("ROWMILL_MODELS", Path.home() / ".cache/rowmill/models"))
    shared = Path(os.environ.get("ROWMILL_SHARED", ROOT.parent / "shared"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    names = list(GROUPS)
    parser.add_argument("--jobs", default=names, type=lambda text: text.split(","),
                        help=f"of {', '.join(names)} (decode has prefill with it)")
    parser.add_argument("--engines", default=list(CANDIDATES), type=lambda text: text.split(","),
                        help="of " + ", ".join(CANDIDATES))
    parser.add_argument("--rounds", default=5, type=int)
    parser.add_argument("--seconds", default=12.0, type=float,
                        help="longest measurement; a slower engine gets a part of the rows")
    parser.add_argument("--rows", type=int,
                        help="at most so many rows for each rival, instead of --seconds")
    parser.add_argument("--candidates", type=int, default=None,
                        help="try only so many configurations of each engine")
    parser.add_argument("--busy-limit", type=float, default=0.3,
                        help="share of the processors that others may take; a measurement where "
                             "they took more does not count and is due again in the next run")
    parser.add_argument("--model", type=Path, default=models / "SmolLM2-135M-Instruct.Q4_1.gguf")
    parser.add_argument("--data", type=Path, default=shared / "data")
    parser.add_argument("--peers", type=Path, default=folder, help="what setup.sh made")
    parser.add_argument("--rowmill", type=Path, default=ROOT / "build/release/rowmill")
    parser.add_argument("--results", type=Path,
                        help="default: build/peers-results.jsonl, with --avx512 another one")
    parser.add_argument("--avx512", action="store_true",
                        help="on a processor with AMX: hold all engines to AVX-512")
    parser.add_argument("--new", action="store_true", help="throw earlier results away")
    parser.add_argument("--no-documents", action="store_true", help="measure, but write no tables")
    parser.add_argument("--report-only", action="store_true",
                        help="write tables, but do not measure")
    arguments = parser.parse_args(argv)
    if arguments.avx512 and "amx_tile" not in machine.describe()["flags"]:
        parser.error("--avx512: there is no AMX here; a run without the option is that already")
    if arguments.results is None:
        arguments.results = ROOT / ("build/peers-avx512-results.jsonl" if arguments.avx512
                                    else "build/peers-results.jsonl")
    for name, known in (("jobs", GROUPS), ("engines", CANDIDATES)):
        for value in getattr(arguments, name):
            if value not in known:
                parser.error(f"--{name}: there is no {value}, only {', '.join(known)}")
    return arguments


def enter_environment(arguments):
    """Goes on inside the virtual environment that setup.sh made."""
    build = "llama.cpp"
    if arguments.avx512:
        os.environ.update(HELD_ENVIRONMENT)
        build = "llama.cpp-avx512"
    os.environ["LLAMA_CPP_LIB_PATH"] = str(arguments.peers / build / "bin")
    os.environ["ROWMILL_BINARY"] = str(arguments.rowmill.resolve())
    python = arguments.peers / "venv/bin/python"
    if not python.exists():
        sys.exit(f"there is no {python}; bench/peers/setup.sh makes it")
    if Path(sys.prefix).resolve() != python.parents[1].resolve():
        os.execv(python, [python, *sys.argv])


def main():
    arguments = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    if arguments.report_only:
        header, records = report.read_records(arguments.results)
        gold = {name: job.gold for name, job
                in job_definitions.Data(arguments.data).jobs().items()}
        write_documents(header, records, gold)
        return
    enter_environment(arguments)
    header, records = open_results(arguments)
    bench = Bench(arguments)
    measure_all(bench, arguments, records)
    if not arguments.no_documents:
        write_documents(header, records, {name: job.gold for name, job in bench.jobs.items()})


if __name__ == "__main__":
    main()
