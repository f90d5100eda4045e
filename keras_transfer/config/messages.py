"""How numbers and names are said in messages, tables and figures."""

from collections.abc import Sequence
from typing import Any

from keras_transfer.system.terminal.short_names import shorten
from keras_transfer.system.terminal.visible_text import show_name

FAULT = 200  # letters
GIVEN_AS = {"image": "FOLDER", "text": "TABLE"}  # what a command is said to take others of
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


def count_of(number: int, thing: str, several: str = "") -> str:
    """Return a number of things in words: "1 image", "1,234 images", "2 classes".

    Args:
        number: How many.
        thing: One of them.
        several: More of them, where that does not end in -s, or in -es after an s.
    """
    if number == 1:
        return f"1 {thing}"
    return f"{number:,} {several or thing + ('es' if thing.endswith('s') else 's')}"
