"""BLOCK_ENGINES: where blocks of examples are answered, here or by the workers of a cluster."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from keras_transfer.cluster.block_worker import BlockJob
from keras_transfer.cluster.block_workers import answer_with_workers
from keras_transfer.cluster.ray_connection import connecting, count_workers
from keras_transfer.config.lookup import lookup
from keras_transfer.config.validation import is_count, require
from keras_transfer.system.errors import ConfigError

# Some seconds of work, beside which the milliseconds of a message to a worker and the last batch
# that nothing follows are little, and which are soon done again. A multiple of the batches of 32 of
# all networks, so that these, and so the numbers, are those without blocks.
BLOCK = 512

HERE, RAY = "processes", "ray"  # as compare calls its engines

Item = TypeVar("Item")
Blocks = Iterable[tuple[int, Sequence[Any]]]
Answers = Iterator[tuple[int, Any]]


def cut_blocks(items: Sequence[Item], done: Iterable[int] = ()) -> list[tuple[int, Sequence[Item]]]:
    """Return the number of each block and its examples, without those that are done."""
    left_out = set(done)
    numbers = range(-(-len(items) // BLOCK))
    return [(n, items[n * BLOCK : (n + 1) * BLOCK]) for n in numbers if n not in left_out]


def order_answers(answers: Answers) -> Iterator[Any]:
    """Yield the answers to blocks 0, 1, 2 … in this order, each as soon as it can be."""
    early: dict[int, Any] = {}
    following = 0
    for number, answer in answers:
        early[number] = answer
        while following in early:
            yield early.pop(following)
            following += 1


def check_engine(engine: str, workers: int | None) -> None:
    """Raise a `ConfigError` for an engine that is none, or workers that it has not."""
    lookup(BLOCK_ENGINES, "engine", engine)
    if workers is None:
        return
    require(is_count(workers), "workers", "a whole number from 1", workers)
    if engine != RAY:
        raise ConfigError(
            f"`workers` must be left out without --engine ray. Received: {workers}. All cores of "
            "this machine are used anyway."
        )


def answer_here(job: BlockJob, blocks: Blocks, workers: int | None) -> Answers:
    """Yield the number of each block and its answer, computed in this process."""
    answer = job.opening()
    for number, items in blocks:
        yield number, answer(items, {})


def answer_with_ray(job: BlockJob, blocks: Blocks, workers: int | None) -> Answers:
    """Yield the number of each block and its answer, about in the order in which they end.

    Args:
        job: What is asked.
        blocks: Of its examples.
        workers: On the cluster that runs, else on this machine. None: one for each GPU of it, or
            for each CPU where there is none.

    Raises:
        ConfigError: Ray or a worker cannot be used, and why.
    """
    with connecting(workers) as ray:
        yield from answer_with_workers(ray, job, blocks, workers or count_workers(ray))


BLOCK_ENGINES: Mapping[str, Callable[[BlockJob, Blocks, int | None], Answers]] = {
    HERE: answer_here,
    RAY: answer_with_ray,
}
