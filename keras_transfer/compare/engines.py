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

from keras_transfer.system.child_python import search_path
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.signals import EXIT_CODES

# What the numbers of a training, and where its cache is, depend on. Ray sets some of them for its
# workers (OMP_NUM_THREADS=1), and other machines of a cluster may lack them.
VARIABLES = (
    *("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
    *("TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS", "KERAS_BACKEND", "KERAS_HOME"),
    *("KERAS_TRANSFER_CACHE", "PYTHONPATH"),
)


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


def read_variables() -> dict[str, str]:
    """Return those of `VARIABLES` that this process has, and where the package is."""
    found = {name: os.environ[name] for name in VARIABLES if name in os.environ}
    return found | {"PYTHONPATH": search_path()}


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

    References:
        P. Moritz et al., "Ray: a distributed framework for emerging AI applications", OSDI 2018.
    """
    ray = _import_ray()
    connected = ray.is_initialized()  # by the caller, whose connection it stays
    if not connected:
        with _keeping_signals():
            _connect(ray, jobs)
    task = ray.remote(_train_as_task).options(**_share_cluster(ray, jobs))

    def call(words: Sequence[str], output: Path, variables: Mapping[str, str]) -> Ending:
        return _await(ray, task.remote(list(words), output, dict(variables)), stop)

    try:
        yield call
    finally:
        if not connected:
            ray.shutdown()


ENGINES: Mapping[str, Callable[[int, threading.Event], contextlib.AbstractContextManager[Call]]] = {
    "processes": use_processes,
    "ray": use_ray,
}


def _train_as_task(words: Sequence[str], output: Path, variables: Mapping[str, str]) -> Ending:
    # Ray cancels a task by SIGINT, which workers ignore if a shell began all this in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return train_row(words, output, variables)


def _share_cluster(ray: Any, jobs: int) -> dict[str, Any]:
    """Return what Ray is to keep for a row, of which `jobs` run at the same time."""
    options: dict[str, Any] = {"num_cpus": 1, "max_retries": 0, "scheduling_strategy": "SPREAD"}
    if gpus := ray.cluster_resources().get("GPU"):
        options["num_gpus"] = min(1, gpus / jobs)  # without a share Ray hides them all
    return options


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


def _import_ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise ConfigError(
            "`ray` must be installed for --engine ray. Received: no such package. "
            "Run: pip install 'keras_transfer[ray]'"
        ) from error
    return ray


@contextlib.contextmanager
def _keeping_signals() -> Iterator[None]:
    """Undo what Ray does to SIGTERM in this process: it would abort, and rows would not end."""
    is_main = threading.current_thread() is threading.main_thread()  # others may not change it
    former = {number: signal.getsignal(number) for number in EXIT_CODES} if is_main else {}
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


def _connect(ray: Any, jobs: int) -> None:
    quietly = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        ray.init(address="auto", **quietly)
    except ConnectionError as error:
        if os.environ.get("RAY_ADDRESS"):
            raise ConfigError(
                "`RAY_ADDRESS` must be a Ray cluster that answers. "
                f"Received: {os.environ['RAY_ADDRESS']}."
            ) from error
        ray.init(address="local", num_cpus=jobs, include_dashboard=False, **quietly)
