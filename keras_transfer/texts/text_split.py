"""The texts of one split, as token ids."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Split:
    """The texts of one split, the shortest first, so that neighbours fill little up."""

    paths: np.ndarray  # (n,) text, names of rows, or of files relative to the data set
    labels: np.ndarray  # (n,) int64
    tokens: np.ndarray  # (n, longest) int32, filled up with padding
    lengths: np.ndarray  # (n,) int64, ids of each row that are none

    @property
    def states(self) -> None:
        """Nothing is read from files any more."""

    def __len__(self) -> int:
        return len(self.paths)

    def take(self, rows: np.ndarray | slice) -> "Split":
        """Return the texts in these rows."""
        columns: dict[str, Any] = {
            field.name: getattr(self, field.name)[rows] for field in dataclasses.fields(self)
        }
        return Split(**columns)

    def cut(self, rows: np.ndarray) -> np.ndarray:
        """Return the ids of these rows, as long as the longest of them."""
        return self.tokens[rows, : max(self.lengths[rows], default=0)]
