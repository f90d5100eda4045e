"""The sources `csv`, `jsonl` and `parquet` of texts: one table, or a folder of one a split."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from keras_transfer.config.messages import name_some
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import Examples, make_examples
from keras_transfer.data.sources.cached_data_sets import read_notes
from keras_transfer.data.sources.class_names import order_class_names
from keras_transfer.data.sources.encoded_images.given_splits import find_shard_splits, tell_unused
from keras_transfer.data.sources.folders.folder_words import read_name
from keras_transfer.data.sources.tables import parquet_table
from keras_transfer.data.sources.tables.find_columns import pick
from keras_transfer.data.sources.tables.read_table import Columns
from keras_transfer.data.sources.tables.table_labels import judge_labels
from keras_transfer.system.errors import ConfigError
from keras_transfer.texts.sources import delimited_texts, json_lines
from keras_transfer.texts.sources.text_columns import CLASSES, pick_texts
from keras_transfer.texts.sources.text_rows import TextRows, gather_rows

logger = logging.getLogger(__name__)

KINDS = {
    **dict.fromkeys(delimited_texts.SUFFIXES, "csv"),
    **dict.fromkeys(json_lines.SUFFIXES, "jsonl"),
    parquet_table.SUFFIX: "parquet",
}


def read_text_tables(dataset: str, config: DataConfig) -> Examples:
    """Read a table of texts, or those in a folder whose names say splits.

    Raises:
        ConfigError: There is none, columns are missing, or labels are no classes.
    """
    path = Path(os.path.abspath(Path(dataset).expanduser()))
    tables = {path: ""} if path.is_file() else list_tables(path)
    parts = [_read_table(table, split, config) for table, split in tables.items()]
    found = [part for part in parts if part.rows]
    if not found:
        raise ConfigError(
            f"Every row must have a label. Received: none in {path}. Write the classes into a "
            "column label."
        )
    _refuse_mixed(path, found)
    rows = [row for part in found for row in part.rows]
    contents = [content for part in found for content in part.contents]
    judge_labels(path, [label for _, label, _, _ in rows], config.layout == "classes")
    present = {label for _, label, _, _ in rows}
    root = path.parent if path.is_file() else path
    said = [*(part.order for part in found), read_notes(root).get("class_names")]
    orders = [order for order in said if order and present <= {*order}]
    names = [n for n in (orders[0] if orders else order_class_names(present)) if n in present]
    kind = KINDS[next(iter(tables)).suffix.lower()]
    return make_examples(kind, root, rows, names, contents)


def list_tables(folder: Path) -> dict[Path, str]:
    """Return the tables of a folder and the split of each by its name; {}: there are none.

    Raises:
        ConfigError: It is not certain which are to be used.
    """
    names = [
        entry.name
        for entry in sorted(folder.iterdir())
        if entry.suffix.lower() in KINDS and not entry.name.startswith((".", "_"))
    ]
    if len(names) < 2:
        return {folder / name: "" for name in names}
    read = {name: read_name(name.partition(".")[0]) for name in names}
    plain = [name for name, said in read.items() if said and not said.rest]
    tell_unused(str(folder), [name for name in names if plain and name not in plain])
    splits = find_shard_splits(str(folder), plain or names)
    if not any(splits.values()):
        raise ConfigError(
            "The tables of a folder must be named by splits, such as train.tsv and test.tsv. "
            f"Received: {name_some(names)} in {folder}. Rename them, or name one as the data set."
        )
    if len({KINDS[Path(name).suffix.lower()] for name in splits}) > 1:
        raise ConfigError(
            f"The tables of a folder must be of one kind. Received: {name_some([*splits])} in "
            f"{folder}. Move those away that hold the same texts again."
        )
    return {folder / name: split for name, split in splits.items()}


def _read_table(table: Path, split: str, config: DataConfig) -> TextRows:
    columns, numbers, names = _read_columns(table, config)
    if split and pick_texts(columns) and not _has_classes(columns):
        logger.warning("%s is left out: it has no labels", table.name)
        return TextRows([], [], None)
    found = gather_rows(table, columns, numbers, split, config)
    return found._replace(order=found.order or names)


def _read_columns(
    table: Path, config: DataConfig
) -> tuple[Columns, Sequence[int], Sequence[str] | None]:
    """Return the columns, the numbers of the records, and the class names where they are given."""
    kind = KINDS[table.suffix.lower()]
    if kind == "jsonl":
        return *json_lines.read_json_lines(table, config), None
    names: Sequence[str] | None = None
    if kind == "parquet":
        columns, classes = parquet_table.read_parquet_table(table)
        names = next(iter(classes.values()), None)
    else:
        columns = delimited_texts.read_delimited(table)
    count = len(next(iter(columns.values()), []))
    return columns, range(1, count + 1), names


def _has_classes(columns: Columns) -> bool:
    return bool(pick(columns, CLASSES))


def _refuse_mixed(path: Path, parts: Sequence[TextRows]) -> None:
    if len({len(part.contents[0]) for part in parts}) > 1:
        raise ConfigError(
            f"All tables of a data set must hold texts, or pairs of texts. Received: both in "
            f"{path}. Give them as data sets of their own."
        )
