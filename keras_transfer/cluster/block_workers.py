"""Blocks of examples, answered by workers of a Ray cluster; what a dead one leaves is done again.

These are plain actors, not Ray Data: that gives the block of a dead worker to the next one without
end (`max_task_retries=-1` in 2.60), so that one image would end them all, and cannot cut a block to
find which. What it has besides, shuffles and streams between operators, is not needed here.
"""

import contextlib
import logging
import math
import queue
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from keras_transfer.cluster.block_worker import BlockJob, BlockWorker, read_versions
from keras_transfer.cluster.ray_connection import read_variables, share_cluster
from keras_transfer.config.messages import count_of
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)

AHEAD = 4  # blocks a worker that may be done, or under way, before one that comes first
PART = 32  # examples of a block that ended two workers which are tried at once
STARTS = 3  # times that a worker is started before it is given up
PATIENCE = 60.0  # seconds after which it is said that no worker can be had
NO_PACKAGE = "failed to import on the worker"  # as Ray says of `BlockWorker`
FATAL = "it ends the process that reads it"


class _Died(Exception):
    """A worker is gone, with its machine or alone."""


def answer_with_workers(
    ray: Any, job: BlockJob, blocks: Iterable[tuple[int, Sequence[Any]]], workers: int
) -> Iterator[tuple[int, Any]]:
    """Yield the number of each block and its answer, see `answer_with_ray`.

    A block whose worker dies is given to another one. If that dies, too, the block is searched for
    the example that does it, which is tried twice alone and then left out.

    Raises:
        ConfigError: A worker cannot be used and why, or the job refuses an example.
    """
    pool = _Pool(ray, job, workers)
    threads = ThreadPoolExecutor(workers)
    waiting: dict[Future[Any], tuple[int, int]] = {}  # to its place and its number
    try:
        for place, (number, items) in enumerate(blocks):
            waiting[threads.submit(pool.answer, items)] = place, number
            # one more than there are workers, so that none waits for whoever takes the answers
            while len(waiting) > workers or place > _find_first(waiting) + AHEAD * workers:
                yield from _take_done(waiting)
        while waiting:
            yield from _take_done(waiting)
    finally:
        pool.close()
        threads.shutdown(cancel_futures=True)


def _find_first(waiting: Mapping[Any, tuple[int, int]]) -> float:
    """Return the place of the first block that is not answered."""
    return min((place for place, _ in waiting.values()), default=math.inf)


def _take_done(waiting: dict[Future[Any], tuple[int, int]]) -> Iterator[tuple[int, Any]]:
    for future in wait(waiting, return_when=FIRST_COMPLETED).done:
        yield waiting.pop(future)[1], future.result()


class _Pool:
    """Workers, each of which has one block at a time; a dead one is replaced."""

    def __init__(self, ray: Any, job: BlockJob, workers: int) -> None:
        self._ray, self._job = ray, job
        options = share_cluster(ray, workers, job.on_gpu) | {
            "runtime_env": {"env_vars": read_variables()}
        }
        self._kind = ray.remote(BlockWorker).options(**options)
        self._opening = ray.put(job.opening)  # once for all workers: a network may be in it
        self._idle: queue.Queue[Any] = queue.Queue()  # workers, or the error that ends all
        self._actors: set[Any] = set()
        self._closed = False
        self._said: set[str] = set()
        for _ in range(workers):
            self._start()

    def answer(self, items: Sequence[Any]) -> Any:
        """Return the answer to a block."""
        for left in (True, False):
            try:
                return self._ask(items)
            except _Died as death:
                if self._closed:  # nobody waits for it
                    raise
                rest = "it is done again" if left else "looking for the one that ends them"
                count = count_of(len(items), "example")
                logger.warning("A worker ended with a block of %s (%s): %s", count, death, rest)
        lost = self._find_fatal(items)
        names = [self._job.name(items[place]) for place in lost]
        try:
            return self._ask(items, lost)
        except _Died as death:
            raise ConfigError(
                "Workers must live through a block of examples. Received: "
                f"{self._job.name(items[0])} and {len(items) - 1} more, which end them ({death}), "
                f"{'without ' + ', '.join(names) if names else 'but not one by one'}. Give each "
                "worker more memory: --workers 1."
            ) from death

    def close(self) -> None:
        """End all workers, and whoever waits for one."""
        self._closed = True
        self._idle.put(ConfigError("Workers must be there. Received: none any more."))
        for actor in [*self._actors]:
            with contextlib.suppress(self._ray.exceptions.RayError):  # the cluster itself is gone
                self._ray.kill(actor)

    def _find_fatal(self, items: Sequence[Any]) -> dict[int, str]:
        """Return the places of the examples that end a worker, each tried twice."""
        found = {}
        for start in range(0, len(items), PART):
            part = items[start : start + PART]
            if self._is_survived(part):
                continue
            for place, item in enumerate(part, start):
                if not self._is_survived([item]) and not self._is_survived([item]):
                    found[place] = FATAL
        return found

    def _is_survived(self, items: Sequence[Any]) -> bool:
        try:
            self._ask(items)
        except _Died:
            return False
        return True

    def _ask(self, items: Sequence[Any], lost: Mapping[int, str] | None = None) -> Any:
        actor = self._idle.get()
        if isinstance(actor, BaseException):
            self._idle.put(actor)  # for the next one
            raise actor
        try:
            found, warnings = self._await(actor.answer.remote(self._job.pack(items), lost or {}))
        except _Died:
            self._actors.discard(actor)
            self._start()
            raise
        except BaseException:
            self._idle.put(actor)
            raise
        self._idle.put(actor)
        for words in warnings.keys() - self._said:
            logger.warning("%s", warnings[words])
        self._said |= warnings.keys()
        return found

    def _start(self) -> None:
        threading.Thread(target=self._start_one, daemon=True).start()

    def _start_one(self) -> None:
        """Start a worker and put it among the idle ones; what prevents that, if it cannot be."""
        fault = ""
        for _ in range(STARTS):
            if self._closed:
                return
            actor = self._kind.remote()
            self._actors.add(actor)
            try:
                opened = actor.open.remote(self._opening, read_versions(), self._job.seen)
                self._await(opened, say_waiting=True)
            except _Died as death:
                fault = str(death)
                self._actors.discard(actor)
            except BaseException as error:  # for those who wait for it
                self._idle.put(error)
                return
            else:
                self._idle.put(actor)
                return
        self._idle.put(
            ConfigError(
                "A worker of the cluster must be able to start, with keras_transfer installed. "
                f"Received: one that ends {STARTS} times ({fault})."
            )
        )

    def _await(self, promised: Any, say_waiting: bool = False) -> Any:
        """Return what a worker promised.

        Raises:
            _Died: The worker is gone.
            ConfigError: It lacks the package, or refuses the work.
        """
        if say_waiting and not self._ray.wait([promised], timeout=PATIENCE)[0]:
            logger.warning("A worker takes over %.0f s to come: there may be no room", PATIENCE)
        try:
            return self._ray.get(promised)
        except self._ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, ConfigError):
                raise cause from None
            if NO_PACKAGE in (words := str(cause or error)):
                raise ConfigError(
                    "`keras_transfer` must be installed on every machine of the cluster. Received: "
                    f"{words.splitlines()[-1]}. Install it there, in the Python of Ray."
                ) from error
            if isinstance(error, self._ray.exceptions.RayTaskError):  # our own code raised it
                raise
            raise _Died(_say_death(error)) from error


def _say_death(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
