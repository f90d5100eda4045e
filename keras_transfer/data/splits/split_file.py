"""Splits that an earlier table gave to images, `data.split_file`: they stay where they are."""

import logging
import os
from pathlib import Path

import numpy as np

from keras_transfer.config.messages import count_of
from keras_transfer.config.split_names import SPLITS
from keras_transfer.data.examples import Examples
from keras_transfer.data.sources.tables.read_table import Columns, read_columns
from keras_transfer.data.sources.tables.table_splits import read_split
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)


def read_pins(examples: Examples, sha256: np.ndarray, file: Path | None) -> np.ndarray:
    """Return the split of the images that a file of splits lists.

    Without a column sha256, an image is known by its path. With one, by path and content, else by
    its content, else by its path if what was there is nowhere else now. What the data set gives to
    a split stays there, except that train images may be in a validation split that we made.

    Args:
        examples: The images.
        sha256: (n,) of str, content of each image.
        file: CSV with the columns path and split; None: no image is listed.

    Returns:
        (n,) of str: train, validation, test, or "" for images that are not listed.

    Raises:
        ConfigError: The file cannot be read, lacks a column, has an unknown split word, or an image
            with two splits.
    """
    pins = np.full(len(sha256), "", dtype=f"<U{max(map(len, SPLITS))}")
    if file is None:
        return pins
    columns = read_split_file(file)
    contents = columns.get("sha256", [""] * len(columns["path"]))
    rows = zip(contents, columns["split"], strict=True)
    by_path = dict(zip(columns["path"], rows, strict=True))
    by_content = dict(zip(contents, columns["split"], strict=True))
    there = {*sha256.tolist()}
    ours = {"train"} if "validation" in examples.splits else {"train", "validation"}
    images = zip(examples.paths.tolist(), sha256.tolist(), examples.splits, strict=True)
    for row, (path, content, given) in enumerate(images):
        was, split = by_path.get(path, ("", ""))
        if split and was in ("", content):
            pins[row] = split
        elif content in by_content and (not given or by_content[content] in ours):
            pins[row] = by_content[content]
        elif split and was not in there and (not given or split in ours):  # changed where it was
            pins[row] = split
    _warn_of_missing(file, by_path, examples, there)
    return pins


def read_split_file(file: Path) -> Columns:
    """Return the columns of a file of splits, its words as ours.

    Raises:
        ConfigError: See `read_pins`.
    """
    try:
        table = Path(os.path.abspath(file.expanduser()))
        columns = read_columns(table)
    except (OSError, RuntimeError) as error:  # a home that is nobody's
        raise ConfigError(
            f"`data.split_file` must be a file. Received: {file}: {error}. "
            "Take the split.csv of a run."
        ) from error
    if not {"path", "split"} <= columns.keys():
        raise ConfigError(
            "`data.split_file` must have the columns path and split. Received: "
            f"{','.join(columns) or 'nothing'} in {table}. Take the split.csv of a run."
        )
    words = [read_split(table, word) for word in columns["split"]]
    first: dict[str, str] = {}
    for path, word in zip(columns["path"], words, strict=True):
        if first.setdefault(path, word) != word:
            raise ConfigError(
                f"`data.split_file` must give an example one split. Received: {first[path]!r} and "
                f"{word!r} for {path} in {table}. Remove one of the rows."
            )
    return {**columns, "split": words}


def _warn_of_missing(
    file: Path, by_path: dict[str, tuple[str, str]], examples: Examples, there: set[str]
) -> None:
    paths = {*examples.paths.tolist()}
    missing = [
        path
        for path, (content, _) in by_path.items()
        if path not in paths and (not content or content not in there)
    ]
    if missing:
        logger.warning(
            "Not in the data set: %s of %s, such as %s",
            *(count_of(len(missing), examples.noun), file, missing[0]),
        )
