"""Folders of the user's: new ones below --output, and the cache."""

import contextlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from keras_transfer.system.errors import ConfigError

Made = TypeVar("Made")


def make_folder(
    output: Path, name: str | None, stem: str, make: Callable[[Path], Made]
) -> Made | None:
    """Return what `make` made of the first path in `output` that is free.

    Args:
        output: Where the folder goes; made if it is not there.
        name: Its name; None: `stem` and the time, with a number for those of the same second.
        stem: How a name begins that nobody chose.
        make: Makes the folder, or raises `FileExistsError`.

    Returns:
        None if the name is taken.

    Raises:
        ConfigError: The folder cannot be written.
    """
    output = output.expanduser()
    stamp = f"{stem}-{time.strftime('%Y%m%d-%H%M%S')}"
    names = [name] if name else [stamp, *(f"{stamp}-{number}" for number in range(2, 100))]
    try:
        output.mkdir(parents=True, exist_ok=True)
        for free in names:
            with contextlib.suppress(FileExistsError):
                return make(output / free)
    except OSError as error:
        raise ConfigError(
            f"`output` must be a folder that can be written. Received: {output} "
            f"({error.strerror}). Choose another with --output."
        ) from error
    return None


def cache_roots() -> list[Path]:
    """Return the folders that may hold the cache, best first; they need not exist."""
    roots = [Path(tempfile.gettempdir(), "keras_transfer")]
    home = os.environ.get("KERAS_TRANSFER_CACHE") or os.path.join("~", ".cache", "keras_transfer")
    if not (home := os.path.expanduser(home)).startswith("~"):
        roots.insert(0, Path(os.path.abspath(home)))
    return roots
