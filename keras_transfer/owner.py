"""Which process something belongs to: written into a file, and told from one that is no more."""

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import psutil

from keras_transfer.whole_files import write_json

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

CLOCK_STEP = 600  # seconds by which the system's clock, and so a start time, may be corrected


def claim(file: Path) -> None:
    """Write this process down as the owner.

    Raises:
        OSError: The file cannot be written.
    """
    started = psutil.Process().create_time()
    write_json(file, {"pid": os.getpid(), "host": _name_host(), "started": started})


def seize(file: Path) -> bool:
    """Become the owner, unless there is one that may still live; return whether it worked.

    Raises:
        OSError: The file cannot be written.
    """
    with _deciding(file.parent):
        if file.exists() and not is_abandoned(file):
            return False
        claim(file)
        return True


def is_abandoned(file: Path) -> bool:
    """Tell whether the owner was a process of this host and is no more.

    What cannot be read, and what a process of another host owns, is not abandoned.
    """
    try:
        owner = json.loads(file.read_bytes())
        if owner["host"] != _name_host():
            return False
        process = psutil.Process(owner["pid"])
        ended = process.status() == psutil.STATUS_ZOMBIE
        return ended or abs(process.create_time() - owner["started"]) > CLOCK_STEP
    except psutil.NoSuchProcess:
        return True
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return False


def describe_owner(file: Path) -> str:
    """Return the owner in words: process 4711 on host."""
    try:
        owner = json.loads(file.read_bytes())
        return f"process {owner['pid']} on {owner['host'].split()[0]}"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "an unknown process"


@contextlib.contextmanager
def _deciding(folder: Path) -> Iterator[None]:
    """Let one process of this machine at a time look for an owner and become it."""
    descriptor = None
    if fcntl is not None:
        descriptor = os.open(folder, os.O_RDONLY)
        with contextlib.suppress(OSError):  # some network file systems have no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _name_host() -> str:
    """Return where a process number means something: the host, and the container on it."""
    with contextlib.suppress(OSError):  # containers may share the host's name, but not its numbers
        return f"{socket.gethostname()} {os.readlink('/proc/self/ns/pid')}"
    return socket.gethostname()
