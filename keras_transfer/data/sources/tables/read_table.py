"""Tables as people's programs write them: from bytes to columns of text."""

import codecs
import contextlib
import csv
import logging
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from keras_transfer.config.messages import name_some
from keras_transfer.data.sources.tables import parquet_table
from keras_transfer.data.sources.tables.column_names import settle_name
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.terminal.short_names import shorten

logger = logging.getLogger(__name__)

Columns = dict[str, list[str]]

SEPARATORS = ",;\t|"
INVISIBLE = re.compile("[\ufeff\u200b]")  # marks that joined files leave in names
LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
LOOKED_AT = 20  # rows that tell which separator a table has
WIDTH = 120  # characters of a row that an error shows


def read_columns(table: Path) -> Columns:
    """Read the whole table as text, without the blanks around it.

    Parquet files are told by their suffix. In others, cells are separated by what a first line
    `sep=;` says, else by commas, semicolons, tabs or bars. UTF-8, or UTF-16 as Excel writes it.
    Columns without a name are ignored, and so are lines that begin with # and have not as many
    cells as the header.

    Returns:
        The cells below each name of the header; those of `OURS` are in lower case.

    Raises:
        ConfigError: It is no such text or Parquet file, a name occurs twice in its header, or a row
            is shorter or longer than that.
    """
    if parquet_table.is_parquet(table):
        columns, _ = parquet_table.read_parquet_table(table)
        columns = {name: [*map(str.strip, cells)] for name, cells in columns.items()}
        return columns
    text, separator = find_separator(_decode(table, table.read_bytes()))
    try:
        return _fill_columns(table, text, separator)
    except csv.Error as error:
        raise ConfigError(
            f"A table must be CSV. Received: {table} ({error}). Close its quotes."
        ) from error


def require_text(table: Path) -> None:
    """Raise a `ConfigError` for a table that is there and is no text, nor Parquet."""
    if parquet_table.is_parquet(table):
        return
    with contextlib.suppress(OSError):  # whoever reads its columns says why it cannot be read
        _decode(table, table.read_bytes())


def simplify(name: str) -> str:
    """Return the name of a column without blanks and marks: `Image_Id` is `imageid`."""
    return re.sub(r"[\W_]+", "", name.lower())


def _decode(table: Path, content: bytes) -> str:
    """Return the text of a table; the encoding is told by a byte order mark, or by zeros."""
    if content.startswith(b"PK\x03\x04"):
        raise ConfigError(
            f"A table must be text. Received: {table}, an Excel workbook or another archive. Save "
            'the sheet as "CSV UTF-8".'
        )
    encoding = "utf-8-sig"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif b"\0" in content[:2]:
        encoding = "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"A table must be text in UTF-8. Received: {table} ({error.reason} in line {line}). "
            "Save it as UTF-8."
        ) from error
    if "\0" in text:
        raise ConfigError(f"A table must be text. Received: {table}, which holds zero bytes.")
    return text


def find_separator(text: str) -> tuple[str, str]:
    """Return the text below a line `sep=;`, if there is one, and what separates the cells."""
    if said := re.match(r'"?sep= *([^\r\n"])"? *(\r\n|\r|\n|\Z)', text, re.IGNORECASE):
        return text[said.end() :], said[1]
    best = (0, ",")
    for separator in SEPARATORS:
        counts = _count_cells(text, separator)
        even = counts[:1] * len(counts) == counts
        # one that fits all rows wins, then the one that makes most columns, then the first
        if counts and counts[0] > 1 and counts[0] + even * len(text) > best[0]:
            best = counts[0] + even * len(text), separator
    return text, best[1]


def _count_cells(text: str, separator: str) -> list[int]:
    """Return how many cells the first rows have with a separator."""
    rows = csv.reader(_split_lines(text), delimiter=separator)
    try:
        filled = (row for row in rows if any(row) and not row[0].lstrip().startswith("#"))
        return [len(row) for row in islice(filled, LOOKED_AT)]
    except csv.Error:
        return []


def _split_lines(text: str) -> Iterator[str]:
    """Yield the lines with their ends; `io.StringIO` would hold four bytes a letter of all."""
    return (line[0] for line in LINE.finditer(text))


def _fill_columns(table: Path, text: str, separator: str) -> Columns:
    reader = csv.reader(_split_lines(text), delimiter=separator)
    rows = ([cell.strip() for cell in row] for row in reader)
    filled = (row for row in rows if any(row))
    comments: list[str] = []
    header = next(_skip_comments(filled, comments), [])
    names = [INVISIBLE.sub("", name) for name in header]
    names = [*map(settle_name, names)]
    check_header(table, names)
    columns: list[list[str]] = [[] for _ in names]
    for row in filled:
        if len(row) != len(names):
            if row[0].startswith("#"):
                comments.append(row[0])
                continue
            row = fit_row(table, reader.line_num, row, len(names))
        for column, cell in zip(columns, row, strict=True):
            column.append(cell)
    if comments:
        text = "%s: skipped lines that begin with #: %d, such as %s"
        logger.warning(text, table.name, len(comments), shorten(comments[0], 40))
    return {name: column for name, column in zip(names, columns, strict=True) if name}


def _skip_comments(rows: Iterator[list[str]], comments: list[str]) -> Iterator[list[str]]:
    """Yield the rows that do not begin with #, and note those that do."""
    for row in rows:
        if row[0].startswith("#"):
            comments.append(row[0])
        else:
            yield row


def check_header(table: Path, names: list[str]) -> None:
    """Raise `ConfigError` if a name of a column occurs twice."""
    named = [name for name in names if name]
    if repeated := sorted({name for name in named if named.count(name) > 1}):
        raise ConfigError(
            "The first line of a table must name its columns, each once. Received: "
            f"{shorten(','.join(names), WIDTH)} in {table}, where {name_some(repeated)} occurs "
            "twice. Rename or remove the repeated ones, or add such a line."
        )


def fit_row(table: Path, line: int, row: list[str], width: int) -> list[str]:
    """Return a row without the empty cells behind the last column, or refuse it."""
    if len(row) > width and not any(row[width:]):
        return row[:width]
    advice = "Quote cells that hold the separator."
    if any("\n" in cell for cell in row):
        advice = "A quote opens there and is not closed."
    raise ConfigError(
        f"Every row must have {width} cells, as the header has. Received: "
        f"{shorten(','.join(row), WIDTH)} in line {line} of {table}. {advice}"
    )
