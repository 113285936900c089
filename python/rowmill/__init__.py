"""Rowmill: a language model over every row of a table, on CPUs, fast, with the same answer every time.

    import rowmill

    model = rowmill.Model("smollm2")
    result = model.classify(table, text="review", labels=["praise", "complaint"])
    result.to_pandas()

The same engine and the same options as the command `rowmill`, whose bytes the answers are; see
docs/python.md.
"""

from ._core import (DataError, Error, InternalError, IoError, ModelError, ResourceError, StoppedError,
                    UsageError)
from ._core import version as __version__
from ._model import Model, TooManyErrors
from ._result import Result

__all__ = ["DataError", "Error", "InternalError", "IoError", "Model", "ModelError", "ResourceError",
           "Result", "StoppedError", "TooManyErrors", "UsageError", "__version__"]
