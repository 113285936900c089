"""What people have rows in, as a table of Arrow record batches: nothing is copied where the library that
holds them speaks Arrow's PyCapsule interface."""

import os

from . import _core


def pyarrow():
    """The module, which is needed where rows are no table of a library yet, or are to be one of pyarrow."""
    try:
        import pyarrow
    except ImportError as error:
        raise ImportError("lists and dicts go in, and to_arrow and to_pandas come out, by pyarrow: "
                          "pip install pyarrow (or give a path, or a table of polars or DuckDB)") from error
    return pyarrow


def is_path(data):
    return isinstance(data, (str, os.PathLike))


def _with_indices(dataset):
    # A Dataset of Hugging Face that was shuffled or filtered is a list of row numbers over a table.
    return dataset.with_format("arrow")[:]


def add(table, data):
    """Adds what `data` holds to a `_core.Table`."""
    if hasattr(data, "with_format") and hasattr(data, "info"):
        data = _with_indices(data)
    if hasattr(data, "__arrow_c_stream__"):
        table.add_stream(data.__arrow_c_stream__())
    elif hasattr(data, "__arrow_c_array__"):
        table.add_batch(*data.__arrow_c_array__())
    elif isinstance(data, (list, tuple, dict)):
        table.add_stream(_from_objects(data).__arrow_c_stream__())
    else:
        raise _core.UsageError(
            f"a {type(data).__module__}.{type(data).__qualname__} is no table: give a path, a table of "
            "pyarrow, pandas, polars, DuckDB or datasets, or a list of texts or dicts")
    return table


def _from_objects(data):
    if isinstance(data, dict):
        return pyarrow().table(data)
    if data and all(isinstance(item, str) for item in data):
        return pyarrow().table({"text": list(data)})
    return pyarrow().Table.from_pylist(list(data))


def table_of(data):
    return add(_core.Table(), data)
