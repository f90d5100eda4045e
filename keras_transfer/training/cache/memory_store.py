"""Arrays that are kept: what they are, and a store of them in memory.

Those in files are in `cache_store.py`, which is filled alike.
"""

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np

Place = Literal["memory", "disk"]
Layout = Mapping[str, tuple[tuple[int, ...], str]]  # name -> shape, dtype


def count_bytes(layout: Layout) -> int:
    """Return the bytes that the arrays of a layout take."""
    return sum(math.prod(shape) * np.dtype(dtype).itemsize for shape, dtype in layout.values())


class MemoryStore:
    """Arrays in memory that are filled in order, a few rows at a time.

    Args:
        layout: Name, shape and dtype of each array.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = dict(layout)
        self._arrays = {name: np.empty(shape, dtype) for name, (shape, dtype) in layout.items()}
        self._filled = dict.fromkeys(layout, 0)  # rows

    def count_filled(self, kind: str) -> int:
        """Return how many rows there are of what a kind of examples leaves: see `count_filled`."""
        return count_filled(self._filled, kind)

    def note(self) -> None:
        """Do nothing: what is in memory goes with the process."""

    def append(self, name: str, rows: np.ndarray) -> None:
        """Add the next rows of an array.

        Raises:
            ValueError: They have another shape or dtype, or there are too many.
        """
        start = self._filled[name]
        stop = self._filled[name] = count_rows(self._layout, name, start, rows)
        self._arrays[name][start:stop] = rows

    def finish(self) -> dict[str, np.ndarray]:
        """Return the arrays, which can only be read from now on.

        Raises:
            ValueError: A row is missing.
        """
        check_complete(self._layout, self._filled)
        for array in self._arrays.values():
            array.setflags(write=False)
        return self._arrays

    def discard(self) -> None:
        """Give the memory back."""
        self._arrays = {}

    leave = discard


def count_rows(layout: Layout, name: str, start: int, rows: np.ndarray) -> int:
    """Return how many rows there are with the new ones."""
    shape, dtype = layout[name]
    stop = start + len(rows)
    if rows.shape[1:] != shape[1:] or rows.dtype != np.dtype(dtype) or stop > shape[0]:
        raise ValueError(
            f"`{name}` must get {shape[0]} rows {shape[1:]} of {dtype}. "
            f"Received: rows {start} to {stop}, {rows.shape[1:]} of {rows.dtype}."
        )
    return stop


def count_filled(filled: Mapping[str, int], kind: str) -> int:
    """Return how many rows all arrays have whose names begin with a word."""
    return min(rows for name, rows in filled.items() if name.startswith(f"{kind}_"))


def check_complete(layout: Layout, filled: Mapping[str, int]) -> None:
    """Raise a `ValueError` where a row is missing."""
    for name, (shape, _) in layout.items():
        if filled[name] != shape[0]:
            raise ValueError(f"`{name}` must get {shape[0]} rows. Received: {filled[name]}.")
