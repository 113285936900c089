"""Models and their tasks. The tasks are methods that are made of the command line's own list of commands
and options: a task that `rowmill` learns is here without code of its own."""

import inspect
import os

from . import _arguments, _core, _progress, _tables
from ._result import Result

_FAILED = {2: _core.DataError}


class TooManyErrors(_core.Error):
    """More rows were invalid or failed than `max_errors` allows. `result` has what was done."""

    exit_code = 5


class Model:
    """A model that stays in memory from call to call.

    `model` is what `--model` of the command line takes: a GGUF file, a Hugging Face folder, a name that
    `rowmill models` lists, or `hf:user/repo[:quant]`; without it each task takes its default. Options given
    here hold for every call, and a call may give others.

    >>> import rowmill
    >>> model = rowmill.Model("smollm2")
    >>> rows = [{"id": 1, "review": "A great little knife."}, {"id": 2, "review": "It broke at once."}]
    >>> model.sentiment(rows, text="review").to_arrow()["label"].to_pylist()
    ['positive', 'negative']
    """

    def __init__(self, model=None, **options):
        self._options = dict(options)
        if model is not None:
            self._options["model"] = model
        self._kept = _core.KeptModels()

    def __repr__(self):
        return f"rowmill.Model({self._options.get('model', None)!r})"

    def __getstate__(self):
        # Weights are loaded again where a copy is used first.
        return self._options

    def __setstate__(self, options):
        self._options = options
        self._kept = _core.KeptModels()

    def close(self):
        """Frees the weights; the next call loads them again."""
        self._kept.clear()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def map(self, task, data, *, output=None, progress="auto", **options):
        """Runs a task by its name over `data`; the methods of that name do the same.

        `data` is a table that speaks Arrow (pyarrow, pandas, polars, DuckDB, datasets), a list of texts or
        dicts, or the path of a file. With `output` the rows go to that file, through a journal: the same
        call goes on where one was stopped. Without it they are in the Result.

        `progress` is True, False, "auto" (a line in terminals and notebooks), or a function of (stage, rows
        done, rows, tokens done, tokens, seconds). Every other keyword is the option of that name of
        `rowmill TASK --help`.
        """
        merged = {**self._options, **options}
        if output is not None:
            merged["output"] = output
        table = None if _tables.is_path(data) else _tables.table_of(data)
        source = _arguments.TABLE if table is not None else os.fspath(data)
        outcome = self._run([task], source, merged, table, progress)
        result = Result(outcome, output)
        if outcome.exit_code:
            error = _FAILED.get(outcome.exit_code, TooManyErrors)(outcome.error)
            error.result = result
            raise error
        return result

    def plan(self, task, data, **options):
        """What a task would do with `data`, as text: rows, tokens, memory. Runs nothing.

        >>> import rowmill
        >>> rowmill.Model("smollm2").plan("sentiment", ["Fine.", "Fine."]).splitlines()[0].split()
        ['rows', '2']
        """
        table = None if _tables.is_path(data) else _tables.table_of(data)
        source = _arguments.TABLE if table is not None else os.fspath(data)
        return self._run(["plan", task], source, {**self._options, **options}, table, False).printed

    def stream(self, task, batches, *, rows=8192, progress=False, **options):
        """Runs a task over an iterator of record batches (or tables) and yields a Result for each part.

        A part is as many batches as make up `rows` rows, so that memory does not grow with the stream. The
        answers are those of one call over everything. What parts do not share is work: duplicates are found
        and common beginnings computed within a part, and `label_norm="prior"` is measured for each.
        """
        table = _core.Table()
        for batch in batches:
            _tables.add(table, batch)
            if table.num_rows >= rows:
                yield self._part(task, table, progress, options)
                table = _core.Table()
        if table.num_rows:
            yield self._part(task, table, progress, options)

    def _part(self, task, table, progress, options):
        merged = {**self._options, **options}
        return Result(self._run([task], _arguments.TABLE, merged, table, progress))

    def _run(self, command, source, options, table, progress):
        words = command[:-1] + _arguments.words(command[-1], source, options)
        callback = _progress.callback(progress)
        try:
            return _core.run(words, table, self._kept, callback, None)
        finally:
            if hasattr(callback, "close"):
                callback.close()


def _documentation(task):
    lines = [task.text[0].upper() + task.text[1:] + ".", "",
             "`data`, `output` and `progress` are those of `map`. The options are the command line's:", ""]
    for name, option in _arguments.call_options(task).items():
        kind = "" if option.is_switch else f" ({option.type_name})" if option.type_name else ""
        lines.append(f"    {name}{kind}: {option.text}")
    return "\n".join(lines)


def signature(task):
    """The parameters of a task's method, for people and for type stubs."""
    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY),
                  inspect.Parameter("data", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    parameters += [inspect.Parameter("output", kind, default=None),
                   inspect.Parameter("progress", kind, default="auto")]
    for name, option in _arguments.call_options(task).items():
        is_needed = option.is_positional and option.is_required
        default = inspect.Parameter.empty if is_needed else None
        parameters.append(inspect.Parameter(name, kind, default=default))
    return inspect.Signature(parameters)


def _method(task):
    def run(self, data, *, output=None, progress="auto", **options):
        return self.map(task.name, data, output=output, progress=progress, **options)

    run.__name__ = task.name
    run.__qualname__ = f"Model.{task.name}"
    run.__doc__ = _documentation(task)
    run.__signature__ = signature(task)
    return run


for _task in _arguments.TASKS.values():
    setattr(Model, _task.name, _method(_task))
