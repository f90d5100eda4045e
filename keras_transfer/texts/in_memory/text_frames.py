"""Labelled texts in columns: DataFrames of pandas and polars, and columns in a dict."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keras_transfer.config.messages import name_some
from keras_transfer.config.split_names import SPLIT_WORDS
from keras_transfer.data.sources.in_memory.file_tables import list_columns, name_cells
from keras_transfer.data.sources.in_memory.given_sets import Listed, is_kind
from keras_transfer.data.sources.tables.find_columns import find_classes
from keras_transfer.data.sources.tables.read_table import Columns, simplify
from keras_transfer.system.errors import ConfigError
from keras_transfer.texts.hugging_face_texts import is_hugging_face
from keras_transfer.texts.in_memory.given_strings import read_cells
from keras_transfer.texts.sources.text_columns import CLASSES, TABLE, pick_texts

NAME = Path("the DataFrame")  # in messages


def is_frame(dataset: Any) -> bool:
    """Return whether this is a DataFrame of pandas or polars, or a dict of columns."""
    if isinstance(dataset, Mapping) and not is_hugging_face(dataset):
        return bool(dataset) and not {str(name).lower() for name in dataset} <= SPLIT_WORDS.keys()
    return is_kind(dataset, "pandas", "DataFrame") or is_kind(dataset, "polars", "DataFrame")


def read_frame_of_texts(frame: Any) -> Listed:
    """Return the columns of a DataFrame; which of them are used is found as in a table on disk.

    Raises:
        ConfigError: It has no column of texts, none of labels, or a name twice; or a text is none.
    """
    cells = list_columns(frame)
    texts = _pick_columns(cells)
    found = {
        name: read_cells(column, f"the column {name}") if name in texts else name_cells(column)
        for name, column in cells.items()
    }
    _require_classes(found, texts)
    return Listed(columns=found)


def _pick_columns(cells: Mapping[str, Any]) -> list[str]:
    if not (texts := pick_texts(cells)):
        raise _refuse(cells)
    return texts


def _require_classes(columns: Columns, texts: list[str]) -> None:
    """Raise `ConfigError` unless there is a column of classes, or some of 0 and 1."""
    if {simplify(name) for name in columns if name not in texts} & {*CLASSES}:
        return
    try:
        find_classes(NAME, columns, {*texts, "split", "group"}, TABLE)
    except ConfigError as error:
        raise _refuse(columns) from error


def _refuse(columns: Mapping[str, Any]) -> ConfigError:
    return ConfigError(
        "A DataFrame of texts must have the columns text and label, and may have text_2, split and "
        f"group. Received: {name_some([*columns]) or 'none'}. Rename those that hold them."
    )
