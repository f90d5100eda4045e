"""What earlier inspections found, so that a file is read again only when it has changed.

One SQLite file in the cache, for all data sets of a user. Where it cannot be written, nothing is
remembered and everything works.
"""

import contextlib
import logging
import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import PIL
from PIL import Image, features

from keras_transfer.data.same_files.file_states import LATEST
from keras_transfer.images.decoding.image_formats import list_formats
from keras_transfer.images.doctor.file_facts import Facts
from keras_transfer.system.files.user_folders import cache_roots

logger = logging.getLogger(__name__)

NAME = "inspected.sqlite"
FRESH = 2 * 10**9  # nanoseconds: a file this young may change again without a later time
WIDEST = 2**31 - 1  # pixels
BUSY = 2  # seconds to wait for another process, which writes for milliseconds

# Another number for other columns or rules.
TABLE = """
CREATE TABLE IF NOT EXISTS files_2 (
    root TEXT, path TEXT, size INTEGER, mtime INTEGER, maker TEXT, sha256 TEXT, reason TEXT,
    plain INTEGER, odd TEXT, width INTEGER, height INTEGER,
    kind TEXT, low REAL, high REAL, look INTEGER, PRIMARY KEY (root, path)
) WITHOUT ROWID
"""
ASKED = "CREATE TEMP TABLE asked (row INTEGER PRIMARY KEY, path TEXT, size INTEGER, mtime INTEGER)"
KINDS = {str: "text", bool: "integer", int: "integer", float: "real"}
SOUND = " AND ".join(f"typeof({n}) = '{KINDS[k]}'" for n, k in Facts.__annotations__.items())
SOUND += f" AND width BETWEEN 0 AND {WIDEST} AND height BETWEEN 0 AND {WIDEST}"
FOUND = f"""
SELECT row, {", ".join(Facts._fields)} FROM asked JOIN files_2 USING (path, size, mtime)
WHERE root = ? AND maker = ? AND length(sha256) = 64 AND {SOUND}
"""

State = tuple[int, str, int, int]  # row of the examples, path, size in bytes, mtime in nanoseconds


class KnownFiles:
    """The facts of files, by path, size and time of the last change.

    Args:
        root: Folder that paths are relative to.
    """

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        # what Pillow makes of a file depends on these as well
        limits = PIL.__version__, Image.MAX_IMAGE_PIXELS, *features.get_supported(), *list_formats()
        self._maker = " ".join(map(str, limits))
        self._database = _connect()

    def find(self, states: Iterable[State]) -> Iterator[tuple[int, Facts]]:
        """Yield row and facts of the files that are as they were when they were inspected."""
        if self._database is None:
            return
        with self._tolerating(), self._database as database:
            database.execute(ASKED)
            held = (state for state in states if abs(state[3]) < LATEST)
            database.executemany("INSERT INTO asked VALUES (?, ?, ?, ?)", held)
            for row, *facts in database.execute(FOUND, (self._root, self._maker)):
                found = Facts(*facts)
                yield row, found._replace(plain=bool(found.plain), look=found.look % 2**64)

    def remember(self, found: Iterable[tuple[State, Facts]]) -> None:
        """Keep facts, but not those of files that were changed just now or cannot be read."""
        if self._database is None:
            return
        latest = time.time_ns() - FRESH
        rows = (
            (self._root, path, size, mtime, self._maker, *facts[:-1], _sign(facts.look))
            for (_, path, size, mtime), facts in found
            if facts.sha256 and -LATEST < mtime < latest
        )
        with self._tolerating(), self._database as database:
            marks = ", ".join("?" * (5 + len(Facts._fields)))
            database.executemany(f"INSERT OR REPLACE INTO files_2 VALUES ({marks})", rows)

    def close(self) -> None:
        """Close the file."""
        if self._database is not None:
            self._database.close()
            self._database = None

    @contextlib.contextmanager
    def _tolerating(self) -> Iterator[None]:
        """Go on without what is known: it is damaged, locked, on a full disk, of a nameless folder.

        It is not asked again: each time might take `BUSY` seconds.
        """
        try:
            yield
        except (sqlite3.Error, UnicodeError) as error:
            _tell(error)
            self.close()


def _connect() -> sqlite3.Connection | None:
    folder = cache_roots()[0]
    database = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(folder / NAME, timeout=BUSY)
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(TABLE)
        return database
    except (OSError, sqlite3.Error) as error:
        _tell(error)
        if database:
            database.close()
        return None


def _tell(error: Exception) -> None:
    """Say why nothing is remembered, aloud where it took time and will go away."""
    locked = isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
    logger.log(
        logging.WARNING if locked else logging.DEBUG,
        "Inspections are not remembered this time (%s: %s)",
        cache_roots()[0] / NAME,
        error,
    )


def _sign(look: int) -> int:
    """Return 64 bits as SQLite stores them."""
    return look - 2**64 if look >= 2**63 else look
