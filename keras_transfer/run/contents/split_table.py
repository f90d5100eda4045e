"""The rows of split.csv: which examples are used, what they are, and where they are."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from keras_transfer.config.split_names import SPLITS
from keras_transfer.run.contents.read_files import RESTORE
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import Table

SPLIT_COLUMNS = ("path", "sha256", "class", "split")


def check_rows(table: Table, class_names: Sequence[str], file: Path) -> None:
    """Refuse rows of split.csv that no run writes.

    Args:
        table: With the columns of split.csv.
        class_names: Of its run.
        file: Where it is, for the error.

    Raises:
        ConfigError: There are none, one names no file, or a file twice, or holds another word than
            a hash, a class of the run and a split.
    """
    paths = table["path"]
    if not paths:
        raise ConfigError(f"split.csv must list examples. Received: none in {file}. {RESTORE}")
    _check_column(table, "path", "names of files below the data set", _is_below, file)
    _check_column(table, "sha256", "hashes of 64 letters", _is_hash, file)
    names = {*class_names}
    _check_column(table, "class", "names of class_names.txt", names.__contains__, file)
    _check_column(table, "split", f"one of {', '.join(SPLITS)}", SPLITS.__contains__, file)
    if len({*paths}) < len(paths):
        raise ConfigError(
            f"split.csv must list an example once. Received: one twice in {file}. {RESTORE}"
        )


def _check_column(
    table: Table, column: str, must: str, fits: Callable[[str], bool], file: Path
) -> None:
    for row, cell in enumerate(table[column], 2):
        if not fits(cell):
            raise ConfigError(
                f"The column {column} of split.csv must hold {must}. Received: {cell[:60]!r} in "
                f"row {row} of {file}. {RESTORE}"
            )


def _is_below(path: str) -> bool:
    parts = path.split("/")
    return "\0" not in path and path.strip("./") != "" and parts[0] != "" and ".." not in parts


def _is_hash(text: str) -> bool:
    return re.fullmatch("[0-9a-f]{64}", text) is not None
