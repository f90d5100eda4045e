"""Which objects of a bucket are in its folder of the cache: one SQLite file."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from keras_transfer.data.same_files.file_states import read_state
from keras_transfer.data.sources.buckets.bucket_listing import Object

NAME = "objects.sqlite"
TABLE = """
CREATE TABLE IF NOT EXISTS objects_1 (
    key TEXT PRIMARY KEY, size INTEGER, tag TEXT, bytes INTEGER, mtime INTEGER
) WITHOUT ROWID
"""
BELOW = "SELECT * FROM objects_1 WHERE key = ? OR (key >= ? AND key < ?)"
Row = tuple[str, int, str, int, int]  # key, size and tag there, size and time of the file here
NEVER = -1  # time of a file that is not here, or not whole


class ObjectIndex:
    """What was fetched, by key; one process at a time writes it.

    Args:
        folder: Of the bucket in the cache.
    """

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(folder / NAME)
        self._database.execute(TABLE)

    def list_below(self, key: str) -> dict[str, Row]:
        """Return the rows of an object and of all below it; "" is the bucket."""
        if not key:
            rows = self._database.execute("SELECT * FROM objects_1")
        else:
            rows = self._database.execute(BELOW, (key, f"{key}/", f"{key}0"))  # 0 comes after /
        return {row[0]: row for row in rows}

    def announce(self, objects: Iterable[Object]) -> None:
        """Note that objects are about to be written: a file is never here without a row."""
        rows = [(each.key, each.size, each.tag, 0, NEVER) for each in objects]
        self._write("INSERT OR REPLACE INTO objects_1 VALUES (?, ?, ?, ?, ?)", rows)

    def note(self, objects: Iterable[tuple[Object, Path]]) -> None:
        """Note that objects are whole in these files."""
        rows = [(each.key, each.size, each.tag, *read_state(file)) for each, file in objects]
        self._write("INSERT OR REPLACE INTO objects_1 VALUES (?, ?, ?, ?, ?)", rows)

    def forget(self, keys: Iterable[str]) -> None:
        """Remove rows."""
        self._write("DELETE FROM objects_1 WHERE key = ?", [(key,) for key in keys])

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _write(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        with self._database:
            self._database.executemany(statement, rows)


def is_whole(each: Object, row: Row | None, file: Path) -> bool:
    """Tell whether a file is the object as it is now, and untouched since it was fetched."""
    return row is not None and row[1:3] == (each.size, each.tag) and row[3:] == read_state(file)
