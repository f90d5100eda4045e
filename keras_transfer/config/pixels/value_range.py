"""`data.value_range`: which numbers of image files become black and white, as text and as numbers.

A pair LOW,HIGH maps a number v to the shade round(255 * clip((v - LOW) / (HIGH - LOW), 0, 1)).
"""

import math

FULL = "full"  # all that a file's numbers can hold, such as 0 to 65535

Limits = tuple[float, float]  # whole numbers are int


def parse_range(text: str) -> Limits | None:
    """Return LOW and HIGH; None for `full` and what is not resolved yet.

    Raises:
        ValueError: It is neither a word nor a pair of finite numbers, the smaller one first.
    """
    if text in ("auto", FULL):
        return None
    low, high = (_parse_number(part.strip()) for part in text.split(","))
    if not (low < high and math.isfinite(low) and math.isfinite(high)):
        raise ValueError(text)
    return low, high


def read_recorded(text: str) -> str:
    """Return the value range that a run has; those made before there was a choice had `full`."""
    return FULL if text == "auto" else text


def format_range(low: float, high: float) -> str:
    """Return a pair as the text that `parse_range` reads."""
    return f"{low!r},{high!r}"


def covers_bytes(limits: Limits) -> bool:
    """Return whether pictures of 8 bits are read by these limits as well: they could hold both.

    Limits with a decimal point are those of fractions, which such pictures do not hold.
    """
    low, high = limits
    return isinstance(low, int) and isinstance(high, int) and low >= 0 and high <= 255


def _parse_number(text: str) -> float:
    try:
        return int(text)
    except ValueError:
        return float(text)
