"""Sets that become image files when they are first used, such as `digits` and `tfds`.

The files go to the cache, `$KERAS_TRANSFER_CACHE` or ~/.cache/keras_transfer: one folder per set
with a labels.csv and a manifest.json, which is there only when it is complete.
"""

import contextlib
import csv
import json
import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from keras_transfer.config.messages import say_bytes
from keras_transfer.config.split_names import SPLIT_WORDS
from keras_transfer.data.examples import Examples, make_examples
from keras_transfer.data.sources.class_names import order_class_names
from keras_transfer.data.sources.tables.read_table import read_columns
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import write_json
from keras_transfer.system.files.ownership import MANIFEST, MARK, carries_mark, is_marked
from keras_transfer.system.files.user_folders import cache_roots
from keras_transfer.system.machine import free_disk

logger = logging.getLogger(__name__)

Images = Iterable[tuple[str, bytes, str, str]]  # path, content of the file, class name, split
Notes = Mapping[str, Any]
Kept = TypeVar("Kept")
Fill = Callable[[Path], tuple[str, Notes]]


def read_prepared(
    source: str,
    name: Path,
    class_names: Sequence[str] | None,
    write: Callable[[], Images],
    size: int = 0,
) -> Examples:
    """Return the images in the cache folder `name`, which `write` fills the first time.

    A folder that is not as it was written is made anew.

    Args:
        source: Key in `SOURCES`.
        name: Below a folder of the cache.
        class_names: Label names in index order. None: those that occur, sorted.
        write: Yields the images.
        size: Bytes that they take, as far as that is known.

    Raises:
        ConfigError: No cache folder can be written, or it has no room.
    """

    def read(folder: Path) -> Examples:
        return read_folder(source, folder, class_names)

    def fill(folder: Path) -> tuple[str, Notes]:
        _check_room(folder, size)
        notes: dict[str, Any] = {"class_names": [*class_names]} if class_names else {}
        return name.name, {"bytes": write_images(folder, write()), **notes}

    return find_prepared(name, read) or prepare(name.parent, fill, read)


def find_prepared(name: Path, read: Callable[[Path], Kept]) -> Kept | None:
    """Return what `read` makes of the cache folder `name`; None if there is none that is whole."""
    for folder in (root / name for root in cache_roots()):
        if os.path.lexists(folder):
            try:
                return read(folder)
            except (ConfigError, OSError, KeyError) as error:
                logger.warning("%s is damaged and made anew (%s)", folder, error)
    return None


def prepare(parent: Path, fill: Fill, read: Callable[[Path], Kept]) -> Kept:
    """Make a new folder in the cache, and return what `read` makes of it.

    Args:
        parent: Folder in the cache that it goes to.
        fill: Writes a folder, and returns its name and what manifest.json shall say.
        read: Opens a folder, or raises as `find_prepared` expects.

    Raises:
        ConfigError: No cache folder can be written, or it has no room.
    """
    roots = cache_roots()
    for root in roots:
        try:
            (root / parent).mkdir(parents=True, exist_ok=True)
            partial = Path(tempfile.mkdtemp(prefix=".partial-", dir=root / parent))
        except OSError as error:
            logger.info("The cache %s cannot be written (%s).", root, error.strerror)
            continue
        return _make(partial, fill, read)
    raise ConfigError(
        f"A cache folder must be writable. Received: {' and '.join(map(str, roots))}. "
        "Set the environment variable KERAS_TRANSFER_CACHE to one that is."
    )


def read_folder(source: str, folder: Path, class_names: Sequence[str] | None) -> Examples:
    """Return the images in a folder that `write_images` wrote.

    Raises:
        ConfigError: Files are missing or cut, or it is something else.
        KeyError: The same.
        OSError: The same.
    """
    columns = read_columns(folder / "labels.csv")
    found = sum(os.path.getsize(folder / path) for path in columns["path"])
    if found != read_notes(folder).get("bytes", found):  # former versions wrote no manifest
        raise ConfigError(f"its images have {found} bytes")
    splits = [SPLIT_WORDS.get(word, "") for word in columns["split"]]
    rows = [(*row, "") for row in zip(columns["path"], columns["label"], splits, strict=True)]
    present = set(columns["label"])
    names = order_class_names(present) if class_names is None else class_names
    return make_examples(source, folder, rows, [name for name in names if name in present])


def write_images(folder: Path, images: Images) -> int:
    """Write images and their labels.csv to a folder; return how many bytes the images have."""
    rows, size = [("path", "label", "split")], 0
    for path, content, class_name, split in images:
        try:
            (folder / path).write_bytes(content)
        except FileNotFoundError:  # the first of its class
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        rows.append((path, class_name, split))
        size += len(content)
    write_labels(folder, rows)
    return size


def write_labels(folder: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write the rows of a labels.csv, its header first."""
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)


def read_notes(folder: Path) -> Notes:
    """Return what manifest.json of a folder of the cache says; nothing of any other folder."""
    manifest = folder / MANIFEST
    return json.loads(manifest.read_bytes()) if carries_mark(manifest) else {}


def _check_room(folder: Path, size: int) -> None:
    """Refuse to begin what will not fit."""
    if (free := free_disk(folder)) < size:
        raise ConfigError(
            f"The cache must have room for the images. Received: {say_bytes(size)} to copy, "
            f"{say_bytes(free)} free in {folder.parent}. Set the environment variable "
            "KERAS_TRANSFER_CACHE to another folder."
        )


def _make(partial: Path, fill: Fill, read: Callable[[Path], Kept]) -> Kept:
    """Fill the folder `partial`, give it its name, and read that."""
    try:
        name, notes = fill(partial)
        write_json(partial / MANIFEST, {"program": MARK, **notes})
        partial.chmod(0o755)  # mkdtemp's folders are their owner's alone
        return _publish(partial, partial.with_name(name), read)
    except OSError as error:
        raise ConfigError(
            f"The cache must have room for the images. Received: {error} in {partial.parent}. Set "
            "the environment variable KERAS_TRANSFER_CACHE to another folder."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _publish(partial: Path, folder: Path, read: Callable[[Path], Kept]) -> Kept:
    """Rename `partial` to `folder`, unless another process has made that by now."""
    if os.path.lexists(folder):
        with contextlib.suppress(ConfigError, OSError, KeyError):
            return read(folder)
        if is_marked(folder, [MANIFEST]):
            shutil.rmtree(folder)
        else:  # it may be the user's own
            aside = folder.with_name(f"{folder.name}.former-{secrets.token_hex(4)}")
            folder.rename(aside)
            logger.warning("What was there is kept as %s", aside)
    try:
        partial.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
    return read(folder)
