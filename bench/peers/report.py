"""Measurements to tables in Markdown, and the tables into documents between markers. Pure functions
of records.

A record is what run.py writes for each engine, group of jobs and round: {"turn", "engine",
"options", "results": [{"job", "rows" (indices), "answers", "seconds", "first_seconds",
"prompt_tokens", "load_seconds", "cpu"}]}.
"""

import json
from collections import defaultdict
from statistics import mean

import summary

NAMES = {"rowmill": "Rowmill", "openvino_genai": "OpenVINO GenAI",
         "llama_cpp": "llama.cpp in process", "llama_server": "llama-server"}
STEPS = 32  # tokens of a decode job behind the first
BUSY = 0.05  # share of the processors; where others take more, the document says so
TITLES = {
    "prefill": "prefill, 64 prompts of about 200 tokens",
    "decode-1": "decode, 1 sequence",
    "decode-8": "decode, 8 sequences",
    "decode-32": "decode, 32 sequences",
    "decode-64": "decode, 64 sequences",
    "classify-agnews": "classify 1,000 news items, few-shot prefix",
    "sentiment-sst2": "sentiment of 872 reviews",
    "generate-32": "write 32 tokens for 500 news items",
}
UNITS = {"prefill": "tokens/s", **{f"decode-{batch}": "tokens/s" for batch in (1, 8, 32, 64)}}


def unit(work):
    return UNITS.get(work, "rows/s")


def rates(result):
    """The figures in a result: a dictionary of work to rate."""
    job, rows = result["job"], len(result["rows"])
    if not job.startswith("decode-"):
        return {job: rows / result["seconds"]}
    found = {job: summary.decode_rate(rows, STEPS, result["seconds"], result["first_seconds"])}
    if job == "decode-64":
        found["prefill"] = result["prompt_tokens"] / result["first_seconds"]
    return found


class Results:
    """All records of a run, by work and engine."""

    def __init__(self, records):
        self.rates = defaultdict(lambda: defaultdict(dict))  # work, engine, turn
        self.answers = defaultdict(lambda: defaultdict(dict))  # job, engine, row
        self.rows = defaultdict(dict)  # work, engine: rows a round
        self.options = defaultdict(dict)
        self.loads = defaultdict(list)
        self.unsteady = set()  # (engine, job) that answered a row in two ways
        for record in records:
            engine = record["engine"]
            for result in record["results"]:
                self.loads[engine].append(result["load_seconds"])
                for row, answer in zip(result["rows"], result["answers"]):
                    if self.answers[result["job"]][engine].setdefault(row, answer) != answer:
                        self.unsteady.add((engine, result["job"]))
                for work, rate in rates(result).items():
                    self.rates[work][engine][record["turn"]] = rate
                    self.rows[work][engine] = len(result["rows"])
                    self.options[work][engine] = record["options"]

    def figure(self, work, engine):
        return summary.figure(list(self.rates[work].get(engine, {}).values()))

    def ratio(self, work, engine):
        """Rowmill over the engine, round by round."""
        rates = self.rates[work]
        return summary.paired_ratio(rates.get("rowmill", {}), rates.get(engine, {}))

    def best_rival(self, work):
        rivals = [engine for engine in self.rates[work] if engine != "rowmill"]
        return max(rivals, key=lambda engine: self.figure(work, engine).median, default=None)


def expected(work):
    """The engines that have to be measured before a ratio to the best of them means anything."""
    return [engine for engine in NAMES if not (engine == "llama_server" and work in UNITS)]


def missing(results):
    """A sentence that names what is not measured; nothing where all is."""
    gaps = []
    for engine in NAMES:
        works = [work for work in TITLES if results.rates[work] and engine in expected(work)
                 and not results.figure(work, engine)]
        if works:
            gaps.append(f"{NAMES[engine]} ({', '.join(works)})")
    if not gaps:
        return ""
    return f"Not measured: {'; '.join(gaps)}. There is no ratio where one is missing."


def number(value):
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |",
             "| --- |" + " ---: |" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def overview(results, works=tuple(TITLES)):
    """One line per work, one column per engine, and Rowmill's rate over the best other one's."""
    engines = [engine for engine in NAMES if any(engine in results.rates[work] for work in works)]
    rows = []
    for work in works:
        if not results.rates[work]:
            continue
        cells = [f"{TITLES[work]}, {unit(work)}"]
        for engine in engines:
            figure = results.figure(work, engine)
            cells.append(number(figure.median) if figure else "")
        complete = all(results.figure(work, engine) for engine in expected(work))
        best = results.best_rival(work) if complete else None
        ratio = results.ratio(work, best) if best else None
        cells.append(f"{ratio.median:.2f} ({NAMES[best]})" if ratio else "")
        rows.append(cells)
    head = ["work"] + [NAMES[engine] for engine in engines] + ["Rowmill / best other one"]
    return "\n\n".join(filter(None, [table(head, rows), missing(results)]))


def percent(value):
    return "" if value is None else f"{100 * value:.1f} %"


