"""Tables of texts whose cells are separated by commas, tabs and the like, read in one pass.

Unlike tables of files, they need no header, cells may be of any length and keep their blanks.
"""

import contextlib
import csv
import re
import sys
import threading
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Literal

from keras_transfer.data.sources.tables.column_names import settle_name
from keras_transfer.data.sources.tables.read_table import (
    INVISIBLE,
    Columns,
    check_header,
    find_separator,
    fit_row,
)
from keras_transfer.system.errors import ConfigError
from keras_transfer.texts.sources.text_columns import is_header
from keras_transfer.texts.sources.text_encoding import find_file_encoding, open_text

SUFFIXES = (".csv", ".tsv", ".txt")
SAMPLE = 2**16  # characters that tell the separator; csv's own limit of a cell is twice as many
END = "\ue000 end"  # a row that is not found by itself was within open quotes
QUOTED = re.compile(r'"(?:[^"]|"")*"')
LONG = 3  # words: a cell of more is no class

_one_limit = threading.Lock()  # the longest cell is a setting of the whole process


def read_delimited(table: Path) -> Columns:
    """Read a table as text; without a header it must be two columns, of texts and classes.

    Raises:
        ConfigError: It is no such table, or a row is shorter or longer than the first one.
    """
    encoding = find_file_encoding(table)
    with open_text(table, encoding) as stream:
        rest, separator = find_separator(sample := stream.read(SAMPLE))
    with open_text(table, encoding) as stream:
        quoting = choose_quoting(stream, separator)
        stream.seek(0)
        if len(rest) < len(sample):  # what said the separator
            stream.readline()
        with _cells_of_any_length():
            reader = csv.reader(chain(stream, [END]), delimiter=separator, quoting=quoting)
            try:
                return _fill(table, reader)
            except csv.Error as error:
                raise ConfigError(
                    f"A table must be CSV. Received: {table} ({error}). Close its quotes."
                ) from error


def name_columns(columns: list[list[str]]) -> Columns | None:
    """Return columns without a header as `text` and `label`; None unless it is certain.

    A class occurs more than once, so a name of a column that is not known as one is none.
    """
    if len(columns) != 2:
        return None
    first, second = columns
    label, text = sorted(columns, key=lambda cells: (len({*cells}), sum(map(len, cells))))
    known = {cell.strip() for cell in label}
    again = sum(cell.strip() == label[0].strip() for cell in label) > 1
    if not again or len(known) * 2 > len(label) or any(len(c.split()) > LONG for c in known):
        return None
    return {"text": first, "label": second} if text is first else {"label": first, "text": second}


def choose_quoting(lines: Iterable[str], separator: str) -> Literal[0, 3]:
    """Return how `csv` is to take quotes: as letters in a table of tabs whose cells are not quoted.

    That is one of a record a line, in which a cell begins with a quote that ends elsewhere.
    """
    width, found = -1, False
    for line in lines if separator == "\t" else ():
        line = line.rstrip("\r\n")
        if not line:
            continue
        if width < 0:
            width = line.count("\t")
        if line.count("\t") != width:
            return csv.QUOTE_MINIMAL
        if '"' in line and not found:
            cells = line.split("\t")
            found = any(cell.startswith('"') and not QUOTED.fullmatch(cell) for cell in cells)
    return csv.QUOTE_NONE if found else csv.QUOTE_MINIMAL


@contextlib.contextmanager
def _cells_of_any_length() -> Iterator[None]:
    with _one_limit:
        limit = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
        try:
            yield
        finally:
            csv.field_size_limit(limit)


def _fill(table: Path, reader: Iterator[list[str]]) -> Columns:
    """Return the cells of each column, verbatim."""
    rows = filter(None, reader)
    first = next(rows)
    header = [INVISIBLE.sub("", name).strip() for name in first]
    columns: list[list[str]] = [[] for _ in header]
    adds = [column.append for column in columns]
    row = header
    for row in rows:
        if row[-1] == END and len(row) == 1:
            break
        if len(row) != len(header):
            row = fit_row(table, reader.line_num, row, len(header))  # type: ignore[attr-defined]
        for add, cell in zip(adds, row, strict=True):
            add(cell)
    if row != [END]:
        raise ConfigError(
            f"A table must be CSV. Received: {table}, where a quote opens in its last rows and is "
            "not closed. Close it, or double quotes that are letters."
        )
    if not is_header(header):
        whole = [[cell, *cells] for cell, cells in zip(first, columns, strict=True)]
        if named := name_columns(whole):
            return named
    names = [settle_name(name) for name in header]
    check_header(table, names)
    return {name: cells for name, cells in zip(names, columns, strict=True) if name}
