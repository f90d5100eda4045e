"""From the columns of a table to texts with a class, a split and a group each."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from keras_transfer.config.messages import name_some
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.split_names import SPLITS
from keras_transfer.data.examples import Row
from keras_transfer.data.sources.folders.folder_words import read_name
from keras_transfer.data.sources.tables.find_columns import (
    explain_columns,
    find_classes,
    tell_unused,
)
from keras_transfer.data.sources.tables.read_table import Columns
from keras_transfer.data.sources.tables.table_labels import is_filled
from keras_transfer.data.sources.tables.table_splits import find_splits, is_split_name
from keras_transfer.system.errors import ConfigError
from keras_transfer.texts.sources.text_columns import TABLE, pick_texts, tell_texts

logger = logging.getLogger(__name__)


class TextRows(NamedTuple):
    """The labelled records of one table."""

    rows: list[Row]
    contents: list[tuple[str, ...]]
    order: Sequence[str] | None  # class names in index order, if the table says it


def gather_rows(
    table: Path, columns: Columns, numbers: Sequence[int], split: str, config: DataConfig
) -> TextRows:
    """Return the records of a table that have a class; those without are named, or refused.

    Args:
        table: Named in messages and in the paths of the records.
        columns: Of it.
        numbers: Of the records, from 1.
        split: Of the records for which no column says one.
        config: `on_bad_file` has those without a class refused.

    Raises:
        ConfigError: Columns are missing, there is no record, or what a column says is unclear.
    """
    texts = pick_texts(columns)
    if not texts:
        raise ConfigError(explain_columns(table, columns, TABLE))
    if not numbers:
        raise ConfigError(f"A table must have rows. Received: {table}, which has only a header.")
    tell_texts(table.name, texts)
    plain = {n: c if n in texts else [cell.strip() for cell in c] for n, c in columns.items()}
    classes = find_classes(table, plain, {*texts, "split", "group"}, TABLE)
    taken = {*texts, "group", *classes.columns}
    if "split" in plain:
        plain["split"] = [_read_word(word) for word in plain["split"]]
    splits, split_columns = find_splits(table, plain, taken)
    spoken_of = split_columns or filter(is_split_name, plain)
    tell_unused(table, plain, {*taken, *spoken_of})
    groups = plain.get("group", [""] * len(numbers))
    width = len(str(max(numbers)))
    rows = [
        (f"{table.name}:{number:0{width}}", label, given or split, group * is_filled(group))
        for number, label, given, group in zip(numbers, classes.labels, splits, groups, strict=True)
    ]
    contents = list(zip(*(columns[name] for name in texts), strict=True))
    kept = _find_labelled(table, rows, config)
    return TextRows([rows[k] for k in kept], [contents[k] for k in kept], classes.order)


def _read_word(word: str) -> str:
    """Return a split as tables of images spell it: dev is validation."""
    named = read_name(word)
    return named.split if named and not named.rest and named.split in SPLITS else word


def _find_labelled(table: Path, rows: Sequence[Row], config: DataConfig) -> list[int]:
    """Return which rows have a class."""
    bare = [path for path, label, _, _ in rows if not is_filled(label)]
    if bare and config.on_bad_file == "error":
        raise ConfigError(
            f"Every row must have a label. Received: {len(bare)} of {len(rows)} without one, such "
            f"as {name_some(bare, most=2)} in {table}. Fill it in, remove the rows, or leave them "
            "out with --data.on_bad_file skip."
        )
    if bare:
        text = "%s: %d of %d rows have no label and are left out: %s"
        logger.warning(text, table.name, len(bare), len(rows), name_some(bare, most=2))
    return [row for row, (_, label, _, _) in enumerate(rows) if is_filled(label)]
