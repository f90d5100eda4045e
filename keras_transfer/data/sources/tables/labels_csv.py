"""The source `csv`: a table of image files and their classes, `path,label[,split][,group]`."""

import dataclasses
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from keras_transfer.config.messages import count_of, name_some
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import Examples, Row, make_examples
from keras_transfer.data.sources.cached_data_sets import read_notes
from keras_transfer.data.sources.class_names import order_class_names
from keras_transfer.data.sources.tables.find_columns import (
    find_classes,
    find_paths,
    has_boxes,
    tell_unused,
)
from keras_transfer.data.sources.tables.read_table import Columns, read_columns
from keras_transfer.data.sources.tables.table_files import find_root, locate_files
from keras_transfer.data.sources.tables.table_labels import is_filled, judge_labels
from keras_transfer.data.sources.tables.table_splits import (
    find_folder_splits,
    find_splits,
    is_split_name,
)
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)


def read_csv(dataset: str, config: DataConfig) -> Examples:
    """Read a table with the columns path and label, and split and group if there are any.

    Other names of columns are understood and said. Relative paths start at the table's folder.
    That folder is the root, unless an image lies outside it: then the root is the deepest folder
    that holds all images. Split words are those of the folders, and may be empty. Rows without a
    label are left out, as files that cannot be read are; a file that is missing is one of those.

    Raises:
        ConfigError: A column is missing, no file exists, a path occurs with several labels, a
            split word is unknown, or labels are no classes.
    """
    table = Path(os.path.abspath(Path(dataset).expanduser()))
    columns = read_columns(table)
    path = find_paths(table, columns)
    columns = leave_out_comments(table, columns, path)
    classes = find_classes(table, columns, {path, "split", "group"})
    taken = {path, "group", *classes.columns}
    splits, split_columns = find_splits(table, columns, taken)
    spoken_of = split_columns or filter(is_split_name, columns)
    tell_unused(table, columns, {*taken, *spoken_of})
    groups = [cell * is_filled(cell) for cell in columns.get("group", [""] * len(splits))]
    rows = list(zip(columns[path], classes.labels, splits, groups, strict=True))
    rows = _leave_out_unlabelled(table, rows, config)
    judge_labels(table, [label for _, label, _, _ in rows], config.layout == "classes")
    root, rows = _locate(table, rows)
    rows = _leave_out_repeated(table, rows, has_boxes(columns))
    if not split_columns:
        words = find_folder_splits(table, [path for path, _, _, _ in rows])
        rows = [(*row[:2], word, row[3]) for row, word in zip(rows, words, strict=True)]
    present = {label for _, label, _, _ in rows}
    notes = read_notes(table.parent)
    noted = notes.get("class_names", ())
    order = classes.order or (noted if present <= {*noted} else order_class_names(present))
    names = [name for name in order if name in present]
    examples = make_examples("csv", root, rows, names)
    return dataclasses.replace(examples, value_range=notes.get("value_range"))


def leave_out_comments(table: Path, columns: Columns, path: str) -> Columns:
    """Return the columns without the rows that begin with #, unless that is the name of a file.

    Args:
        table: The file.
        columns: Of it.
        path: Name of the column of paths.
    """
    noted = {
        row
        for row, cell in enumerate(columns[path])
        if cell.startswith("#") and not (table.parent / cell).is_file()
    }
    if not noted:
        return columns
    text = "%s: skipped rows that begin with #: %d, such as %s"
    logger.warning(text, table.name, len(noted), columns[path][min(noted)])
    return {
        name: [cell for row, cell in enumerate(cells) if row not in noted]
        for name, cells in columns.items()
    }


def _leave_out_unlabelled(table: Path, rows: list[Row], config: DataConfig) -> list[Row]:
    """Return the rows with a label; those without are named, or refused."""
    if not rows:
        raise ConfigError(f"A table must have rows. Received: {table}, which has only a header.")
    if unnamed := [label for path, label, _, _ in rows if not path]:
        raise ConfigError(
            f"Every row must have a path. Received: none for the label {unnamed[0]!r} in {table}. "
            "Fill it in or remove the row."
        )
    bare = [path for path, label, _, _ in rows if not is_filled(label)]
    if bare and (config.on_bad_file == "error" or len(bare) == len(rows)):
        raise ConfigError(
            f"Every row must have a path and a label. Received: {len(bare)} of {len(rows)} without "
            f"a label, such as {name_some(bare, most=2)} in {table}. Fill it in, remove the rows, "
            "or leave them out with --data.on_bad_file skip."
        )
    if bare:
        text = "%s: %d of %d rows have no label and are left out: %s"
        logger.warning(text, table.name, len(bare), len(rows), name_some(bare, most=2))
    return [row for row in rows if is_filled(row[1])]


def _locate(table: Path, rows: Sequence[Row]) -> tuple[Path, list[Row]]:
    """Return the root and the rows with '/'-separated paths relative to it."""
    files = locate_files(table, [path for path, _, _, _ in rows])
    root = find_root(table, files)
    start = f"{root}{os.sep}"
    paths = [
        file.removeprefix(start) if file.startswith(start) else os.path.relpath(file, root)
        for file in files
    ]
    return root, [(path, *row[1:]) for path, row in zip(paths, rows, strict=True)]


def _leave_out_repeated(table: Path, rows: Sequence[Row], boxes: bool) -> list[Row]:
    """Return the rows of which none has the path of another; equal rows count once.

    Raises:
        ConfigError: Two rows of a path differ, or there is one for each object of an image.
    """
    first: dict[str, Row] = {}
    twice: list[str] = []
    for row in rows:
        known = first.setdefault(row[0], row)
        if known is row:
            continue
        twice.append(row[0])
        if boxes or known != row:
            _refuse_repeated(table, known, row, boxes)
    if twice:
        rows_are = count_of(len(twice), "row repeats another and is", "rows repeat another and are")
        logger.warning("%s: %s left out: %s", table.name, rows_are, name_some(twice, most=2))
    if boxes:
        logger.warning("%s: its boxes are not used: a class is that of the image", table.name)
    return list(first.values())


def _refuse_repeated(table: Path, known: Row, row: Row, boxes: bool) -> None:
    path = row[0]
    if boxes:
        raise ConfigError(
            "`dataset` must be image classification data: each image has one class. Received: "
            f"several rows with boxes for {path} in {table}, which looks like detection data. Cut "
            "the boxes out as images, or write one row for each image."
        )
    if known[1] != row[1]:
        raise ConfigError(
            f"Every image must have exactly one class. Received: {known[1]!r} and {row[1]!r} "
            f"for {path} in {table}, which looks like multi-label data. Keep one of them."
        )
    raise ConfigError(
        "Every image must have one split and one group. Received: "
        f"{known[2:]} and {row[2:]} for {path} in {table}. Keep one of the rows."
    )
