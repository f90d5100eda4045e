"""The pass through the locked part by workers: blocks of examples go out, activations come back.

This process alone writes what is kept, in the order of the examples: no folder need be shared.
"""

import contextlib
import functools
import tempfile
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_transfer.cluster.block_engines import BLOCK, Engine, order_answers
from keras_transfer.cluster.block_worker import Answer, BlockJob
from keras_transfer.config.messages import name_some
from keras_transfer.data.shards.member_files import name_container
from keras_transfer.data.training_data import TrainingData
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.activations.activation_pass import (
    Passed,
    Rows,
    append_rows,
    keep_batches,
    list_passed,
    trace_front,
)
from keras_transfer.training.cache.kept_examples import Store
from keras_transfer.training.cache.memory_store import Layout, count_bytes
from keras_transfer.training.plan.training_parts import CachePlan
from keras_transfer.training.progress_display import showing_steps

MOST = 2**25  # bytes of the activations of a block, unless those of a batch are more
FRONT = "front.keras"

Item = tuple[int, int]  # which of those passed, and the row in its split


def compute_with_workers(
    front: keras.Model,
    plan: CachePlan,
    data: TrainingData,
    store: Store,
    quiet: bool,
    target: TrainingData | None,
    engine: Engine,
) -> None:
    """Do what `compute_arrays` does, by an engine; a block whose worker ends is done again.

    Args:
        front: As there, and the others, too.
        plan: Names the arrays and the number of views.
        data: The examples.
        store: Gets the arrays.
        quiet: Show no progress.
        target: Images of another domain.
        engine: Where blocks are answered.

    Raises:
        ConfigError: The engine cannot be used, or an example ends each worker that reads it.
        OverflowError: An activation is beyond 65504, the largest float16.
    """
    passed = list_passed(plan, data, store, target)
    spans = [*_cut(passed, plan.layout)]
    if not spans:  # then no worker need start
        return
    size = sum(len(rows) for _, rows in spans) // len(spans)
    blocks = ([(part, row) for row in rows] for part, rows in spans)
    nothing = data.cut_out("train", np.arange(0))
    job = BlockJob(
        opening=functools.partial(
            open_front, _write_front(front), dict(plan.layout), nothing, data.longest
        ),
        seen=tuple(filter(None, map(_find_file, passed))),
        name=lambda item: _name_examples(passed[item[0]], item[1]),
        pack=lambda items: _pack(passed, items),
    )
    with (
        contextlib.closing(_ask(engine, job, blocks)) as answers,
        showing_steps(answers, "cache", len(spans), size, quiet) as shown,
    ):
        for found in shown:
            if isinstance(found, Exception):
                raise found
            append_rows(store, found)


def open_front(
    content: bytes, layout: Layout, nothing: TrainingData, longest: int | None
) -> Answer:
    """Read the locked part of a network, and return what passes a block through it.

    Args:
        content: Of a file that Keras wrote.
        layout: Of the arrays.
        nothing: Data of the kind that goes in, without examples.
        longest: As `fill_rows` takes it.

    Returns:
        A function whose answers are `Rows`, or what the pass raised where it is to be raised by
        whoever asks.
    """
    from keras_transfer.training.devices import grow_gpu_memory

    grow_gpu_memory()  # the training that asks may need the rest of it
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / FRONT
        file.write_bytes(content)
        run_batch = trace_front(keras.models.load_model(file, compile=False), nothing)

    def answer(passed: Passed, lost: Mapping[int, str]) -> Rows | Exception:
        if lost:
            names = [str(passed.data.splits[passed.split].paths[place]) for place in lost]
            raise ConfigError(
                "Examples must not end the process that reads them. Received: "
                f"{name_some(names)}. Take out of the data set what does, and begin a new run."
            )
        try:
            batches = passed.open_batches()
            found = list(keep_batches(passed, batches, run_batch, layout, longest))
        except (OverflowError, OSError, tf.errors.OpError) as error:
            return error
        return {name: np.concatenate([rows[name] for rows in found]) for name in found[0]}

    return answer


def _cut(passed: Sequence[Passed], layout: Layout) -> Iterator[tuple[int, range]]:
    """Yield which of those passed each block is of, and its rows in their split.

    None cuts a batch, so that batches are those of one process.
    """
    for number, (kind, data, split, *_) in enumerate(passed):
        count, batch = len(data.splits[split]), data.batch_size
        kept = {
            name: ((batch, *shape[1:]), dtype)
            for name, (shape, dtype) in layout.items()
            if name.startswith(f"{kind}_")
        }
        size = batch * max(1, min(BLOCK // batch, MOST // count_bytes(kept)))
        for begin in range(0, count, size):
            yield number, range(begin, min(begin + size, count))


def _ask(
    engine: Engine, job: BlockJob, blocks: Iterable[list[Item]]
) -> Generator[Rows | Exception, None, None]:
    yield from order_answers(engine.answer(job, enumerate(blocks)))


def _pack(passed: Sequence[Passed], items: Sequence[Item]) -> Passed:
    """Return neighbouring examples as they are sent: with the data of these alone."""
    numbers, rows = zip(*items, strict=True)
    part = passed[numbers[0]]
    data = part.data.cut_out(part.split, np.array(rows))
    return part._replace(data=data, begin=part.begin + rows[0])


def _write_front(front: keras.Model) -> bytes:
    """Return the file of a network: its graph, and its weights as they are now."""
    with tempfile.TemporaryDirectory() as folder:
        front.save(Path(folder) / FRONT)
        return (Path(folder) / FRONT).read_bytes()


def _find_file(passed: Passed) -> str | None:
    """Return a file that workers must see, where they read any."""
    part = passed.data.splits[passed.split]
    if part.states is None or not len(part):
        return None
    return name_container(passed.data.root / str(part.paths[0]))


def _name_examples(passed: Passed, row: int) -> str:
    return str(passed.data.splits[passed.split].paths[row])
