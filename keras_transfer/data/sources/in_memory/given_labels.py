"""The class of each example, from labels as Python code has them: numbers, one-hot rows, names."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_transfer.data.sources.class_names import name_index
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.terminal.short_names import shorten

ONE = "Every example must have exactly one class."
SHOWN = 60  # letters of a label in a message


def name_labels(labels: Any, class_names: Sequence[str] = ()) -> list[str]:
    """Return the name of the class of each of n examples; "": it has none.

    Args:
        labels: (n,) names or whole numbers, (n, 1) of these, or (n, classes) one-hot.
        class_names: Of the numbers 0, 1, …; (): the numbers are the names.

    Raises:
        ConfigError: They are measurements, several for one example, soft, or beyond the names.
    """
    try:
        array = np.asarray(labels)
    except ValueError as error:  # rows of different lengths
        raise ConfigError(_explain(labels, "rows of different lengths")) from error
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 2:
        array = _read_one_hot(array)
    if array.ndim != 1:
        raise ConfigError(
            f"{ONE} Received: labels of shape {array.shape}. Give one number or name for each."
        )
    if array.dtype.kind == "f":
        return [_name_number(number, class_names) for number in array.tolist()]
    return [_name(label, class_names) for label in array.tolist()]


def name_cell(cell: Any) -> str:
    """Return a cell as a table holds it; "" for what stands for nothing."""
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return ""
    if isinstance(cell, float):
        return "" if cell != cell else str(cell)
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)


def _name(label: Any, class_names: Sequence[str]) -> str:
    if isinstance(label, list | tuple | set | dict | np.ndarray):
        raise ConfigError(_explain(label, "several labels for one example"))
    if isinstance(label, float | np.floating):
        return _name_number(float(label), class_names)
    if isinstance(label, int | np.integer) and (class_names or not isinstance(label, bool)):
        return name_index(int(label), class_names)
    return name_cell(label)


def _name_number(number: float, class_names: Sequence[str]) -> str:
    if number != number:
        return ""
    if not number.is_integer():
        raise ConfigError(
            f"Every label must be a class. Received: numbers with fractions such as {number:g}, "
            "which look like measurements. Give classes, such as ranges (low, high)."
        )
    return name_index(int(number), class_names)


def _read_one_hot(array: np.ndarray) -> np.ndarray:
    """Return the class of each row of 0 and one 1."""
    if array.dtype.kind not in "buif":
        raise ConfigError(_explain(array[0].tolist(), "several labels for one example"))
    ones = array == 1
    if (ones | (array == 0)).all() and (ones.sum(axis=1) == 1).all():
        return ones.argmax(axis=1)
    mixed = np.isclose(array.sum(axis=1), 1).all() and (array >= 0).all()
    odd = array[np.argmax((ones.sum(axis=1) != 1) | (array.sum(axis=1) != 1))].tolist()
    looks = "shares of classes, as of mixup or smoothed labels" if mixed else "multi-label data"
    raise ConfigError(_explain(odd, f"a row of {array.shape[1]} that looks like {looks}"))


def _explain(label: Any, looks: str) -> str:
    return (
        f"{ONE} Received: {shorten(str(label), SHOWN)}, {looks}. Give one number or name for each."
    )