def options_text(options):
    parts = [f"{name} {'on' if value is True else 'off' if value is False else value}"
             for name, value in options.items() if value not in (None, [], "")]
    return ", ".join(parts) or "defaults"


def details(results, work, gold):
    """One line per engine. `gold`: the right labels of the job's rows, where there are any."""
    job = "decode-64" if work == "prefill" else work
    ours = results.answers[job].get("rowmill", {})
    rows = []
    for engine in NAMES:
        figure = results.figure(work, engine)
        if not figure:
            continue
        answers = results.answers[job][engine]
        ratio = results.ratio(work, engine)
        cells = [NAMES[engine], options_text(results.options[work][engine]),
                 str(results.rows[work][engine]), number(figure.median),
                 f"{number(figure.low)} to {number(figure.high)}",
                 "" if engine == "rowmill" or not ratio
                 else f"{ratio.median:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"]
        if gold:
            labelled = {row: answer for row, answer in answers.items() if answer}
            cells += [percent(len(labelled) / len(answers)) if answers else "",
                      percent(summary.accuracy(answers, gold)),
                      "" if engine == "rowmill" else percent(summary.agreement(ours, labelled))]
        else:
            cells += ["" if engine == "rowmill"
                      else percent(summary.leading_agreement(ours, answers))]
        rows.append(cells)
    head = ["engine", "options", "rows a round", f"median {unit(work)}", "range",
            "Rowmill / this"]
    if gold:
        head += ["answered with a label", "accuracy", "then same as Rowmill"]
    else:
        head += ["same text as Rowmill"]
    return f"### {TITLES[work]}\n\n" + table(head, rows)


def rounds_text(records):
    count = len({record["turn"] for record in records})
    return f"{count} round" + ("s" if count != 1 else "")


def others_shares(records):
    return [result["cpu"]["others"] for record in records for result in record["results"]]


def short_document(header, records):
    """The generated part of README.md."""
    machine = header["machine"]
    busy = ", on a busy machine" if mean(others_shares(records)) > BUSY else ""
    return (f"{machine['cpu']} (family {machine['family']}, model {machine['model']}), "
            f"{machine['cores']} cores, {header['date']}, median of {rounds_text(records)}{busy}:"
            f"\n\n{overview(Results(records))}")


def conditions(header, records):
    machine = header["machine"]
    readings = [result["cpu"] for record in records for result in record["results"]]
    others = others_shares(records)
    steal = [reading["steal"] for reading in readings]
    load = [reading["load"] for reading in readings]
    versions = sorted({f"{name} {version}" for record in records
                       for name, version in record["versions"].items()
                       if name != "llama.cpp"})
    built = {record["versions"]["llama.cpp"] for record in records
             if "llama.cpp" in record["versions"]}
    lines = [
        f"- {header['date']}, {rounds_text(records)}; model `{header['model']}`; "
        f"{machine['cores']} cores, as many threads for each engine.",
        f"- {machine['cpu']} (family {machine['family']}, model {machine['model']}), "
        f"{machine['memory_gib']} GiB; {' '.join(machine['flags'])}; Linux {machine['kernel']}.",
        f"- Versions: {', '.join(versions)}"
        + (f" ({', '.join(sorted(built))})" if built else "") + ".",
        f"- While it was measured, others took {percent(mean(others))} of the processors "
        f"({percent(max(others))} at worst), the host {percent(mean(steal))} "
        f"({percent(max(steal))} at worst); load average {min(load)} to {max(load)}.",
    ]
    if mean(others) > BUSY:
        lines.append("- **The machine was busy.** Ratios within a round hold better than the "
                     "rates; a quiet run has to confirm both.")
    return "\n".join(lines)


def steadiness(results):
    if not results.unsteady:
        return ("Every engine answered each row in the same way in every round in which it had "
                "it.")
    names = sorted(f"{NAMES[engine]} ({job})" for engine, job in results.unsteady)
    return "Not every row got the same answer in every round from: " + ", ".join(names) + "."


def loads(results):
    return "Seconds to load the model, not counted above: " + ", ".join(
        f"{NAMES[engine]} {summary.figure(results.loads[engine]).median:.1f}"
        for engine in NAMES if engine in results.loads) + "."


def document(header, records, gold):
    """The generated part of docs/benchmarks.md. `gold`: job to right labels."""
    results = Results(records)
    parts = [conditions(header, records), overview(results)]
    parts += [details(results, work, gold.get(work, [])) for work in TITLES
              if results.rates[work]]
    parts += [loads(results), steadiness(results)]
    return "\n\n".join(parts)


def replace_between(text, name, content):
    """The text with what stands between the markers of that name replaced."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(begin) > text.index(end):
        raise ValueError(f"the markers {begin} and {end} must stand there once each, in that order")
    before, rest = text.split(begin)
    return f"{before}{begin}\n{content}\n{end}{rest.split(end)[1]}"


def read_records(path):
    """The header and the records of a results file; without a line that a kill cut off."""
    header, records = None, []
    for line in path.read_text().splitlines():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        if "machine" in entry:
            header = entry
        else:
            records.append(entry)
    return header, records
