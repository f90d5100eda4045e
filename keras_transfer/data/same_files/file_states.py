"""Size and time of files: where neither is another, the content is taken for the same.

Of an image in a tar shard it is its own size, and the time of the shard.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from keras_transfer.data.shards.member_files import hash_content, stat_file

GONE = -1  # size and time of a file that is not there
LATEST = 2**63 - 1  # nanoseconds that NumPy and SQLite can hold: the year 2262


def read_state(file: str | Path) -> tuple[int, int]:
    """Return size in bytes and time of the last change in nanoseconds; `GONE` where it is not."""
    try:
        size, changed = stat_file(file)
    except (OSError, ValueError):  # a link to nowhere, too
        return GONE, GONE
    return size, max(-LATEST, min(changed, LATEST))


def hash_or_nothing(file: str | Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal; "" where it cannot be read."""
    try:
        return hash_content(file)
    except OSError:
        return ""


def find_touched(root: Path, paths: Iterable[str], states: np.ndarray) -> np.ndarray:
    """Return the rows of files that are not there, or of another size or time than they were.

    Args:
        root: Folder of the paths.
        paths: n of them.
        states: (n, 2) int64, sizes and times as they were.
    """
    found = [read_state(os.path.join(root, path)) for path in paths]
    now = np.array(found, np.int64).reshape(-1, 2)
    return np.flatnonzero((now != states).any(axis=1) | (states == GONE).any(axis=1))
