"""Activations that are kept in files, which are whole or not there.

What is computed, and when it may be used again (the key), is decided elsewhere. A folder of files
holds one .npy per array and a manifest.json, written last.
"""

import contextlib
import errno
import json
import logging
import os
import secrets
import shutil
import time
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

from keras_transfer.config.messages import say_bytes
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import write_json
from keras_transfer.system.files.ownership import MANIFEST, MARK, NOTES
from keras_transfer.system.machine import free_disk
from keras_transfer.system.signals import Stopped
from keras_transfer.training.cache.array_files import (
    Filled,
    make_header,
    name_array_file,
    open_array,
    remove_notes,
    reserve_room,
    take_over,
    write_notes,
)
from keras_transfer.training.cache.memory_store import (
    Layout,
    check_complete,
    count_bytes,
    count_filled,
    count_rows,
)
from keras_transfer.training.cache.reuse_folder import (
    claim_scratch,
    is_ours,
    remove_folder,
    remove_leftovers,
)

logger = logging.getLogger(__name__)

PAUSE = 20.0  # seconds between two notes: so much work a kill may cost
FORMAT = 1  # of the files; another number in a manifest is not read


class FileStore:
    """Arrays in files that are filled in order, a few rows at a time.

    They are written to a folder of this process beside `folder`, which `finish` renames. When
    anything raises, that folder is removed, but not when the process is told to end: whoever opens
    the same store later has the rows of the last `note`. After `finish`, `discard` does nothing.

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
        self._noted = time.monotonic()
        with self._undoing():
            left = take_over(self._working, folder, key, self._layout)
            claim_scratch(self._working)
            remove_leftovers(folder.parent)
            if left:
                self._go_on(left)
            else:
                self._begin()

    def _begin(self) -> None:
        """Reserve room for all arrays."""
        # Reserving more than there is would fill the disk for a moment before it fails.
        if free_disk(self._working) < count_bytes(self._layout):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        for name, (shape, dtype) in self._layout.items():
            header = make_header(shape, dtype)
            self._streams[name] = name_array_file(self._working, name).open("xb")
            reserve_room(self._streams[name], len(header) + count_bytes({name: (shape, dtype)}))
            self._write(name, header)

    def _go_on(self, left: Mapping[str, Filled]) -> None:
        """Open the arrays of a process that was killed, behind the rows that are there."""
        for name, (rows, checksum) in left.items():
            shape, dtype = self._layout[name]
            there = count_bytes({name: ((rows, *shape[1:]), dtype)})
            self._streams[name] = name_array_file(self._working, name).open("r+b")
            self._streams[name].seek(len(make_header(shape, dtype)) + there)
            self._filled[name], self._checksums[name] = rows, checksum
        total = sum(shape[0] for shape, _ in self._layout.values())
        share = sum(self._filled.values()) / total
        logger.info("The interrupted pass goes on: %.0f %% of its rows are there", 100 * share)

    def count_filled(self, kind: str) -> int:
        """Return how many rows there are of what a kind of examples leaves: see `count_filled`."""
        return count_filled(self._filled, kind)

    def note(self) -> None:
        """Write down that all rows so far are there, if that was not done for a while.

        Raises:
            ConfigError: It cannot be written.
        """
        if time.monotonic() < self._noted + PAUSE or not self._key:
            return
        with self._undoing():
            for stream in self._streams.values():
                stream.flush()
                os.fsync(stream.fileno())
            found = {n: Filled(rows, self._checksums[n]) for n, rows in self._filled.items()}
            write_notes(self._working, self._key, found)
        self._noted = time.monotonic()

    def append(self, name: str, rows: np.ndarray) -> None:
        """Write the next rows of an array.

        Raises:
            ConfigError: They cannot be written.
            ValueError: They have another shape or dtype, or there are too many.
        """
        with self._undoing():
            self._filled[name] = count_rows(self._layout, name, self._filled[name], rows)
            self._write(name, np.ascontiguousarray(rows).data)

    def finish(self) -> dict[str, np.ndarray]:
        """Make the folder whole and return read-only memory maps of its arrays.

        If another process has made it by now, its files are opened and ours are removed.

        Raises:
            ConfigError: The last of it cannot be written.
            ValueError: A row is missing.
        """
        with self._undoing():
            check_complete(self._layout, self._filled)
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
            remove_notes(self._working)
            return self._publish()

    def discard(self) -> None:
        """Remove what was written."""
        self._close()
        shutil.rmtree(self._working, ignore_errors=True)

    def leave(self) -> None:
        """Close the files for whoever goes on; where nothing was noted, nobody can."""
        if (self._working / NOTES).exists():
            self._close()
        else:
            self.discard()

    def _close(self) -> None:
        for stream in self._streams.values():
            with contextlib.suppress(OSError):  # what it holds back does not fit either
                stream.close()

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
        except Stopped:
            self.leave()
            raise
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


def _fits(arrays: Mapping[str, np.ndarray], layout: Layout) -> bool:
    found = {name: (array.shape, array.dtype) for name, array in arrays.items()}
    return found == {name: (shape, np.dtype(dtype)) for name, (shape, dtype) in layout.items()}


def _say_free(folder: Path) -> str:
    with contextlib.suppress(OSError):
        return f"{say_bytes(free_disk(folder))} are free"
    return "one cannot even look"
