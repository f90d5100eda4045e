"""The source `csv`: a table `path,label[,split][,group]` of image files."""

import csv
import os
from pathlib import Path

from keras_transfer.config.messages import name_some
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.split_names import SPLIT_WORDS
from keras_transfer.data.examples import Examples, make_examples, refuse_several_labels
from keras_transfer.system.errors import ConfigError

COLUMNS = ("path", "label", "split", "group")

Columns = dict[str, list[str]]


def read_csv(dataset: str, config: DataConfig) -> Examples:
    """Read a labels.csv with the columns path and label, and split and group if there are any.

    Relative paths start at the table's folder. That folder is the root, unless an image lies
    outside it: then the root is the deepest folder that holds all images. Split words are those
    of the folders, and may be empty. UTF-8, with or without a byte order mark.

    Raises:
        ConfigError: A column or a value is missing, a file does not exist, a path occurs twice, a
            split word is unknown, or an image has several labels.
    """
    table = Path(os.path.abspath(Path(dataset).expanduser()))
    columns = read_columns(table)
    _check_header(table, columns)
    refuse_several_labels(columns["label"], table)
    return build_examples("csv", table, columns)


def build_examples(
    source: str, table: Path, columns: Columns, class_names: list[str] | None = None
) -> Examples:
    """Check the columns of `table` and return its images; see `read_csv` for what is refused."""
    for path, label in zip(columns["path"], columns["label"], strict=True):
        if not path or not label:
            raise ConfigError(
                f"Every row must have a path and a label. Received: {path!r} with {label!r} in "
                f"{table}. Fill it in or remove the row."
            )
    root, paths = _locate(table, columns["path"])
    _refuse_repeated(table, paths, columns["label"])
    none = [""] * len(paths)
    splits = [read_split(table, word) for word in columns.get("split", none)]
    rows = list(zip(paths, columns["label"], splits, columns.get("group", none), strict=True))
    if not rows:
        raise ConfigError(f"A table must have rows. Received: {table}, which has only a header.")
    return make_examples(source, root, rows, class_names)


def read_columns(table: Path) -> Columns:
    """Read the whole table as text, without the blanks around it.

    Raises:
        ConfigError: It is no CSV in UTF-8, a name occurs twice in its header, or a row is shorter
            or longer than that.
    """
    try:
        with table.open(encoding="utf-8-sig", newline="") as stream:
            rows = [[cell.strip() for cell in row] for row in csv.reader(stream) if any(row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(
            f"A table must be CSV in UTF-8. Received: {table} ({error}). Save it as UTF-8."
        ) from error
    header = [name.lower() for name in rows[0]] if rows else []
    if len(set(header)) < len(header):
        raise ConfigError(
            f"Every column must have a name of its own. Received: {','.join(header)} in {table}. "
            "Rename or remove the repeated ones."
        )
    for row in rows:
        if len(row) != len(header):
            raise ConfigError(
                f"Every row must have {len(header)} cells, as the header has. Received: "
                f"{','.join(row)} in {table}. Quote cells that hold a comma."
            )
    columns = {name: [row[index] for row in rows[1:]] for index, name in enumerate(header)}
    return columns


def _check_header(table: Path, columns: Columns) -> None:
    """Refuse tables without the columns path and label, such as those with a 0/1 column a class."""
    if "path" in columns and "label" in columns:
        return
    others = [name for name in columns if name not in COLUMNS]
    marks = [
        name for name in others if {"0", "1"} >= {cell.removesuffix(".0") for cell in columns[name]}
    ]
    if "label" not in columns and len(marks) > 1:
        raise ConfigError(
            "A table must have one column `label` with one class per image. Received: a 0/1 column "
            f"for each of {name_some(marks)} in {table}, which looks like multi-label "
            "data. Write the name of the class into `label`."
        )
    raise ConfigError(
        "A table must have the columns path,label and may have split,group. Received: "
        f"{','.join(columns) or 'nothing'} in {table}. Rename its columns in the first line."
    )


def _locate(table: Path, cells: list[str]) -> tuple[Path, list[str]]:
    """Return the root and the '/'-separated paths relative to it; every file must exist."""
    folder = table.parent
    files = [os.path.normpath(folder / cell.replace("\\", "/")) for cell in cells]
    missing = [file for file in files if not os.path.isfile(file)]
    if missing:
        raise ConfigError(
            f"Every file of a table must exist. Received: {table}, where {len(missing)} of "
            f"{len(files)} do not, such as {name_some(missing)}. Correct "
            f"the paths, which start at {folder}."
        )
    if any(not file.startswith(str(folder) + os.sep) for file in files):
        folder = Path(os.path.commonpath([os.path.dirname(file) for file in files]))
    return folder, [os.path.relpath(file, folder).replace(os.sep, "/") for file in files]


def _refuse_repeated(table: Path, paths: list[str], labels: list[str]) -> None:
    first: dict[str, str] = {}
    for path, label in zip(paths, labels, strict=True):
        if path not in first:
            first[path] = label
        elif first[path] == label:
            raise ConfigError(
                f"Every image must stand in a table once. Received: {path} twice in {table}. "
                "Remove the second row."
            )
        else:
            raise ConfigError(
                f"Every image must have exactly one class. Received: {first[path]!r} and {label!r} "
                f"for {path} in {table}, which looks like multi-label data. Keep one of them."
            )


def read_split(table: Path, word: str) -> str:
    """Return the split that a word in a table means; "" means none."""
    if word and word.lower() not in SPLIT_WORDS:
        raise ConfigError(
            f"A split must be one of {', '.join(SPLIT_WORDS)} or empty. Received: {word!r} in "
            f"{table}. Correct the column split."
        )
    return SPLIT_WORDS.get(word.lower(), "")
