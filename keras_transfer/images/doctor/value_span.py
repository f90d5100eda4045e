"""Which numbers the images of a set hold, and the `data.value_range` that follows from them."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from PIL import Image

from keras_transfer.config.messages import count_of
from keras_transfer.config.pixels.value_range import (
    FULL,
    covers_bytes,
    format_range,
    parse_range,
)

BYTES = "8 bits"
# Share of an image's numbers at each end that do not count: pixels of a sensor that are broken
TAIL = 1e-4
MOST_NUMBERS = 2**20  # of an image that are sorted
# What usual makers of images take for white, and how near a set must come to be meant
TOPS = tuple(2**bits - 1 for bits in (8, 10, 12, 14, 16))
NEAR = 15 / 16
LITTLE = 1 / 4  # of the shades: a set that has fewer is worth a word
FAR = 8  # times as far as in the median image reaches the whole set, where that is worth a word

Values = Mapping[str, Mapping[str, Any]]  # kind -> images, low, high, median


def find_extremes(image: Image.Image) -> tuple[float, float]:
    """Return the smallest and the largest shade of an image of 8 bits."""
    found = np.array(image.getextrema())
    return float(found.min()), float(found.max())


def measure_values(values: np.ndarray) -> tuple[float, float, bool]:
    """Return the smallest and the largest number of an image, and whether all are finite.

    Args:
        values: As `read_values` returns them. Alpha does not count, nor do the very ends.
    """
    channels = values[..., :3] if values.ndim == 3 else values[..., None]
    numbers = channels.reshape(-1, channels.shape[-1])
    numbers = numbers[:: max(1, numbers.size // MOST_NUMBERS)]
    good = numbers[np.isfinite(numbers)]
    finite = good.size == numbers.size
    if not good.size:
        return 0.0, 0.0, finite
    low, high = np.quantile(good, (TAIL, 1 - TAIL), method="nearest")
    return float(low), float(high), finite


def measure_set(kinds: np.ndarray, spans: np.ndarray) -> dict[str, dict[str, Any]]:
    """Return of each kind of numbers how many images hold it, from where to where.

    Args:
        kinds: (n,) of str, see `Inspection`.
        spans: (n, 2) of float64.

    Returns:
        Kind → `images`, `low` and `high`, and `median`: from the smallest number to the largest in
        the median image.
    """
    found = {}
    for kind in sorted({*kinds.tolist()} - {""}):
        low, high = spans[kinds == kind].T
        found[kind] = {
            "images": len(low),
            "low": _to_number(low.min(), kind),
            "high": _to_number(high.max(), kind),
            "median": float(np.median(high - low)),
        }
    return found


def resolve_range(values: Values) -> str:
    """Return the `data.value_range` of a set, where it is `auto`.

    Images of 8 bits alone stay as they are. Others reach from the smallest number in the set to the
    largest, or to the end of what such numbers are usually made for if that is near.
    """
    deep = _join(values)
    if deep is None:
        return FULL
    low, high = deep
    if BYTES in values and covers_bytes(deep):
        return "0,255"  # both are of one scale
    if low == high:  # nothing can be told apart
        return format_range(low, high + 1)
    whole = isinstance(low, int)
    for top in TOPS if whole else (1.0, *map(float, TOPS)):
        if 0 <= low <= top * (1 - NEAR) and top * NEAR <= high <= top:
            return format_range(0 if whole else 0.0, top)
    step = 10 ** (math.floor(math.log10(high - low)) - 2)  # three digits say enough
    step = max(1, round(step)) if whole else step
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step
    return format_range(low, high) if whole else format_range(float(f"{low:g}"), float(f"{high:g}"))


def say_values(values: Values, value_range: str) -> tuple[str, list[str]]:
    """Return in words how a set is read, "" where it is as every other, and what is odd in it.

    Args:
        values: What `measure_set` says of it.
        value_range: As `data.value_range` says, resolved.
    """
    deep, limits = {k: v for k, v in values.items() if k != BYTES}, parse_range(value_range)
    said = ""
    if deep and limits:
        low, high = limits
        said = f"Values: {_list_kinds(deep)}; {low:g} becomes 0, {high:g} 255 (data.value_range)"
    elif deep:
        said = f"Values: {_list_kinds(deep)}; 65535 becomes 255, of floats 1 (or 255 if above)"
    elif limits and covers_bytes(limits):
        said = f"Values: {limits[0]} becomes 0, {limits[1]} becomes 255"
    return said, list(_find_oddities(values, value_range))


def _find_oddities(values: Values, value_range: str) -> Iterator[str]:
    """Yield what is worth a warning."""
    limits, deep = parse_range(value_range), _join(values)
    if len(values) > 1:
        counts = ", ".join(f"{row['images']:,} in {kind}" for kind, row in values.items())
        kept = BYTES in values and limits and not covers_bytes(limits)
        how = f"those in {BYTES} are read from 0 to 255, the others by {value_range}"
        yield (
            f"The images are of several kinds ({counts}); "
            f"{how if kept else 'one range is for all'}: store them alike if you can"
        )
    for kind, row in values.items():
        low, high = row["low"], row["high"]
        floor, top = find_limits(kind, low, high, value_range)
        seen = (min(high, top) - max(low, floor)) / (top - floor)
        if high > low and seen < LITTLE:
            yield (
                f"{count_of(row['images'], 'image holds', 'images hold')} only {low:g} to {high:g} "
                f"of {floor:g} to {top:g}: a network sees {1 + round(255 * max(0.0, seen))} shades "
                "of 256. Spread them by "
                f"--data.value_range={format_range(low, high)}"
            )
        if kind != BYTES and deep and row["high"] - row["low"] > FAR * row["median"] > 0:
            yield (
                f"Half of the images in {kind} reach less than 1/{FAR} as far as all of them, "
                f"{low:g} to {high:g}: a few images, or a number for what is missing, set the "
                "range. Narrow it by --data.value_range"
            )


def find_limits(kind: str, low: float, high: float, value_range: str) -> tuple[float, float]:
    """Return which numbers of this kind become 0 and 255.

    Args:
        kind: Of the numbers of an image, or of several.
        low: The smallest one.
        high: The largest one.
        value_range: As `data.value_range` says, resolved.
    """
    limits = parse_range(value_range)
    if kind == BYTES:
        return limits if limits and covers_bytes(limits) else (0, 255)
    if limits:
        return limits
    if kind == "floats":
        return 0, 1 if high <= 1 else 255
    return 0, 65535


def _join(values: Values) -> tuple[float, float] | None:
    """Return the smallest and the largest number of more than 8 bits."""
    deep = [row for kind, row in values.items() if kind != BYTES]
    if not deep:
        return None
    low, high = min(row["low"] for row in deep), max(row["high"] for row in deep)
    whole = "floats" not in values
    return (int(low), int(high)) if whole else (float(low), float(high))


def _list_kinds(values: Values) -> str:
    return ", ".join(
        f"{row['low']:g} to {row['high']:g} in {kind} ({count_of(row['images'], 'image')})"
        for kind, row in values.items()
    )


def _to_number(value: float, kind: str) -> float:
    return float(value) if kind == "floats" else int(value)
