"""Where activations are kept: in memory, or in files that are whole or not there.

What is computed, and when it may be used again (the key), is decided elsewhere. A folder of files
holds one .npy per array and a manifest.json, written last.
"""

import contextlib
import errno
import json
import logging
import math
import os
import secrets
import shutil
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from keras_transfer.config.messages import say_bytes
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import write_json
from keras_transfer.system.files.ownership import MANIFEST, MARK
from keras_transfer.system.machine import free_disk
from keras_transfer.training.cache.array_files import (
    make_header,
    name_array_file,
    open_array,
    reserve_room,
)
from keras_transfer.training.cache.reuse_folder import (
    claim_scratch,
    is_ours,
    remove_folder,
    remove_leftovers,
)

logger = logging.getLogger(__name__)

FORMAT = 1  # of the files; another number in a manifest is not read

Place = Literal["memory", "disk"]
Layout = Mapping[str, tuple[tuple[int, ...], str]]  # name -> shape, dtype


def count_bytes(layout: Layout) -> int:
    """Return the bytes that the arrays of a layout take."""
    return sum(math.prod(shape) * np.dtype(dtype).itemsize for shape, dtype in layout.values())


class MemoryStore:
    """Arrays in memory that are filled in order, a few rows at a time.

    Args:
        layout: Name, shape and dtype of each array.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = dict(layout)
        self._arrays = {name: np.empty(shape, dtype) for name, (shape, dtype) in layout.items()}
        self._filled = dict.fromkeys(layout, 0)  # rows

    def append(self, name: str, rows: np.ndarray) -> None:
        """Add the next rows of an array.

        Raises:
            ValueError: They have another shape or dtype, or there are too many.
        """
        start = self._filled[name]
        stop = self._filled[name] = _count_rows(self._layout, name, start, rows)
        self._arrays[name][start:stop] = rows

    def finish(self) -> dict[str, np.ndarray]:
        """Return the arrays, which can only be read from now on.

        Raises:
            ValueError: A row is missing.
        """
        _check_complete(self._layout, self._filled)
        for array in self._arrays.values():
            array.setflags(write=False)
        return self._arrays

    def discard(self) -> None:
        """Give the memory back."""
        self._arrays = {}


class FileStore:
    """Arrays in files that are filled in order, a few rows at a time.

    They are written to a folder of this process beside `folder`, which `finish` renames. When
    anything raises, that folder is removed. After `finish`, `discard` does nothing.

    Args:
        folder: A folder of its own, which may exist: `scratch/activations`, or an entry of
            `reuse_folder()`.
        layout: Name, shape and dtype of each array.
        key: What the content depends on, as text; `open_store` asks for it.

    Raises:
        ConfigError: The folder cannot be written, or there is no room.
    """

    def __init__(self, folder: Path, layout: Layout, key: str) -> None:
        self._folder, self._layout, self._key = folder, dict(layout), key
        mark = f".{os.getpid()}-{secrets.token_hex(4)}"  # two stores of one process differ, too
        self._working = folder.with_name(f"{mark}-{folder.name}")
        self._filled = dict.fromkeys(layout, 0)  # rows
        self._checksums = dict.fromkeys(layout, 0)
        self._streams: dict[str, BinaryIO] = {}
        with self._undoing():
            claim_scratch(self._working)
            remove_leftovers(folder.parent)
            # Reserving more than there is would fill the disk for a moment before it fails.
            if free_disk(self._working) < count_bytes(layout):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            for name, (shape, dtype) in layout.items():
                header = make_header(shape, dtype)
                self._streams[name] = name_array_file(self._working, name).open("xb")
                reserve_room(self._streams[name], len(header) + count_bytes({name: (shape, dtype)}))
                self._write(name, header)

    def append(self, name: str, rows: np.ndarray) -> None:
        """Write the next rows of an array.

        Raises:
            ConfigError: They cannot be written.
            ValueError: They have another shape or dtype, or there are too many.
        """
        with self._undoing():
            self._filled[name] = _count_rows(self._layout, name, self._filled[name], rows)
            self._write(name, np.ascontiguousarray(rows).data)

    def finish(self) -> dict[str, np.ndarray]:
        """Make the folder whole and return read-only memory maps of its arrays.

        If another process has made it by now, its files are opened and ours are removed.

        Raises:
            ConfigError: The last of it cannot be written.
            ValueError: A row is missing.
        """
        with self._undoing():
            _check_complete(self._layout, self._filled)
            for stream in self._streams.values():
                stream.flush()
                os.fsync(stream.fileno())
                stream.close()
            arrays = {
                name: {"shape": shape, "dtype": dtype, "crc32": self._checksums[name]}
                for name, (shape, dtype) in self._layout.items()
            }
            manifest = {
                "program": MARK,
                "format": FORMAT,
                "key": self._key,
                "arrays": arrays,
            }
            write_json(self._working / MANIFEST, manifest)
            return self._publish()

    def discard(self) -> None:
        """Remove what was written."""
        for stream in self._streams.values():
            with contextlib.suppress(OSError):  # what it holds back does not fit either
                stream.close()
        shutil.rmtree(self._working, ignore_errors=True)

    def _write(self, name: str, data: bytes | memoryview) -> None:
        """Write by ordinary writes: on a full disk, one through a memory map kills the process."""
        self._streams[name].write(data)
        self._checksums[name] = zlib.crc32(data, self._checksums[name])

    def _publish(self) -> dict[str, np.ndarray]:
        """Rename the working folder, and replace what stands there unless it is as good."""
        for attempts_left in (2, 1, 0):  # another process may be doing the same
            try:
                os.rename(self._working, self._folder)
                break
            except OSError as error:
                taken = error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)
                if not taken or not attempts_left:
                    raise
            theirs = open_store(self._folder, self._key)
            if theirs is not None and _fits(theirs, self._layout):
                self.discard()
                return theirs
            if is_ours(self._folder):
                remove_folder(self._folder)
            else:
                aside = self._folder.with_name(f"{self._folder.name}.former-{secrets.token_hex(4)}")
                os.rename(self._folder, aside)
                logger.warning("%s was not written by this program: now %s", self._folder, aside)
        return {n: np.load(name_array_file(self._folder, n), mmap_mode="r") for n in self._layout}

    @contextlib.contextmanager
    def _undoing(self) -> Iterator[None]:
        """Remove what was written if anything is raised; say what the disk refuses."""
        needed, there = say_bytes(count_bytes(self._layout)), self._folder.parent
        try:
            yield
        except OSError as error:
            self.discard()
            raise ConfigError(
                f"The activation cache must be able to write {needed}. Received: {there}, where "
                f"{_say_free(there)} ({error.strerror or error}). Free space there, lower "
                "--cache.views, or do without a file: --cache.disk_gb 0."
            ) from error
        except BaseException:
            self.discard()
            raise


def open_store(folder: Path, key: str, *, touch: bool = False) -> dict[str, np.ndarray] | None:
    """Return read-only memory maps of what a `FileStore` left, after reading all of it once.

    Args:
        folder: As `FileStore` was given it.
        key: As `FileStore` was given it.
        touch: Whether this counts as a use, which `make_room` goes by.

    Returns:
        The arrays by name, or None: there is nothing, it is of another key or format, or damaged.
    """
    try:
        content = (folder / MANIFEST).read_bytes()
    except OSError as error:
        logger.debug("No activations in %s (%s).", folder, error.strerror)
        return None
    try:
        manifest = json.loads(content)
        if (manifest["format"], manifest["key"]) != (FORMAT, key):
            logger.debug("The activations in %s are of another key or format.", folder)
            return None
        arrays = {
            name: open_array(folder, name, facts) for name, facts in manifest["arrays"].items()
        }
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        logger.warning("The activations in %s are damaged and not used: %s", folder, error)
        return None
    if touch:
        with contextlib.suppress(OSError):  # a cache that can only be read
            os.utime(folder / MANIFEST)
    return arrays


def _count_rows(layout: Layout, name: str, start: int, rows: np.ndarray) -> int:
    """Return how many rows there are with the new ones."""
    shape, dtype = layout[name]
    stop = start + len(rows)
    if rows.shape[1:] != shape[1:] or rows.dtype != np.dtype(dtype) or stop > shape[0]:
        raise ValueError(
            f"`{name}` must get {shape[0]} rows {shape[1:]} of {dtype}. "
            f"Received: rows {start} to {stop}, {rows.shape[1:]} of {rows.dtype}."
        )
    return stop


def _check_complete(layout: Layout, filled: Mapping[str, int]) -> None:
    for name, (shape, _) in layout.items():
        if filled[name] != shape[0]:
            raise ValueError(f"`{name}` must get {shape[0]} rows. Received: {filled[name]}.")


def _fits(arrays: Mapping[str, np.ndarray], layout: Layout) -> bool:
    found = {name: (array.shape, array.dtype) for name, array in arrays.items()}
    return found == {name: (shape, np.dtype(dtype)) for name, (shape, dtype) in layout.items()}


def _say_free(folder: Path) -> str:
    with contextlib.suppress(OSError):
        return f"{say_bytes(free_disk(folder))} are free"
    return "one cannot even look"
