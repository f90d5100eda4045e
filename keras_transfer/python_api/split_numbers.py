"""How good a run is on its splits: in a line, and as a table for a notebook."""

from collections.abc import Mapping
from typing import Any

from keras_transfer.config.messages import count_of, say_interval


def say_accuracy(split: str, scores: Mapping[str, Any], noun: str) -> str:
    """Return how good a run is on a split, whose examples are called `noun`."""
    interval = say_interval(scores["accuracy_interval"])
    count = count_of(scores["images"], noun)
    return f"{split} accuracy {scores['accuracy']:.3f} (95 % interval {interval}, {count})"


def tabulate_splits(
    splits: dict[str, Any], noun: str
) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """Return the table of splits, as the end of a training prints it."""
    columns = "split", f"{noun}s", "accuracy", "95 % interval", "macro F1", "calibration error"
    rows = [
        (
            name,
            scores["images"],
            scores["accuracy"],
            say_interval(scores["accuracy_interval"]),
            scores["macro_f1"],
            scores["expected_calibration_error"],
        )
        for name, scores in splits.items()
    ]
    return columns, rows
