"""What a call has made: the rows with their answers, and how it went."""

import json
import os

from . import _tables


class Result:
    """The rows of a call with their answers, as a table, and the run's measures.

    Every library that reads Arrow takes it as it is: `pyarrow.table(result)`, `polars.DataFrame(result)`,
    `duckdb.from_arrow(result)`. The columns of a table that was given are its own buffers, not copies.
    """

    def __init__(self, outcome, output=None):
        self._outcome = outcome
        self._output = None if output is None else os.fspath(output)
        self._run = None

    def __arrow_c_stream__(self, requested_schema=None):
        return self._outcome.stream()

    def __len__(self):
        return self.run["rows"]["total"] if self._output is not None else self._outcome.num_rows

    def __repr__(self):
        rows = self.run.get("rows", {})
        counts = ", ".join(f"{rows[name]} {name}" for name in
                           ("ok", "truncated", "invalid", "error", "skipped") if rows.get(name))
        where = f" in {self._output!r}" if self._output is not None else ""
        return f"<rowmill.Result of {self.run['task']}: {len(self)} rows{where} ({counts})>"

    def to_arrow(self):
        """The rows as a `pyarrow.Table`."""
        return _tables.pyarrow().table(self)

    def to_pandas(self):
        """The rows as a `pandas.DataFrame`."""
        return self.to_arrow().to_pandas()

    def to_polars(self):
        """The rows as a `polars.DataFrame`."""
        import polars

        return polars.DataFrame(self)

    def to_dataset(self):
        """The rows as a `datasets.Dataset`."""
        import datasets

        return datasets.Dataset(self.to_arrow())

    @property
    def output(self):
        """The path of the output file; None where the rows are here."""
        return self._output

    @property
    def run(self):
        """What `OUTPUT.run.json` of the command line holds: versions, options, counts, measures."""
        if self._run is None:
            self._run = self._read_run()
        return self._run

    def _read_run(self):
        run = json.loads(self._outcome.run_json)
        # Of a job that had finished before there is no more than what it left.
        if self._output is not None and not run.get("task"):
            with open(self._output + ".run.json", encoding="utf-8") as file:
                return json.load(file)
        return run

    @property
    def measures(self):
        """Speed, efficiency and, with `gold`, accuracy: one flat dict of numbers."""
        numbers = {name: value for name, value in self.run["measures"].items()
                   if isinstance(value, (int, float))}
        gold = self.run.get("gold", {})
        numbers.update({name: value for name, value in gold.items()
                        if isinstance(value, (int, float)) and name != "rows"})
        return numbers

    @property
    def summary(self):
        """What the command line says at the end of a run."""
        return self._outcome.printed + self._outcome.told

    def report(self, path):
        """Writes the page of the run, with charts and the rows to look at."""
        self._outcome.write_report(os.fspath(path))

    def plot(self, axes=None):
        """Draws the rows by status, and the confusion of a `gold` column where there is one.

        Needs matplotlib (`pip install 'rowmill[plot]'`). Returns the axes.
        """
        import matplotlib.pyplot as pyplot

        gold = self.run.get("gold", {})
        confusion = gold.get("confusion")
        if axes is None:
            _, axes = pyplot.subplots(1, 2 if confusion else 1, figsize=(9 if confusion else 5, 3.5),
                                      layout="constrained")
        drawn = list(axes.flat) if hasattr(axes, "flat") else [axes]
        rows = {name: count for name, count in self.run["rows"].items()
                if name in ("ok", "truncated", "invalid", "error", "skipped") and count}
        drawn[0].barh(list(rows), list(rows.values()))
        drawn[0].invert_yaxis()
        drawn[0].set_xlabel("rows")
        drawn[0].set_title(f"{self.run['task']}: {self.run['rows']['total']} rows")
        if confusion and len(drawn) > 1:
            _draw_confusion(drawn[1], gold)
        return axes


def _draw_confusion(axes, gold):
    labels = [entry["label"] for entry in gold["classes"]]
    counts = [row[:len(labels)] for row in gold["confusion"][:len(labels)]]
    axes.imshow(counts, cmap="Blues")
    axes.set_xticks(range(len(labels)), labels)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel("answer")
    axes.set_ylabel("gold")
    axes.set_title(f"accuracy {gold['accuracy']:.3f}")
    for row, line in enumerate(counts):
        for column, count in enumerate(line):
            axes.text(column, row, str(count), ha="center", va="center",
                      color="white" if count > max(map(max, counts)) / 2 else "black")
