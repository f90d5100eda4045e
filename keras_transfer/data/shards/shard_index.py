"""Where each image of a tar shard lies in it: found once, kept in memory and in the cache.

In the cache a shard has one file, which a shard of another size or time of change replaces. Where
that cannot be written, each process lists its shards anew and everything works.
"""

import hashlib
import logging
import os
import threading
import time
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from keras_transfer.data.shards.tar_examples import ShardImage, list_images
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import replacing
from keras_transfer.system.files.user_folders import cache_roots

FOLDER = "shards"  # in the cache
FORMAT = 1  # another number for other columns or rules
FRESH = 2 * 10**9  # nanoseconds: a shard this young may change again without a later time
FAULTS = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)  # of a damaged file

State = tuple[int, int]  # size of a shard in bytes, time of its last change in nanoseconds

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class ShardIndex:
    """The images of one shard, in columns of equal length n, ordered by name."""

    names: np.ndarray
    """(n,) of bytes, UTF-8: '/'-separated paths in the shard."""
    offsets: np.ndarray
    """(n,) of int64: where the content begins in the shard, in bytes."""
    sizes: np.ndarray
    """(n,) of int64: bytes of the content."""
    labels: np.ndarray
    """(n,) of bytes, UTF-8: number or name of the class; b"" where there is none."""

    def find(self, name: str) -> tuple[int, int] | None:
        """Return offset and size of an image; None where there is none of this name."""
        key = name.encode("utf-8", "replace")
        if not len(self.names) or len(key) > self.names.dtype.itemsize:
            return None
        row = int(np.searchsorted(self.names, np.array(key, self.names.dtype)))
        if row == len(self.names) or self.names[row] != key:
            return None
        return int(self.offsets[row]), int(self.sizes[row])


_known: dict[str, tuple[State, ShardIndex | ConfigError]] = {}
_building = threading.Lock()


def find_index(shard: str, state: State) -> ShardIndex:
    """Return the index of a shard; from any thread.

    Args:
        shard: Full path.
        state: Of the shard, now.

    Raises:
        ConfigError: It is no whole tar of labelled images.
    """
    known = _known.get(shard)
    if known is None or known[0] != state:
        with _building:
            known = _known.get(shard)
            if known is None or known[0] != state:
                known = _known[shard] = state, _recall_or_build(shard, state)
    if isinstance(known[1], ConfigError):
        raise ConfigError(str(known[1]))
    return known[1]


def _recall_or_build(shard: str, state: State) -> ShardIndex | ConfigError:
    """Return the index that is kept, or a new one; why there is none where the shard is damaged."""
    file = _name_file(shard)
    if index := _recall(file, state):
        return index
    try:
        index = _arrange([*list_images(Path(shard))])
        status = os.stat(shard)
    except ConfigError as error:
        return error
    if (status.st_size, status.st_mtime_ns) != state:
        return ConfigError(
            f"A tar shard must stay as it is while it is read. Received: {shard}, which has "
            "changed meanwhile. Try again once it is written."
        )
    if state[1] < time.time_ns() - FRESH:
        _keep(file, state, index)
    return index


def _arrange(images: list[ShardImage]) -> ShardIndex:
    names, offsets, sizes, labels = zip(*images, strict=True) if images else ((), (), (), ())
    index = ShardIndex(
        names=np.array([name.encode() for name in names], np.bytes_),
        offsets=np.array(offsets, np.int64),
        sizes=np.array(sizes, np.int64),
        labels=np.array([label.encode("utf-8", "replace") for label in labels], np.bytes_),
    )
    order = np.argsort(index.names, kind="stable")
    return ShardIndex(**{each.name: getattr(index, each.name)[order] for each in fields(index)})


def _name_file(shard: str) -> Path:
    name = hashlib.sha256(os.fsencode(shard)).hexdigest()[:32]
    return cache_roots()[0] / FOLDER / f"{name}.npz"


def _recall(file: Path, state: State) -> ShardIndex | None:
    """Return the index in a file; None unless it is whole, and of a shard in this state."""
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as columns:
            if columns["state"].tolist() != [FORMAT, *state]:
                return None
            index = ShardIndex(**{each.name: columns[each.name] for each in fields(ShardIndex)})
    except FAULTS:
        return None
    kinds = [(getattr(index, each.name).dtype.kind, each.name) for each in fields(index)]
    lengths = {getattr(index, name).shape for _, name in kinds}
    whole = [kind for kind, _ in kinds] == ["S", "i", "i", "S"] and len(lengths) == 1
    return index if whole else None


def _keep(file: Path, state: State, index: ShardIndex) -> None:
    columns = {each.name: getattr(index, each.name) for each in fields(index)}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as temporary:
            np.savez(temporary, allow_pickle=False, state=np.array([FORMAT, *state]), **columns)
    except OSError as error:
        logger.info("What was listed of shards is not kept: %s", error)
