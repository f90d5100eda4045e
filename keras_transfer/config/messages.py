"""How numbers and names are said in messages, tables and figures."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from keras_transfer.system.terminal.visible_text import count_cells, show_name

FAULT = 200  # letters
VALUE = 100  # columns of what came; nobody has to read all of it to know it again


def name_some(names: Sequence[str], separator: str = ", ", most: int = 5) -> str:
    """Return the first of some names, and how many more there are: "a, b, c and 4 more"."""
    shown = separator.join(map(show_name, names[:most]))
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown


def say_value(value: Any) -> str:
    """Return a value as Python writes it, a long one cut in the middle."""
    return shorten(repr(value), VALUE)


def say_interval(interval: Sequence[float]) -> str:
    """Return the two ends of an interval of an accuracy: "0.876 - 0.959"."""
    low, high = interval
    return f"{low:.3f} - {high:.3f}"


def say_fault(error: BaseException) -> str:
    """Return what a library raised in one line; a long text would widen tables."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:FAULT]


def say_bytes(count: int) -> str:
    """Return a number of bytes as a person says it, in powers of 1,000: 412 MB, 4.2 GB."""
    size, units = float(count), ["TB", "GB", "MB", "kB"]
    unit = "bytes"
    while size >= 1000 and units:
        size, unit = size / 1000, units.pop()
    return f"{round(size, 1 if size < 10 else None):g} {unit}"


def shorten(text: str, length: int) -> str:
    """Return a name in at most `length` columns, cut in the middle, as both ends tell."""
    text = show_name(text)
    if count_cells(text) <= length:
        return text
    head = _fit(text, (length - 1) // 2)
    tail = _fit(text[::-1], length - 1 - count_cells(head))[::-1]
    while tail and unicodedata.category(tail[0]) in ("Mn", "Mc", "Cf"):
        tail = tail[1:]  # it would stand on the dots
    return head + "…" + tail


def keep_end(path: str, length: int) -> str:
    """Return a path in at most `length` columns: its end says more than where it begins."""
    text = show_name(path)
    return text if count_cells(text) <= length else "…" + _fit(text[::-1], length - 1)[::-1]


def _fit(text: str, cells: int) -> str:
    """Return as much of the beginning as fits."""
    for index, letter in enumerate(text):
        cells -= count_cells(letter)
        if cells < 0:
            return text[:index]
    return text
