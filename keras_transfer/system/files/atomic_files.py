"""Files that are whole or not there: written under another name, flushed, renamed."""

import contextlib
import csv
import errno
import itertools
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from keras_transfer.system.errors import ConfigError

# What a disk answers where a write cannot work, however good the program is; a folder may stand
# where a file belongs.
DISK_ERRORS = [
    getattr(errno, name)
    for name in (
        "ENOSPC",
        "EDQUOT",
        "EFBIG",
        "EROFS",
        "EACCES",
        "EPERM",
        "EIO",
        "EISDIR",
        "ENOTDIR",
    )
    if hasattr(errno, name)
]
UNFINISHED = re.compile(r"\.\d+-[0-9a-f]{8}-")  # what the other name begins with


@contextlib.contextmanager
def explaining_disk() -> Iterator[None]:
    """Make one line of what a disk refuses.

    Raises:
        ConfigError: A file could not be written or read.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        raise ConfigError(
            "A run must be able to write its files, and to read the others. Received: "
            f"{error}. Mend that and go on with --resume."
        ) from error


@contextlib.contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """Hand out a new, empty file; on success it becomes `file`, flushed to disk.

    Nobody can know its name before and put a link there.

    Raises:
        OSError: It cannot be written, or `file` is a device or a pipe, which others need.
    """
    if file.exists() and not file.is_symlink() and not (file.is_file() or file.is_dir()):
        raise OSError(errno.EINVAL, "It is a device or a pipe", str(file))
    mark = f".{os.getpid()}-{secrets.token_hex(4)}"
    temporary = file.with_name(f"{mark}-{file.name}")  # keeps the suffix: writers look
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(file)
    except OSError as error:
        error.filename = error.filename or str(file)  # a writer may not say where it failed
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_text(file: Path, text: str) -> None:
    """Write a text file whole or not at all; its folder is made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def write_table(
    file: Path,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    encoding: Literal["utf-8", "utf-8-sig"] = "utf-8",
) -> None:
    """Write a CSV file whole or not at all.

    Args:
        file: The table.
        columns: Its header.
        rows: Its cells.
        encoding: utf-8-sig where people open it in Excel, which takes plain UTF-8 for something
            else.
    """
    with replacing(file) as temporary, temporary.open("w", encoding=encoding, newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file whole or not at all; NaN is refused, since JSON has none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # piece by piece: of a large report the whole text takes as much memory as the report
    pieces = json.JSONEncoder(indent=2, ensure_ascii=False, allow_nan=False).iterencode(content)
    with replacing(file) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        stream.writelines(itertools.chain(pieces, "\n"))


def remove_unfinished(folder: Path) -> None:
    """Remove what killed processes left of `replacing`; nobody else may be writing there."""
    for file in folder.glob(".*"):
        if UNFINISHED.match(file.name) and file.is_file():
            file.unlink()


Table = dict[str, list[str]]  # column name -> its cells, as text
BLOCK = 10_000  # rows that are read at a time


def read_table(file: Path, most: int | None = None) -> Table:
    """Read a CSV file with a header, as `write_table` leaves it, into columns of text.

    Args:
        file: The table.
        most: Rows to read. None: all.

    Raises:
        ConfigError: It is not there, has no header, a column twice or a row of another length.
    """
    blocks = read_blocks(file, most)
    table = next(blocks)
    for block in blocks:
        for name, cells in block.items():
            table[name] += cells
    return table


def read_blocks(file: Path, most: int | None = None) -> Iterator[Table]:
    """Yield what `read_table` returns some rows at a time, at least once.

    Raises:
        ConfigError: As there, once it comes to the fault.
    """
    fault = ""
    try:
        with file.open(encoding="utf-8", newline="") as stream:
            lines = csv.reader(stream, strict=True)
            columns, rows = next(lines, []), itertools.islice(lines, most)
            for number in itertools.count():
                block = [*itertools.islice(rows, BLOCK)]
                fault = _find_fault(columns, block, number * BLOCK)
                if fault or (number and not block):
                    break
                yield {name: [row[index] for row in block] for index, name in enumerate(columns)}
    except OSError as error:
        fault = error.strerror or str(error)
    except (ValueError, csv.Error) as error:  # bytes that are no text, a cell without an end
        fault = str(error)
    if fault:
        raise ConfigError(
            f"{file.name} must be a CSV file with a header and rows of as many cells. "
            f"Received: {file} ({fault}). Restore it from a copy."
        )


def _find_fault(columns: Sequence[str], block: Sequence[Sequence[str]], before: int) -> str:
    """Return what is wrong with rows that follow `before` others; "" where nothing is."""
    for number, row in enumerate(block, before + 2):
        if len(row) != len(columns):
            return f"row {number} has {len(row)} cells"
    if not columns:
        return "it is empty"
    return "a column is there twice" if len({*columns}) < len(columns) else ""
