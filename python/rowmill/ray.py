"""Rowmill on Ray Data: the same answers from a cluster of machines.

    import ray, rowmill.ray

    answers = rowmill.ray.run("sentiment", ray.data.read_parquet("reviews/"), model="smollm2", text="review")
    answers.write_parquet("answers/")

Rows are answered by actors that keep the model, one on each node by default. A row that cannot be answered
says so in its columns `status` and `error` and ends nothing. A block whose actor dies is given to another
one, so that no row is lost and none is there twice; who gives an answer does not change a bit of it.
"""

import dataclasses
import os
from typing import Any, Callable, Optional

from . import _arguments
from ._model import Model

# Rows that an actor plans and runs together: duplicates and common beginnings are found among them.
BATCH_ROWS = 1024


class Task:
    """A callable class for `Dataset.map_batches`: each actor has one `rowmill.Model` and keeps it.

        dataset.map_batches(
            rowmill.ray.Task, fn_constructor_kwargs={"task": "sentiment", "model": "smollm2", "text": "review"},
            batch_format="pyarrow", batch_size=1024, compute=ray.data.ActorPoolStrategy(size=4), num_cpus=8)

    Options are those of `rowmill.Model.map`. Without `units` an actor has as many as Ray has given it CPUs.
    """

    def __init__(self, task: str, model: Optional[str] = None, **options: Any):
        options.setdefault("units", assigned_cpus())
        options.setdefault("progress", False)
        known = _arguments.TASKS.get(task)
        if known is not None and "packed_cache" in _arguments.call_options(known):
            # Packed weights are mapped from a file, whose pages all actors of a node share.
            options.setdefault("packed_cache", "on")
        self._task = task
        self._options = options
        self._model = Model(model)

    def __call__(self, batch):
        return self._model.map(self._task, batch, **self._options).to_arrow()


def assigned_cpus() -> int:
    """The CPUs that Ray has given to this actor or task; at least one."""
    import ray

    resources = ray.get_runtime_context().get_assigned_resources() if ray.is_initialized() else {}
    return max(1, int(resources.get("CPU", os.cpu_count() or 1)))


@dataclasses.dataclass
class ProcessorConfig:
    """What `build_processor` needs to know; the names are those of `ray.data.llm`."""

    task: str
    model: Optional[str] = None
    options: dict = dataclasses.field(default_factory=dict)  # of rowmill.Model.map
    batch_size: int = BATCH_ROWS
    # Actors: a number, or (fewest, most). None: one for each node of the cluster.
    concurrency: Any = None
    # CPUs that Ray reserves for an actor. None: those of a node but one, which reading and writing needs.
    num_cpus: Optional[float] = None


class Processor:
    """Maps a dataset to one with answers; made by `build_processor`."""

    def __init__(self, config, preprocess=None, postprocess=None):
        self._config = config
        self._preprocess = preprocess
        self._postprocess = postprocess

    def __call__(self, dataset):
        import ray

        config = self._config
        nodes = [int(node["Resources"]["CPU"]) for node in _nodes()]
        # A node's only actor uses all its cores, also the one that is not reserved: reading takes little.
        fewest = min(nodes)
        num_cpus = config.num_cpus if config.num_cpus is not None else max(1, fewest - 1)
        concurrency = config.concurrency if config.concurrency is not None else len(nodes)
        smallest, largest = concurrency if isinstance(concurrency, tuple) else (concurrency, concurrency)
        options = dict(config.options)
        if config.concurrency is None and config.num_cpus is None:
            options.setdefault("units", fewest)
        if self._preprocess is not None:
            dataset = dataset.map(self._preprocess)
        dataset = dataset.map_batches(
            Task, fn_constructor_kwargs={"task": config.task, "model": config.model, **options},
            batch_format="pyarrow", batch_size=config.batch_size, zero_copy_batch=True,
            compute=ray.data.ActorPoolStrategy(min_size=smallest, max_size=largest),
            num_cpus=num_cpus)
        return dataset if self._postprocess is None else dataset.map(self._postprocess)


def build_processor(config: ProcessorConfig, preprocess: Optional[Callable] = None,
                    postprocess: Optional[Callable] = None) -> Processor:
    """A processor in the manner of `ray.data.llm`: `build_processor(config)(dataset)`.

    `preprocess` and `postprocess` map a row (a dict) to a row before and after.
    """
    return Processor(config, preprocess, postprocess)


def run(task: str, dataset, *, model: Optional[str] = None, batch_size: int = BATCH_ROWS,
        concurrency=None, num_cpus=None, keep_together: Optional[str] = None, **options):
    """The dataset with the task's answers: its columns, the task's, `status` and `error`.

    Like every dataset it is computed where it is used. `keep_together` names a column: rows with equal
    values come behind each other, so that what their prompts begin with in common is computed once; the
    order of the rows is then that of the column. Other keywords are the options of `rowmill.Model.map`.
    """
    if keep_together is not None:
        dataset = dataset.sort(keep_together)
    config = ProcessorConfig(task, model, options, batch_size, concurrency, num_cpus)
    return Processor(config)(dataset)


def _nodes():
    import ray

    if not ray.is_initialized():
        ray.init()
    return [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
