"""Which process something belongs to: written into a file, and told from one that is no more."""

import contextlib
import json
import math
import os
import socket
from pathlib import Path
from typing import NamedTuple

import psutil

from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import write_json
from keras_transfer.system.files.ownership import MARK

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


MOST = 2**31  # no process has a number beyond it
CLOCK_STEP = 600  # seconds by which the system's clock, and so a start time, may be corrected


class Owner(NamedTuple):
    """A process that something belongs to."""

    pid: int
    host: str
    started: float  # seconds, as the system counts them


def claim(file: Path) -> None:
    """Write this process down as the owner.

    Raises:
        OSError: The file cannot be written.
    """
    started = psutil.Process().create_time()
    owner = {"pid": os.getpid(), "host": _name_host(), "started": started}
    write_json(file, {"program": MARK, **owner})


class Hold:
    """A folder that is this process's until `close`, or until the process ends."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor  # locked; None: the file system has no locks

    @property
    def is_locked(self) -> bool:
        """Whether the system itself knows that the folder is taken."""
        return self._descriptor is not None

    def close(self) -> None:
        """Let another process have the folder."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def seize(file: Path) -> Hold | None:
    """Become the owner of the folder that `file` is in, unless there is one that may still live.

    The folder is locked as long as it is held, so a living owner on this machine is known whatever
    its number. Of other machines, and where a file system has no locks, the file decides.

    Returns:
        The hold; None: there is an owner.

    Raises:
        OSError: The file cannot be written.
    """
    hold = _lock(file.parent)
    if hold is None:
        return None
    try:
        owner = _read(file)
        here = owner is not None and owner.host.split()[0] == socket.gethostname()
        ours = hold.is_locked and here
        if not file.exists() or ours or is_abandoned(file):
            claim(file)
            return hold
    except BaseException:
        hold.close()
        raise
    hold.close()
    return None


def require(file: Path, what: str) -> Hold:
    """Become the owner of the folder that `file` is in.

    Raises:
        ConfigError: There is an owner that may still live; `what` says what the folder is.
        OSError: The file cannot be written.
    """
    hold = seize(file)
    if hold is None:
        raise ConfigError(
            f"{what} must be written by one process at a time. Received: {file.parent}, which "
            f"belongs to {describe_owner(file)}. If that is no more, remove {file}."
        )
    return hold


def is_abandoned(file: Path) -> bool:
    """Tell whether the owner was a process of this host and is no more.

    What cannot be read, and what a process of another host owns, is not abandoned.
    """
    try:
        owner = _read(file)
        if owner is None or owner.host != _name_host():
            return False
        process = psutil.Process(owner.pid)
        ended = process.status() == psutil.STATUS_ZOMBIE
        return ended or abs(process.create_time() - owner.started) > CLOCK_STEP
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False


def describe_owner(file: Path) -> str:
    """Return the owner in words: process 4711 on host."""
    owner = _read(file)
    if owner is None:
        return "an unknown process"
    return f"process {owner.pid} on {owner.host.split()[0]}"


def _read(file: Path) -> Owner | None:
    """Return what `claim` wrote; None if the file holds something else."""
    try:
        found = json.loads(file.read_bytes())
        owner = Owner(int(found["pid"]), str(found["host"]), float(found["started"]))
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    sound = 0 < owner.pid < MOST and owner.host.strip() and math.isfinite(owner.started)
    return owner if sound else None


def _lock(folder: Path) -> Hold | None:
    """Lock a folder; None: another process, or another hold of this one, has it locked."""
    if fcntl is None:
        return Hold(None)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:  # some network file systems have no locks
        os.close(descriptor)
        return Hold(None)
    return Hold(descriptor)


def _name_host() -> str:
    """Return where a process number means something: the host, and the container on it."""
    with contextlib.suppress(OSError):  # containers may share the host's name, but not its numbers
        return f"{socket.gethostname()} {os.readlink('/proc/self/ns/pid')}"
    return socket.gethostname()
