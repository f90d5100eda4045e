"""What runs on a worker of a cluster: it opens what a job needs once, then answers blocks."""

import logging
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from keras_transfer.config.help.versions import find_version
from keras_transfer.system.errors import ConfigError

# What the numbers depend on; Ray itself refuses another Python.
PACKAGES = ("keras_transfer", "keras", "tensorflow", "numpy", "pillow")

# From the examples of a block, as `BlockJob.pack` sends them, and why those among them that end a
# worker must not be touched, by their place in it, to what there is to say of all of them.
Answer = Callable[[Any, Mapping[int, str]], Any]


@dataclass(frozen=True, kw_only=True)
class BlockJob:
    """Work that can be done a block of examples after the other, wherever."""

    opening: Callable[[], Answer]
    """Loads what is needed, once a process; a function of this package or a partial of one."""
    seen: tuple[str, ...] = ()
    """Files that each machine must have under the same path."""
    name: Callable[[Any], str] = str
    """Says what an example is called."""
    pack: Callable[[Sequence[Any]], Any] = lambda items: items
    """Makes of examples what is sent in place of them, where that is less than all were."""
    on_gpu: bool = True
    """Whether a worker is to have a GPU, where there are some."""


class BlockWorker:
    """The process of a worker; `ray.remote` makes an actor of it."""

    def open(
        self, opening: Callable[[], Answer], versions: Mapping[str, str | None], seen: Sequence[str]
    ) -> None:
        """Load what the job needs.

        Raises:
            ConfigError: This machine has other packages, or lacks a file.
        """
        here = socket.gethostname()
        for name, version in read_versions().items():
            if version != versions[name]:
                raise ConfigError(
                    f"`{name}` must be {_say(versions[name])} on every machine of the cluster, as "
                    f"where the command runs. Received: {_say(version)} on {here}. Install it there"
                    " and try again."
                )
        if missing := [file for file in seen if not os.path.exists(file)]:
            raise ConfigError(
                "Model and examples must be on a disk that all machines of the cluster share under "
                f"the same path. Received: {missing[0]}, which {here} does not see."
            )
        with keep_warnings() as warnings:
            self._answer = opening()
        self._warnings = warnings

    def answer(self, items: Any, lost: Mapping[int, str]) -> tuple[Any, dict[str, str]]:
        """Return the answer to a block, and what was warned of since the last one."""
        with keep_warnings() as warnings:
            found = self._answer(items, lost)
        warnings, self._warnings = self._warnings | warnings, {}
        return found, warnings


def read_versions() -> dict[str, str | None]:
    """Return the versions of `PACKAGES` in this process; None: it is not installed as one."""
    return {name: find_version(name) for name in PACKAGES}


@contextmanager
def keep_warnings() -> Iterator[dict[str, str]]:
    """Collect what the package warns of, by the words that are the same each time."""
    kept: dict[str, str] = {}
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: kept.update({str(record.msg): record.getMessage()})  # type: ignore[method-assign]
    package = logging.getLogger("keras_transfer")
    package.addHandler(handler)
    try:
        yield kept
    finally:
        package.removeHandler(handler)


def _say(version: str | None) -> str:
    return version or "that of a checkout"
