"""The connection to a Ray cluster: the one that runs, else a local one; what its workers get."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from keras_transfer.config.messages import say_fault
from keras_transfer.system.child_python import search_path
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.machine import count_cores
from keras_transfer.system.packages import require_package
from keras_transfer.system.signals import EXIT_CODES

# What numbers, and where caches are, depend on. Ray sets some of them for its workers
# (OMP_NUM_THREADS=1), and other machines of a cluster may lack them.
VARIABLES = (
    *("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
    *("TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS", "KERAS_BACKEND", "KERAS_HOME"),
    *("KERAS_TRANSFER_CACHE", "PYTHONPATH"),
)

PATIENCE = 10.0  # seconds that a cluster has to answer
EXISTING = "existing cluster"  # of which Ray says that CPUs are not to be given with it


def read_variables() -> dict[str, str]:
    """Return those of `VARIABLES` that this process has, and where the package is."""
    found = {name: os.environ[name] for name in VARIABLES if name in os.environ}
    return found | {"PYTHONPATH": search_path()}


@contextlib.contextmanager
def connecting(workers: int | None) -> Iterator[Any]:
    """Hand out the package ray, connected to the cluster that runs, else to a local one.

    Args:
        workers: Of a local one, each with a CPU. None: as many as cores.

    Raises:
        ConfigError: Ray is not installed, or no cluster answers at RAY_ADDRESS.

    References:
        P. Moritz et al., "Ray: a distributed framework for emerging AI applications", OSDI 2018.
    """
    ray = _import_ray()
    connected = ray.is_initialized()  # by the caller, whose connection it stays
    if not connected:
        with _keeping_signals():
            _connect(ray, workers)
    try:
        yield ray
    finally:
        if not connected:
            ray.shutdown()


def share_cluster(ray: Any, workers: int, on_gpu: bool = True) -> dict[str, Any]:
    """Return what Ray is to keep for a worker, of which so many work at the same time."""
    options: dict[str, Any] = {"num_cpus": 1, "scheduling_strategy": "SPREAD"}
    gpus = on_gpu and ray.cluster_resources().get("GPU")
    if gpus:
        options["num_gpus"] = min(1, gpus / workers)  # without a share Ray hides them all
    return options


def count_workers(ray: Any, on_gpu: bool = True) -> int:
    """Return how many fill the cluster: one for each GPU, or for each CPU where there is none."""
    there = ray.cluster_resources()
    return max(1, int((on_gpu and there.get("GPU")) or there.get("CPU", 1)))


def count_machines(ray: Any) -> int:
    """Return how many machines the cluster has now."""
    return sum(bool(node["Alive"]) for node in ray.nodes())


def _import_ray() -> Any:
    require_package("--engine ray", "ray", "ray")
    import ray

    return ray


@contextlib.contextmanager
def _keeping_signals() -> Iterator[None]:
    """Undo what Ray does to SIGTERM in this process: it would abort, and workers would not end."""
    is_main = threading.current_thread() is threading.main_thread()  # others may not change it
    former = {number: signal.getsignal(number) for number in EXIT_CODES} if is_main else {}
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


def _connect(ray: Any, workers: int | None) -> None:
    quietly = {"log_to_driver": False, "logging_level": "ERROR"}
    named, cores = os.environ.get("RAY_ADDRESS"), workers or count_cores()
    # "auto" would take a cluster, too, that another command has begun here and will end
    if not named and _start_here(ray, None, cores, quietly):
        return
    try:
        if named:
            _require_port(named)
        ray.init(address="auto", **quietly)
    except OSError as error:
        if named:
            raise ConfigError(
                f"`RAY_ADDRESS` must be a Ray cluster that answers. Received: {named}."
            ) from error
        _start_here(ray, "local", cores, quietly)  # what `ray start` had begun is gone


def _require_port(address: str) -> None:
    """Raise an `OSError` where nothing listens at an address: Ray would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if port.isdigit():  # not so "auto", "local"
        socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE).close()


def _start_here(ray: Any, address: str | None, cores: int, quietly: Mapping[str, Any]) -> bool:
    """Start a cluster of this machine, without address only if `ray start` has begun none."""
    try:
        ray.init(address=address, num_cpus=cores, include_dashboard=False, **quietly)
    except Exception as error:  # Ray has no kind of its own for a start that takes too long
        if EXISTING in str(error):
            return False
        raise ConfigError(
            f"Ray must be able to start on this machine. Received: {say_fault(error)}. Try again "
            "when less is running, or start it by `ray start --head`."
        ) from error
    return True
