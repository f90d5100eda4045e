"""The confusion matrix of a report, whose cells are clicked, and the rows of its classes."""

from typing import NamedTuple

import numpy as np

from keras_transfer.evaluation.class_scores import (
    ClassScore,
    Confusion,
    list_confusions,
    score_classes,
)
from keras_transfer.evaluation.metrics import count_confusions
from keras_transfer.run.predictions_csv import Predictions

MOST = 120  # classes of a matrix: more rows than that nobody scrolls through
FEW = 24  # classes that stay in their own order
NARROW, SHORT = 8, 4  # columns, and letters of their names, that fit side by side
PAIRS = 200  # that are listed


class Cell(NamedTuple):
    """Images of a true class by what they were taken for."""

    prediction: int
    images: int
    share: float
    """Of the images of the true class, in [0, 1]."""


class MatrixRow(NamedTuple):
    """A true class."""

    truth: int
    support: int
    cells: list[Cell | None]
    """In the order of the matrix; None where there is no image."""


class Matrix(NamedTuple):
    """Classes by index, those that are confused most first where there are many."""

    classes: list[int]
    rows: list[MatrixRow]
    left_out: int
    """Classes that it has no room for."""
    is_turned: bool
    """Whether the names of the columns stand upright, since they are many or long."""


class ClassRow(NamedTuple):
    """A class with its numbers."""

    label: int
    """Its index."""
    score: ClassScore
    training: int
    """Images it learned from."""


def build_matrix(predictions: Predictions) -> Matrix:
    """Return the confusion matrix.

    Args:
        predictions: Images of one split.
    """
    counts = count_confusions(predictions)
    errors = counts - np.diag(counts.diagonal())
    wrong = errors.sum(axis=0) + errors.sum(axis=1)
    classes = np.arange(len(wrong))
    if len(classes) > FEW:
        classes = np.argsort(-wrong, kind="stable")
    kept = classes[:MOST]
    support = counts.sum(axis=1)
    rows = [
        MatrixRow(
            truth=truth,
            support=int(support[truth]),
            cells=[_build_cell(counts, truth, other) for other in kept.tolist()],
        )
        for truth in kept.tolist()
    ]
    longest = max(len(name) for name in predictions.class_names)
    is_turned = len(kept) > NARROW and longest > SHORT
    return Matrix(kept.tolist(), rows, len(classes) - len(kept), is_turned)


def _build_cell(counts: np.ndarray, truth: int, other: int) -> Cell | None:
    images = int(counts[truth, other])
    return Cell(other, images, images / int(counts[truth].sum())) if images else None


def list_pairs(predictions: Predictions) -> list[tuple[int, int, Confusion]]:
    """Return (true class, predicted class, numbers) of the pairs that are confused most."""
    index = {name: place for place, name in enumerate(predictions.class_names)}
    return [
        (index[each.truth], index[each.prediction], each)
        for each in list_confusions(predictions, PAIRS)
    ]


def list_classes(predictions: Predictions, training: dict[str, int]) -> list[ClassRow]:
    """Return a row for each class, the lowest F1 first, those without images last.

    Args:
        predictions: Images of one split.
        training: Class -> images that were learned from.
    """
    rows = [
        ClassRow(index, score, training.get(score.name, 0))
        for index, score in enumerate(score_classes(predictions))
    ]
    return sorted(rows, key=lambda row: (not row.score.support, row.score.f1))
