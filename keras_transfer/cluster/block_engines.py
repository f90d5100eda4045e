"""BLOCK_ENGINES: where blocks of examples are answered, here or by the workers of a cluster."""

import argparse
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from keras_transfer.cluster.block_worker import BlockJob
from keras_transfer.cluster.block_workers import answer_with_workers
from keras_transfer.cluster.ray_connection import connecting, count_machines, count_workers
from keras_transfer.config.lookup import lookup
from keras_transfer.config.messages import count_of
from keras_transfer.config.validation import is_count, require
from keras_transfer.system.errors import ConfigError

# Some seconds of work, beside which the milliseconds of a message to a worker and the last batch
# that nothing follows are little, and which are soon done again. A multiple of the batches of 32 of
# all networks, so that these, and so the numbers, are those without blocks.
BLOCK = 512

HERE, RAY = "processes", "ray"  # as compare calls its engines

logger = logging.getLogger(__name__)

Item = TypeVar("Item")
Blocks = Iterable[tuple[int, Sequence[Any]]]
Answers = Iterator[tuple[int, Any]]


class Engine(NamedTuple):
    """Where blocks are answered."""

    name: str = HERE
    """Key in `BLOCK_ENGINES`."""
    workers: int | None = None
    """As `answer_with_ray` takes them."""

    @property
    def is_here(self) -> bool:
        """Whether it is this process."""
        return self.name == HERE

    def answer(self, job: BlockJob, blocks: Blocks) -> Answers:
        """Yield the number of each block and its answer, about in the order in which they end."""
        return BLOCK_ENGINES[self.name](job, blocks, self.workers)


THIS_PROCESS = Engine()


def add_engine(parser: argparse.ArgumentParser, word: str = "workers", on_gpu: bool = True) -> None:
    """Add the options --engine and --workers to a parser.

    Args:
        parser: Of a command.
        word: What the help begins with, as that of its other options does.
        on_gpu: As in `BlockJob`.
    """
    text = f"{', '.join(BLOCK_ENGINES)}: where the work is done, on this machine or by the workers "
    text += f"of a Ray cluster (default: {HERE})"
    parser.add_argument("--engine", type=str, default=HERE, metavar="ENGINE", help=text)
    count = (
        "one for each GPU, or for each CPU where there is none" if on_gpu else "one for each CPU"
    )
    text = f"{word} of the cluster (default: {count})"
    parser.add_argument("--workers", type=int, metavar="N", help=text)


def choose_engine(name: str, workers: int | None) -> Engine:
    """Return what --engine and --workers say.

    Raises:
        ConfigError: There is no such engine, or it has no workers.
    """
    lookup(BLOCK_ENGINES, "engine", name)
    if workers is not None:
        require(is_count(workers), "workers", "a whole number from 1", workers)
        if name != RAY:
            raise ConfigError(
                f"`workers` must be left out without --engine ray. Received: {workers}. All cores "
                "of this machine are used anyway."
            )
    return Engine(name, workers)


def cut_blocks(
    items: Sequence[Item], done: Iterable[int] = (), multiple: int = 1
) -> list[tuple[int, Sequence[Item]]]:
    """Return the number of each block and its examples, without those that are done.

    Args:
        items: All examples.
        done: Numbers of blocks.
        multiple: Examples of a batch: none is cut.
    """
    left_out = set(done)
    size = max(1, BLOCK // multiple) * multiple
    numbers = range(-(-len(items) // size))
    return [(n, items[n * size : (n + 1) * size]) for n in numbers if n not in left_out]


def order_answers(answers: Answers) -> Iterator[Any]:
    """Yield the answers to blocks 0, 1, 2 … in this order, each as soon as it can be."""
    early: dict[int, Any] = {}
    following = 0
    for number, answer in answers:
        early[number] = answer
        while following in early:
            yield early.pop(following)
            following += 1


def answer_here(job: BlockJob, blocks: Blocks, workers: int | None) -> Answers:
    """Yield the number of each block and its answer, computed in this process."""
    answer = job.opening()
    for number, items in blocks:
        yield number, answer(job.pack(items), {})


def answer_with_ray(job: BlockJob, blocks: Blocks, workers: int | None) -> Answers:
    """Yield the number of each block and its answer, about in the order in which they end.

    Args:
        job: What is asked.
        blocks: Of its examples.
        workers: On the cluster that runs, else on this machine. None: one for each GPU of it, or
            for each CPU where there is none or the job has no use for it.

    Raises:
        ConfigError: Ray or a worker cannot be used, and why.
    """
    with connecting(workers) as ray:
        workers = workers or count_workers(ray, job.on_gpu)
        count, machines = count_of(workers, "worker"), count_of(count_machines(ray), "machine")
        logger.info("Ray: %s, %s", count, machines)
        yield from answer_with_workers(ray, job, blocks, workers)


BLOCK_ENGINES: Mapping[str, Callable[[BlockJob, Blocks, int | None], Answers]] = {
    HERE: answer_here,
    RAY: answer_with_ray,
}
