#!/usr/bin/env python3
"""Rows per second while the prefix that all rows share grows: the same news items each time, with 0, 250,
500 and 1,000 tokens in front of them.

    bench/e2e/shared_prefix.py state.json            calls itself done when it has printed a table

Each row is scored for four topics. The prefix is text of GSM8K, cut at a word, so its length is that of the
next word's end. Its own computation is part of the time, as in any job; --rows says over how many rows it
is spread.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import series

LENGTHS = (0, 250, 500, 1000)
ARTICLE = "Article: {{title}}. {{description}}\nTopic:"


def prefix(arguments, text, length):
    """The beginning of the text up to the first word that ends at `length` tokens or later."""
    if length == 0:
        return ""
    lines = subprocess.run([arguments.rowmill, "tokenize", text, "-m", arguments.model],
                           capture_output=True, text=True, check=True).stdout.splitlines()
    pieces = [line.split("'", 1)[1][:-1] for line in lines]
    end = length
    while not pieces[end].startswith(" "):
        end += 1
    return "".join(pieces[:end]) + "\n\n"


def main():
    parser = series.parser(__doc__)
    parser.add_argument("--rows", type=int, default=300)
    arguments = parser.parse_args()
    import jobs

    data = jobs.Data(arguments.data)
    # Without quotes and line breaks, which `tokenize` prints as escapes.
    text = " ".join(" ".join(data.questions).replace("'", "").replace("\\", "").split())
    text = "".join(character for character in text if character.isascii())[:20000]
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.jsonl"
        rows.write_text("".join(json.dumps(row) + "\n" for row, _ in data.news[:arguments.rows]))

        def point(length):
            prompt = Path(folder) / f"{length}.txt"
            prompt.write_text(prefix(arguments, text, length) + ARTICLE)

            def measure():
                report = series.run_job(arguments, [
                    "classify", rows, "--labels", ",".join(jobs.TOPICS), "--raw-prompt",
                    "--prompt-file", prompt])
                return {"rows_per_second": series.rows_per_second(report),
                        "prompt_tokens": report["tokens"]["prompt"] / report["rows"]["total"]}
            return measure

        results = series.run(arguments, {str(length): point(length) for length in LENGTHS})
    if results is None:
        return 1
    show(results, arguments.rows)
    return 0


def show(results, num_rows):
    base = results["0"]
    print(f"\n{num_rows} rows\n\n| tokens in front | tokens of a prompt | rows/s, median | range "
          "| of the rate without |\n| ---: | ---: | ---: | ---: | ---: |")
    for length, values in results.items():
        rates = [value["rows_per_second"] for value in values]
        ratios = [rate / first["rows_per_second"] for rate, first in zip(rates, base)]
        print(f"| {length} | {values[0]['prompt_tokens']:.0f} | {statistics.median(rates):.1f} "
              f"| {min(rates):.1f} to {max(rates):.1f} | {statistics.median(ratios):.2f} |")


if __name__ == "__main__":
    sys.exit(main())
