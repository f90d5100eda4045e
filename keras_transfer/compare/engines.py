"""ENGINES: where the process of a row is started, and the process itself."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from keras_transfer.cluster.ray_connection import VARIABLES, connecting, share_cluster
from keras_transfer.system.errors import ConfigError


class Ending(NamedTuple):
    """How a process ended."""

    code: int  # negative: the signal that killed it
    peak_memory_mb: float | None  # None: this system does not tell


# Trains one row and waits for its end; its arguments are the first three of `train_row`.
Call = Callable[[Sequence[str], Path, Mapping[str, str]], Ending]


def train_row(
    words: Sequence[str],
    output: Path,
    variables: Mapping[str, str],
    stopping: Callable[[], bool] = lambda: False,
) -> Ending:
    """Train in a process of its own and wait for its end.

    If this is interrupted, or `stopping` says so, the process gets SIGTERM, upon which a training
    writes down where it is.

    Args:
        words: What Python is to run: -m keras_transfer.train and its words.
        output: File to which all that it prints is appended.
        variables: Those of `VARIABLES` that are set.
        stopping: Asked ten times a second.
    """
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    with output.open("ab") as stream:
        process = subprocess.Popen(
            [sys.executable, *words],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=kept | dict(variables),
            start_new_session=True,  # Ctrl-C is ours to pass on, once
        )
    peak: float | None = None
    try:
        while (code := process.poll()) is None:
            peak = _read_peak(process.pid) or peak
            if stopping():
                return Ending(_end(process), peak)
            time.sleep(0.1)
    except BaseException:
        _end(process)
        raise
    return Ending(code, peak)


def _end(process: "subprocess.Popen[bytes]") -> int:
    """Ask the process to end, wait until it has, and return its code."""
    process.terminate()
    return process.wait()


def _read_peak(pid: int) -> float | None:
    """Return the largest resident memory of a living process so far, in 10**6 bytes.

    What the system says of a process that has ended holds that of the one which started it, too.
    """
    with contextlib.suppress(OSError):  # it has ended, or this is not Linux
        found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.M)
        return round(int(found[1]) * 1024 / 1e6) if found else None
    return None


@contextlib.contextmanager
def use_processes(jobs: int, stop: threading.Event) -> Iterator[Call]:
    """Train on this machine.

    Args:
        jobs: Rows at the same time; this machine takes as many as there are calls.
        stop: Set when all are to end.
    """

    def call(words: Sequence[str], output: Path, variables: Mapping[str, str]) -> Ending:
        return train_row(words, output, variables, stop.is_set)

    yield call


@contextlib.contextmanager
def use_ray(jobs: int, stop: threading.Event) -> Iterator[Call]:
    """Train on the Ray cluster that runs, else on a local one with `jobs` workers.

    On a cluster the package must be installed on every machine, and the data set, the weights and
    the output must be on a disk that all of them share under the same path.

    Args:
        jobs: Rows at the same time.
        stop: Set when all are to end.
    """
    with connecting(jobs) as ray:
        task = ray.remote(_train_as_task).options(**share_cluster(ray, jobs), max_retries=0)

        def call(words: Sequence[str], output: Path, variables: Mapping[str, str]) -> Ending:
            return _await(ray, task.remote(list(words), output, dict(variables)), stop)

        yield call


ENGINES: Mapping[str, Callable[[int, threading.Event], contextlib.AbstractContextManager[Call]]] = {
    "processes": use_processes,
    "ray": use_ray,
}


def _train_as_task(words: Sequence[str], output: Path, variables: Mapping[str, str]) -> Ending:
    # Ray cancels a task by SIGINT, which workers ignore if a shell began all this in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return train_row(words, output, variables)


def _await(ray: Any, promised: Any, stop: threading.Event) -> Ending:
    """Return how a task ended; once `stop` is set, it is told to end.

    Raises:
        ConfigError: Ray could not run it, and why.
    """
    cancelled = False
    while not ray.wait([promised], timeout=0.5)[0]:  # seconds
        if stop.is_set() and not cancelled:
            cancelled = True
            ray.cancel(promised)  # KeyboardInterrupt in the task
    try:
        ending: Ending = ray.get(promised)
    except ray.exceptions.RayError as error:  # its machine is gone, say
        cause = getattr(error, "cause", None) or error  # of an error in the task itself
        fault = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
        raise ConfigError(f"Ray could not run the row ({fault}).") from error
    return ending
