"""Splits that an earlier table gave to images, `data.split_file`: they stay where they are."""

import logging
import os
from pathlib import Path

import numpy as np

from keras_transfer.config import ConfigError
from keras_transfer.data.examples import Examples
from keras_transfer.data.tables import Columns, read_columns, read_split
from keras_transfer.predictions import SPLITS

logger = logging.getLogger(__name__)


def read_pins(
    examples: Examples, sha256: np.ndarray, clusters: np.ndarray, file: Path | None
) -> np.ndarray:
    """Return the split of the images that a file of splits lists, and of those that go with them.

    An image is known by its path or, if the file has a column sha256, by its content. New images
    of a cluster that has listed ones go to the last split of those, unless theirs is given.

    Args:
        examples: The images.
        sha256: (n,) of str, content of each image.
        clusters: (n,) of int, images with the same number stay together.
        file: CSV with the columns path and split; None: no image is listed.

    Returns:
        (n,) of str: train, validation, test, or "" for images to be assigned.

    Raises:
        ConfigError: The file cannot be read, lacks a column, or has an unknown split word.
    """
    if file is None:
        return np.full(len(sha256), "", dtype="<U1")
    table = Path(os.path.abspath(file.expanduser()))
    columns = _read_split_file(table)
    words = [read_split(table, word) for word in columns["split"]]
    by_path = dict(zip(columns["path"], words, strict=True))
    by_content = dict(zip(columns.get("sha256", []), words, strict=False))
    by_content.pop("", None)
    pairs = list(zip(examples.paths.tolist(), sha256.tolist(), strict=True))
    pins = np.array([by_path.get(path) or by_content.get(key, "") for path, key in pairs])
    _warn_of_missing(table, columns, pairs)
    ranks = np.array([SPLITS.index(pin) if pin else -1 for pin in pins.tolist()])
    last = np.full(clusters.max(initial=-1) + 1, -1)
    np.maximum.at(last, clusters, ranks)
    follows = (pins == "") & (examples.splits == "") & (last[clusters] >= 0)
    return np.where(follows, np.array([*SPLITS, ""])[last[clusters]], pins)


def _read_split_file(table: Path) -> Columns:
    try:
        columns = read_columns(table)
    except OSError as error:
        raise ConfigError(
            f"`data.split_file` must be a file. Received: {table}: {error.strerror}. "
            "Take the split.csv of a run."
        ) from error
    if not {"path", "split"} <= columns.keys():
        raise ConfigError(
            "`data.split_file` must have the columns path and split. Received: "
            f"{','.join(columns) or 'nothing'} in {table}. Take the split.csv of a run."
        )
    return columns


def _warn_of_missing(table: Path, columns: Columns, pairs: list[tuple[str, str]]) -> None:
    paths, contents = map(set, zip(*pairs, strict=True))
    hashes = columns.get("sha256", [""] * len(columns["path"]))
    listed = zip(columns["path"], hashes, strict=True)
    missing = [path for path, key in listed if path not in paths and key not in contents - {""}]
    if missing:
        logger.warning(
            "%d images of %s are not in the data set, such as %s",
            len(missing),
            table,
            missing[0],
        )
