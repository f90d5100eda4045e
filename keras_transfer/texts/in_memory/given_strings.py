"""Texts as Python code has them: str, bytes, pairs of these; and whether strings are sentences."""

import contextlib
import os
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import PurePath
from typing import Any

import numpy as np

from keras_transfer.config.messages import name_some
from keras_transfer.data.sources.in_memory.given_labels import name_cell
from keras_transfer.data.sources.in_memory.given_sets import is_kind
from keras_transfer.data.sources.tables.read_table import Columns
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.terminal.short_names import shorten
from keras_transfer.texts.sources.text_columns import pick_texts

NAMES = ("text", "text_2")  # of the columns of texts that have none
LOOKED_AT = 50  # examples that tell what strings are
SHOWN = 60  # letters of what is no text, in a message


def is_text(thing: Any) -> bool:
    """Return whether a thing is a text, or a pair of them."""
    if isinstance(thing, tuple | list | np.ndarray):
        return np.ndim(thing) == 1 and len(thing) == 2 and all(_is_string(part) for part in thing)
    return _is_string(thing)


def are_sentences(examples: Iterable[Any]) -> bool:
    """Return whether strings are texts rather than paths of files, where nobody says which.

    Most texts have blanks between words; a string that names a file that is there is a path.
    """
    strings: list[str] = []
    for example in islice(examples, LOOKED_AT):
        parts = [example] if _is_string(example) else list(example) if is_text(example) else []
        strings += map(name_cell, parts)
    spaced = sum(" " in text.strip() for text in strings)
    named = sum(1 < len(PurePath(text).suffix) < 6 for text in strings if "\n" not in text)
    return spaced * 2 > len(strings) >= named * 2 and not any(map(_is_file, strings))


def list_texts_of(examples: Any) -> list[Any]:
    """Return the examples of a list, a Series, an array, or a table of one or two columns.

    Of a table with more columns those are taken that are called like texts.

    Raises:
        ConfigError: Two columns of a table have one name.
    """
    if hasattr(examples, "columns"):
        names = {str(name): name for name in examples.columns}
        if len(names) != len(examples.columns):
            shown = name_some([*map(str, examples.columns)])
            raise ConfigError(f"Columns must have names of their own. Received: {shown}.")
        chosen = pick_texts(names) or list(names)
        columns = [list_texts_of(examples[names[name]]) for name in chosen]
        return columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))
    if is_kind(examples, "pandas", "Series") or is_kind(examples, "polars", "Series"):
        return list(examples.to_list())
    if hasattr(examples, "__array__"):
        array = np.asarray(examples)
        array = array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array
        return list(array) if array.ndim > 1 else array.tolist()
    return list(examples)


def name_texts_of(examples: Sequence[Any]) -> Columns:
    """Return the columns `text`, and `text_2` of pairs; "" where there is nothing.

    Raises:
        ConfigError: An example is something else, or there are pairs beside single texts.
    """
    rows = [_read_example(example, place) for place, example in enumerate(examples)]
    widths = {len(row) for row in rows if row is not None}
    if len(widths) > 1:
        raise ConfigError(
            "All texts must be single ones, or all of them pairs. Received: both. Give them as "
            "data sets of their own."
        )
    width = max(widths, default=1)
    filled = [("",) * width if row is None else row for row in rows]
    return {name: [row[k] for row in filled] for k, name in enumerate(NAMES[:width])}


def read_cells(cells: Sequence[Any], where: str) -> list[str]:
    """Return a column of texts; "" where there is nothing.

    Args:
        cells: Of the column.
        where: Its name.

    Raises:
        ConfigError: One is something else.
    """
    return [_read_string(cell, f"row {row} of {where}") for row, cell in enumerate(cells)]


def _read_example(example: Any, place: int) -> tuple[str, ...] | None:
    """Return the text, or the two; None where there is nothing."""
    where = f"place {place}"
    if isinstance(example, tuple | list | np.ndarray) and np.ndim(example) == 1:
        if len(example) == 2:
            return tuple(_read_string(part, where) for part in example)
        raise _refuse(example, where)
    found = _read_string(example, where)
    return (found,) if _is_string(example) else None


def _read_string(thing: Any, where: str) -> str:
    is_nothing = not isinstance(thing, tuple | list | np.ndarray) and name_cell(thing) == ""
    if not _is_string(thing) and not is_nothing:
        raise _refuse(thing, where)
    return name_cell(thing)


def _refuse(thing: Any, where: str) -> ConfigError:
    return ConfigError(
        f"A text must be a str, or two of them as a tuple. Received: {shorten(repr(thing), SHOWN)} "
        f"in {where}, counted from 0. Correct it."
    )


def _is_string(thing: Any) -> bool:
    return isinstance(thing, str | bytes)


def _is_file(text: str) -> bool:
    with contextlib.suppress(OSError, ValueError):  # too long for a name, a zero byte
        return os.path.isfile(os.path.expanduser(text))
    return False
