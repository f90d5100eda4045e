"""How numbers and names are said in messages, tables and figures."""

from collections.abc import Sequence


def name_some(names: Sequence[str], separator: str = ", ", most: int = 5) -> str:
    """Return the first of some names, and how many more there are: "a, b, c and 4 more"."""
    shown = separator.join(names[:most])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown


def say_interval(interval: Sequence[float]) -> str:
    """Return the two ends of an interval of an accuracy: "0.876 - 0.959"."""
    low, high = interval
    return f"{low:.3f} - {high:.3f}"


def say_bytes(count: int) -> str:
    """Return a number of bytes as a person says it, in powers of 1,000: 412 MB, 4.2 GB."""
    size, units = float(count), ["TB", "GB", "MB", "kB"]
    unit = "bytes"
    while size >= 1000 and units:
        size, unit = size / 1000, units.pop()
    return f"{round(size, 1 if size < 10 else None):g} {unit}"


def shorten(text: str, length: int) -> str:
    """Return `text` in at most `length` characters, cut in the middle, as both ends tell."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    if len(text) <= length:
        return text
    head = (length - 1) // 2
    return text[:head] + "…" + text[len(text) - (length - 1 - head) :]
