"""Rowmill on Ray Data: the same answers from a cluster of machines.

    import ray, rowmill.ray

    answers = rowmill.ray.run("sentiment", ray.data.read_parquet("reviews/"), model="smollm2", text="review")
    answers.write_parquet("answers/")

Rows are answered by actors that keep the model; a row that cannot be answered says so in its columns
`status` and `error` and ends nothing. A block that an actor has not finished is given to another one, so
that no row is lost and none is there twice; answers do not depend on who gives them.
"""

import os

from ._model import Model

DEFAULT_BATCH_SIZE = 1024


class Task:
    """A callable class for `Dataset.map_batches`: it makes one `rowmill.Model` per actor.

        dataset.map_batches(rowmill.ray.Task, batch_format="pyarrow",
                            fn_constructor_kwargs={"task": "sentiment", "model": "smollm2", "text": "review"},
                            compute=ray.data.ActorPoolStrategy(size=4), num_cpus=8)

    Options are those of `rowmill.Model.map`. An actor's units are the CPUs that Ray has given to it.
    `keep_together` names a column whose equal values are brought together within a block, so that
    their common beginning is computed once; the rows come back in the order they had.
    """

    def __init__(self, task, model=None, *, keep_together=None, **options):
        self._task = task
        options.setdefault("units", _assigned_cpus())
        options.setdefault("progress", False)
        self._options = options
        # Rows are planned as a whole in any order, so that sharing needs no sorting within a batch.
        self._keep_together = keep_together
        self._model = Model(model)

    def __call__(self, batch):
        return self._model.map(self._task, batch, **self._options).to_arrow()
