"""The folder that a user names for what a command finds: a new one, or an empty one."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.user_folders import make_folder


class Newness(NamedTuple):
    """Why a folder must be new, and how one that is not is known."""

    reason: str
    file: str  # that each folder of the command holds
    left: str  # what such a folder is


def check_new(output: Path, why: Newness) -> None:
    """Refuse a folder that holds something.

    Args:
        output: The folder; it need not be there.
        why: For the message.

    Raises:
        ConfigError: It holds something, or is no folder.
    """
    try:
        names = os.listdir(output)
        found = f"which holds {why.left if why.file in names else 'something'}" if names else ""
    except FileNotFoundError:
        found = ""
    except OSError as error:  # a file, something in a file, or a folder of others
        found = f"which is none ({error.strerror})"
    if found:
        raise ConfigError(
            f"`output` must be a new folder, or an empty one: {why.reason}. Received: {output}, "
            f"{found}. Choose another with --output."
        )


def refuse_inside(output: Path, source: str) -> None:
    """Refuse a folder in the data set: nothing is written there.

    Raises:
        ConfigError: It is one.
    """
    data = os.path.realpath(os.path.expanduser(source))
    if os.path.isdir(data) and Path(os.path.realpath(output)).is_relative_to(data):
        raise ConfigError(
            "`output` must be a folder outside the data set, which stays as it is. Received: "
            f"{output}. Choose another with --output."
        )


@contextlib.contextmanager
def opening(output: Path | None, place: Path, stem: str, why: Newness) -> Iterator[Path]:
    """Make a folder for what is written to it within.

    Args:
        output: The folder, new or empty. None: a new one in `place`, named by `stem` and the time.
        place: Of folders that nobody named.
        stem: How their names begin.
        why: See `check_new`.

    Raises:
        ConfigError: It holds something, or cannot be written.
    """
    try:
        if output is None:
            folder = make_folder(place, None, stem, _make)
            assert folder is not None  # it is named by its number
        else:
            check_new(output, why)
            output.mkdir(parents=True, exist_ok=True)
            folder = output
        yield folder
    except OSError as error:
        raise ConfigError(
            f"`output` must be a folder that can be written. Received: {error.filename or output} "
            f"({error.strerror}). Choose another with --output."
        ) from error


def _make(folder: Path) -> Path:
    folder.mkdir()
    return folder
