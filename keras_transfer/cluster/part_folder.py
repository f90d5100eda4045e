"""A folder of Parquet files, one for each block, and what they were made of: to be gone on with.

Readers of Parquet take such a folder for one table: they leave out names with _ or . in front.
"""

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from keras_transfer.cluster.block_engines import BLOCK
from keras_transfer.cluster.block_worker import read_versions
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import remove_unfinished, write_json
from keras_transfer.system.files.locks import require
from keras_transfer.system.packages import require_package

MANIFEST, OWNER = "_made_of.json", ".owner.json"
PART = re.compile(r"part-(\d{6,})\.parquet")


def is_part_folder(word: str) -> bool:
    """Tell whether a word after --output means a folder of parts: it ends in /, or is one."""
    return word.endswith(("/", os.sep)) or os.path.isfile(os.path.join(word, MANIFEST))


def check_part_folder(folder: Path) -> None:
    """Raise a `ConfigError` unless parts can be written there, before the long work."""
    require_package(f"`output` {folder}/", "pyarrow", "parquet")
    there = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    writable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    strange = writable and there == folder and {*os.listdir(folder)} - {OWNER}
    if not writable or (strange and not (folder / MANIFEST).is_file()):
        raise ConfigError(
            "`output` must be a new or empty folder that can be written, or one with parts of an "
            f"earlier call. Received: {folder}. Choose another with --output."
        )


@contextlib.contextmanager
def opening_parts(folder: Path, made_of: Mapping[str, Any]) -> Iterator[list[int]]:
    """Hand out the numbers of the blocks whose parts are there; no other process may write any.

    Args:
        folder: New, empty, or with parts of an earlier call that is gone on with.
        made_of: What the parts are determined by, in plain values.

    Raises:
        ConfigError: It has parts of something else, is in use, or cannot be written.
    """
    wanted = json.loads(json.dumps({**made_of, "block": BLOCK, "packages": read_versions()}))
    with explaining(folder):
        folder.mkdir(parents=True, exist_ok=True)
        hold = require(folder / OWNER, "A folder of parts")
    try:
        with explaining(folder):
            remove_unfinished(folder)
            numbers = [int(found[1]) for found in map(PART.fullmatch, os.listdir(folder)) if found]
            if numbers:
                _require_same(folder, wanted)
            else:
                write_json(folder / MANIFEST, wanted)
        yield sorted(numbers)
    finally:
        (folder / OWNER).unlink(missing_ok=True)
        hold.close()


def name_part(folder: Path, number: int) -> Path:
    """Return where the part of a block is."""
    return folder / f"part-{number:06}.parquet"


@contextlib.contextmanager
def explaining(folder: Path) -> Iterator[None]:
    """Raise in place of an `OSError` a `ConfigError` that names the folder."""
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"`output` must be a folder that can be written. Received: {folder} "
            f"({error.strerror or error}). What is done stays: free space there and call again."
        ) from error


@contextlib.contextmanager
def reading_part(file: Path) -> Iterator[None]:
    """Raise a `ConfigError` that names a part in place of whatever a damaged one raises."""
    import pyarrow

    try:
        yield
    except (OSError, ValueError, LookupError, TypeError, pyarrow.ArrowException) as error:
        raise ConfigError(
            f"A part must be a whole Parquet file. Received: {file}, which is damaged. Remove it, "
            "and call again: it is made anew."
        ) from error


def _require_same(folder: Path, wanted: Mapping[str, Any]) -> None:
    try:
        found = json.loads((folder / MANIFEST).read_text("utf-8"))
    except ValueError:
        found = None
    found = found if isinstance(found, dict) else {}
    others = sorted(
        name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)
    )
    if others:
        raise ConfigError(
            "`output` must be a new folder, or one that was begun with the same model, examples "
            f"and settings, to go on with it. Received: {folder}, begun with other "
            f"{', '.join(others)}. Choose another with --output."
        )
