"""The images of one split: where they are, what they are, and their pixels where they are kept."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_transfer.images.kept_squares import SquareRows


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Split:
    """The images of one split, in the fixed order of split.csv."""

    paths: np.ndarray  # (n,) text, relative to the data set
    labels: np.ndarray  # (n,) int64
    # (n, side, side, 3) uint8; None: decoded whenever needed
    pixels: np.ndarray | SquareRows | None = None
    states: np.ndarray | None = None  # (n, 2) int64, see `ExampleSplit`
    plain: np.ndarray | None = None  # (n,) bool, as `inspect_files` says; None: no file is plain

    def __len__(self) -> int:
        return len(self.paths)

    def take(self, rows: np.ndarray | slice) -> "Split":
        """Return the images in these rows."""
        columns: dict[str, Any] = {
            field.name: getattr(self, field.name)[rows]
            for field in dataclasses.fields(self)
            if getattr(self, field.name) is not None
        }
        return Split(**columns)

    def cut_out(self, rows: np.ndarray) -> "Split":
        """Return the images in these rows, with pixels of their own where some are kept."""
        part = self.take(rows)
        kept = part.pixels
        if isinstance(kept, SquareRows):
            part = dataclasses.replace(part, pixels=kept.read(np.arange(len(part))))
        return part
