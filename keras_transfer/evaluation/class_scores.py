"""What a model is worth for each class, and which it takes for which: as numbers, and as tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.evaluation.metrics import (
    classification_rows,
    count_confusions,
    f1_interval,
    wilson_interval,
)
from keras_transfer.run.predictions_csv import Predictions
from keras_transfer.run.run_files import RunFiles
from keras_transfer.system.files.atomic_files import write_table

COLUMNS = (
    *("split", "class", "precision", "recall", "recall_low", "recall_high"),
    *("f1", "f1_low", "f1_high", "support", "confused_with", "confused_images"),
)


@dataclass(frozen=True, kw_only=True)
class ClassScore:
    """The numbers of one class over the images of one split; a row of per_class.csv."""

    name: str
    precision: float
    recall: float
    recall_interval: tuple[float, float]
    """95 % of Wilson."""
    f1: float
    f1_interval: tuple[float, float]
    """95 %, see `f1_interval`."""
    support: int
    """Images of the class."""
    confused_with: str | None
    """The other class that most of its images were taken for; None: none was."""
    confused_images: int
    """How many were."""


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """Images of one class that were taken for another."""

    truth: str
    prediction: str
    images: int
    share: float
    """Of the images of the true class, in (0, 1]."""


def score_classes(predictions: Predictions) -> list[ClassScore]:
    """Return the numbers of each class, in index order.

    A ratio without images below its line is 0, and its interval [0, 1].

    Args:
        predictions: Images of one split.
    """
    names, counts = predictions.class_names, count_confusions(predictions)
    errors = _count_errors(counts)
    predicted = counts.sum(axis=0).tolist()
    scores = []
    for index, row in enumerate(classification_rows(predictions)):
        name, precision, recall, f1, support = row
        right, other = int(counts[index, index]), int(errors[index].argmax())
        most = int(errors[index, other])
        scores.append(
            ClassScore(
                name=name,
                precision=precision,
                recall=recall,
                recall_interval=wilson_interval(right, support),
                f1=f1,
                f1_interval=f1_interval(right, support, predicted[index]),
                support=support,
                confused_with=names[other] if most else None,
                confused_images=most,
            )
        )
    return scores


def list_confusions(predictions: Predictions, most: int = 10) -> list[Confusion]:
    """Return the pairs of classes that are confused most, by falling number of images.

    Of equal ones that with the larger share of its class comes first.

    Args:
        predictions: Images of one split.
        most: Pairs to return, fewer where there are fewer. A taken for b, and b for a, are two.
    """
    counts, names = count_confusions(predictions), predictions.class_names
    return [
        Confusion(
            truth=names[truth],
            prediction=names[other],
            images=int(counts[truth, other]),
            share=float(counts[truth, other] / counts[truth].sum()),
        )
        for truth, other in order_confusions(counts)[:most]
    ]


def order_confusions(counts: np.ndarray) -> list[tuple[int, int]]:
    """Return (true class, predicted class) of every error, as `list_confusions` orders them.

    Args:
        counts: (classes, classes), see `count_confusions`.
    """
    errors = _count_errors(counts)
    truths, others = np.nonzero(errors)
    images = errors[truths, others]
    shares = images / counts.sum(axis=1)[truths]
    order = np.lexsort((others, truths, -shares, -images))
    return list(zip(truths[order].tolist(), others[order].tolist(), strict=True))


def sort_weakest(scores: Sequence[ClassScore]) -> list[ClassScore]:
    """Return the classes that have images, by rising F1; of equal ones the lower recall first."""
    return sorted(
        (each for each in scores if each.support), key=lambda each: (each.f1, each.recall)
    )


def write_class_tables(predictions: Predictions, folder: Path) -> None:
    """Write both tables.

    Args:
        predictions: Of one split or several, which get rows of their own.
        folder: A run directory, or the folder of an evaluation.
    """
    files, names = RunFiles(folder), predictions.class_names
    parts = [predictions.select(split) for split in predictions.split_names]
    write_table(
        files.per_class_file,
        COLUMNS,
        ([*map(_say, row)] for part in parts for row in list_class_rows(part)),
    )
    write_table(
        files.confusion_file,
        ("split", "truth", *(f"predicted_{name}" for name in names)),
        (
            (part.splits[0], name, *counts)
            for part in parts
            for name, counts in zip(names, count_confusions(part).tolist(), strict=True)
        ),
    )


def list_class_rows(predictions: Predictions) -> Iterator[tuple[Any, ...]]:
    """Yield the cells of a row of per_class.csv for each class, under `COLUMNS`."""
    for each in score_classes(predictions):
        recall = (each.recall, *each.recall_interval)
        shares = (each.precision, *recall, each.f1, *each.f1_interval)
        confused = each.confused_with, each.confused_images
        yield (predictions.splits[0], each.name, *shares, each.support, *confused)


def _say(cell: Any) -> Any:
    return f"{cell:.6g}" if isinstance(cell, float) else cell


def _count_errors(counts: np.ndarray) -> np.ndarray:
    return counts - np.diag(counts.diagonal())
