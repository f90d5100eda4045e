"""What is said of a batch of predictions: rows of a table, and objects for scripts."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from keras_transfer.evaluation.certainty.prediction_sets import list_members
from keras_transfer.evaluation.predict_output import (
    UNUSUAL,
    ImagePredictions,
    Row,
    list_columns,
    list_rows,
)


class Said(NamedTuple):
    """What is said of some examples."""

    rows: list[Row]
    images: list[dict[str, Any]]  # what --json prints of each, if it is asked for


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """What is to be said."""

    top: int
    """Classes to name, best first."""
    threshold: float
    """Below this probability the prediction is `unsure`."""
    limits: np.ndarray | None
    """Of sets of classes; None: there are none."""
    unusual: bool
    """Whether to say which images are unlike the training images."""
    json: bool
    """Whether `Said.images` is wanted."""

    @property
    def columns(self) -> list[str]:
        """The header of `Said.rows`."""
        return list_columns(self.top, self.limits is not None, self.unusual)

    def add_sets(self, part: ImagePredictions) -> ImagePredictions:
        """Return predictions with sets of classes, if they are asked for."""
        if self.limits is None:
            return part
        return dataclasses.replace(part, members=list_members(part.probabilities, self.limits))

    def say(self, part: ImagePredictions) -> Said:
        """Return what is said of predictions that have their sets."""
        from keras_transfer.evaluation.reports.json_answers import answer_images

        images = [*answer_images(part, self.top, self.threshold)] if self.json else []
        return Said([*list_rows(part, self.top, self.threshold)], images)

    def count_unusual(self, rows: Sequence[Row]) -> int:
        """Return how many images are unlike the training images."""
        if not self.unusual:
            return 0
        place = self.columns.index(UNUSUAL)
        return sum(row[place] == "yes" for row in rows)
