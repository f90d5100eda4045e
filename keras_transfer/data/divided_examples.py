"""Divide a data set: list its examples, inspect them, split them. Needs no TensorFlow."""

import logging
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.examples import Examples, check_examples
from keras_transfer.data.findings import Findings, name_unusable
from keras_transfer.data.modality import Modality
from keras_transfer.data.splits.assign_splits import assign_splits
from keras_transfer.data.splits.row_groups import NO_LINKS
from keras_transfer.data.splits.split_file import read_split_file
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)


class Division(NamedTuple):
    """A data set of n images and how it is divided."""

    examples: Examples  # with the splits that the data set gives
    findings: Findings
    near: np.ndarray  # (m, 2) rows of images that look equal
    splits: np.ndarray  # (n,) of str: train, validation, test, or "" for images that are left out

    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield the lines of split.csv under its columns, one for each image that is used."""
        names, used = self.examples.class_names, np.flatnonzero(self.splits != "")
        columns = self.examples.paths, self.findings.sha256, self.examples.labels, self.splits
        for path, sha256, label, split in zip(*(c[used] for c in columns), strict=True):
            yield path, sha256, names[label], split


def divide_examples(config: TrainConfig, modality: Modality) -> Division:
    """List the examples of `config.dataset`, leave out what cannot be read, and split the others.

    Raises:
        ConfigError: The data set cannot be used, and why.
    """
    if config.data.split_file:
        read_split_file(config.data.split_file)  # a wrong one is told before the long work
    examples = check_examples(modality.read_examples(config.source, config.data))
    findings = modality.inspect(examples)
    _leave_out(examples, findings, config.data.on_bad_file)
    ignored = config.data.near_duplicates == "ignore"
    near = NO_LINKS if ignored else modality.link_alike(examples, findings)
    contents = np.where(findings.usable, findings.sha256, "")
    splits = assign_splits(examples, contents, config.data, near)
    return Division(examples, findings, near, splits)


def _leave_out(examples: Examples, findings: Findings, on_bad_file: str) -> None:
    """Warn of the files that cannot be read, or refuse them."""
    bad = np.flatnonzero(~findings.usable)
    named = name_unusable(examples, findings, bad)
    if len(bad) and on_bad_file == "error":
        raise ConfigError(
            f"Every file must be a readable image. Received: {len(bad)} that are not: {named}. "
            "Remove them, or leave them out with --data.on_bad_file skip."
        )
    if len(bad):
        logger.warning("%d unreadable files are left out: %s", len(bad), named)
