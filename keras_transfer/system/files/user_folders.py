"""Folders of the user's: new ones below --output, and the cache."""

import contextlib
import getpass
import os
import stat
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
    """Return the folders that may hold the cache, best first.

    One that the user names is the only one. Else it is in the home folder; where that cannot be
    written, a folder of this user alone among the temporary files comes after it, and is made.

    Raises:
        ConfigError: There is none, since what has its name is somebody else's.
    """
    if named := os.environ.get("KERAS_TRANSFER_CACHE"):
        return [Path(os.path.abspath(os.path.expanduser(named)))]
    home = os.path.expanduser(os.path.join("~", ".cache", "keras_transfer"))
    roots = [] if home.startswith("~") else [Path(home)]
    if any(map(_is_writable, roots)):
        return roots
    private = Path(tempfile.gettempdir(), f"keras_transfer-{_name_user()}")
    if _make_private(private):
        roots.append(private)
    if not roots:
        raise ConfigError(
            f"A cache folder must be this user's. Received: {private}, which is not, and no home "
            "folder. Set the environment variable KERAS_TRANSFER_CACHE to a folder of yours."
        )
    return roots


def _is_writable(folder: Path) -> bool:
    """Tell whether a folder can be written, or made."""
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _make_private(folder: Path) -> bool:
    """Make a folder that only this user can enter; tell whether it is one, also if it was there."""
    try:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        status = os.lstat(folder)  # not of what a link leads to
    except OSError:
        return False
    own = not hasattr(os, "geteuid") or status.st_uid == os.geteuid()
    return own and stat.S_ISDIR(status.st_mode) and (os.name == "nt" or not status.st_mode & 0o077)


def _name_user() -> str:
    return str(os.geteuid()) if hasattr(os, "geteuid") else getpass.getuser()
