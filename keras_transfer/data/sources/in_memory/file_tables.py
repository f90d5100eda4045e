"""Files with labels in Python code: DataFrames, columns in a dict, lists of paths."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from keras_transfer.config.messages import name_some
from keras_transfer.data.sources.in_memory.given_labels import name_cell, name_labels
from keras_transfer.data.sources.in_memory.given_sets import Listed, find_absolute, is_kind
from keras_transfer.data.sources.tables.column_names import settle_name
from keras_transfer.data.sources.tables.find_columns import LABELS, find_classes, find_paths
from keras_transfer.data.sources.tables.read_table import Columns, simplify
from keras_transfer.system.errors import ConfigError

NAME = Path("the DataFrame")  # in messages; paths in it start at the working directory


def is_frame(dataset: Any) -> bool:
    """Return whether this is a DataFrame of pandas or polars, or columns in a dict."""
    if isinstance(dataset, Mapping):
        return "path" in {str(name).lower() for name in dataset}
    return is_kind(dataset, "pandas", "DataFrame") or is_kind(dataset, "polars", "DataFrame")


def read_frame(frame: Any) -> Listed:
    """Return the columns of a DataFrame; which of them are used is found as in a labels.csv.

    Raises:
        ConfigError: It has no column of paths to files, none of labels, or a name twice.
    """
    cells = list_columns(frame)
    columns = {name: name_cells(column) for name, column in cells.items()}
    path = _find_used(columns)
    if any(not isinstance(cell, str | os.PathLike) for cell in cells[path] if name_cell(cell)):
        raise ConfigError(
            f"Paths must be text. Received: {type(cells[path][0]).__name__} in the column {path}. "
            f"For images in a column give (list(frame[{path!r}]), frame['label'])."
        )
    return Listed(columns=columns | {path: find_absolute(columns[path])})


def list_columns(frame: Any) -> dict[str, list[Any]]:
    """Return the cells of each column of a DataFrame, or of columns in a dict.

    Raises:
        ConfigError: A name is there twice, or columns differ in length.
    """
    if is_kind(frame, "pandas", "DataFrame"):
        own = [name for name in frame.index.names if name is not None and name not in frame]
        frame = frame.reset_index(level=own) if own else frame
    names = list(frame) if isinstance(frame, Mapping) else list(frame.columns)
    spelled = [str(name) for name in names]
    spelled = [*map(settle_name, spelled)]
    if twice := [name for name, count in Counter(spelled).items() if count > 1]:
        raise ConfigError(
            f"A DataFrame must name its columns, each once. Received: {name_some(twice)} twice. "
            "Rename them."
        )
    lists = [hasattr(frame[n], "__len__") and not isinstance(frame[n], str) for n in names]
    if not all(lists):
        odd = name_some([str(n) for n, is_list in zip(names, lists, strict=True) if not is_list])
        raise ConfigError(f"Columns must be lists. Received: {odd}, which is none. Correct it.")
    cells = {new: list(frame[name]) for new, name in zip(spelled, names, strict=True)}
    if len({*map(len, cells.values())}) > 1:
        shown = name_some([f"{name} of {len(column):,}" for name, column in cells.items()])
        raise ConfigError(f"Columns must be of one length. Received: {shown}. Correct them.")
    return cells


def name_cells(cells: Sequence[Any]) -> list[str]:
    """Return cells as text; a column of whole numbers with gaps is one of floats to pandas."""
    numbers = [cell for cell in cells if isinstance(cell, float | np.floating) and cell == cell]
    if numbers and all(float(number).is_integer() for number in numbers):
        whole = (int(cell) if isinstance(cell, float) and cell == cell else cell for cell in cells)
        return [name_cell(cell) for cell in whole]
    return [name_cell(cell) for cell in cells]


def _find_used(columns: Columns) -> str:
    """Return the name of the column of paths, where there are labels as well."""
    try:
        path = find_paths(NAME, columns)
        if not {simplify(name) for name in columns} & {*LABELS}:
            find_classes(NAME, columns, {path, "split", "group"})  # columns of 0 and 1
    except ConfigError as error:
        raise ConfigError(
            "A DataFrame must have the columns path and label, or text and label, and may have "
            f"split and group. Received: {name_some([*columns]) or 'none'}. Rename those that hold "
            "them."
        ) from error
    return path


def list_files(paths: Iterable[Any], labels: Any, class_names: Sequence[str] = ()) -> Listed:
    """Return files with their labels; their splits are made.

    Raises:
        ConfigError: There is not one label for each, or no file exists.
    """
    found = [os.fspath(path) for path in paths]
    named = name_labels(labels, class_names)
    check_lengths(len(found), len(named))
    full = find_absolute([os.fsdecode(path) for path in found])
    columns: Columns = {"path": full, "label": named, "split": [""] * len(full)}
    return Listed(columns=columns, class_names=tuple(class_names))


def check_lengths(examples: int, labels: int, noun: str = "image") -> None:
    """Raise `ConfigError` unless there is a label for each example, which is called `noun`."""
    if examples != labels:
        raise ConfigError(
            f"Every {noun} must have one label. Received: {examples:,} {noun}s and {labels:,} "
            "labels."
        )
