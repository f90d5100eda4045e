"""Divide a data set: list its examples, inspect them, split them. Needs no TensorFlow."""

import dataclasses
import logging
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from keras_transfer.cluster.block_engines import THIS_PROCESS, Engine
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.data.examples import Examples, check_examples, leave_out_classes
from keras_transfer.data.findings import Findings, name_unusable, say_unusable
from keras_transfer.data.modality import Keeping, Modality
from keras_transfer.data.splits.assign_splits import assign_splits
from keras_transfer.data.splits.row_groups import NO_LINKS
from keras_transfer.data.splits.split_file import read_split_file
from keras_transfer.system.errors import ConfigError

logger = logging.getLogger(__name__)


class Inspected(NamedTuple):
    """The n images of a data set and what is in them."""

    examples: Examples  # with the splits that the data set gives
    findings: Findings
    near: np.ndarray  # (m, 2) rows of images that look equal


class Division(NamedTuple):
    """A data set of n images and how it is divided."""

    examples: Examples
    findings: Findings
    near: np.ndarray
    splits: np.ndarray  # (n,) of str: train, validation, test, or "" for images that are left out

    @property
    def left_out(self) -> np.ndarray:
        """Labels of the classes that are left out."""
        used = self.examples.labels[self.splits != ""]
        return np.setdiff1d(np.arange(len(self.examples.class_names)), used)

    def take_used(self) -> tuple[Examples, Findings]:
        """Return the images of the classes that are learned, with their splits."""
        examples = dataclasses.replace(self.examples, splits=self.splits)
        examples, rows = leave_out_classes(examples, self.left_out)
        return examples, self.findings.take(rows)

    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield the lines of split.csv under its columns, one for each image that is used."""
        names, used = self.examples.class_names, np.flatnonzero(self.splits != "")
        columns = self.examples.paths, self.findings.sha256, self.examples.labels, self.splits
        for path, sha256, label, split in zip(*(c[used] for c in columns), strict=True):
            yield path, sha256, names[label], split


def divide_examples(
    config: TrainConfig, modality: Modality, keeping: Keeping | None = None
) -> Division:
    """List the examples of `config.dataset`, leave out what cannot be read, and split the others.

    Raises:
        ConfigError: The data set cannot be used, and why.
    """
    if config.data.split_file:
        read_split_file(config.data.split_file)  # a wrong one is told before the long work
    examples = modality.read_examples(config.source, config.data)
    check_examples(examples, config.data)
    inspected = inspect_examples(examples, config, modality, keeping)
    settle_unusable(inspected, config)
    return judge_examples(inspected, config)


def inspect_examples(
    examples: Examples,
    config: TrainConfig,
    modality: Modality,
    keeping: Keeping | None = None,
    engine: Engine = THIS_PROCESS,
) -> Inspected:
    """Return the examples with what is in them and which of them look equal."""
    findings = modality.inspect(examples, keeping, engine)
    ignored = config.data.near_duplicates == "ignore"
    near = NO_LINKS if ignored else modality.link_alike(examples, findings)
    return Inspected(examples, findings, near)


def judge_examples(inspected: Inspected, config: TrainConfig) -> Division:
    """Return how training divides a data set; what training refuses is refused here.

    Raises:
        ConfigError: The data set cannot be used, and why.
    """
    examples, findings, near = inspected
    examples = check_examples(examples, config.data)
    _refuse_unusable(inspected, config)
    contents = np.where(findings.usable, findings.sha256, "")
    return Division(examples, findings, near, assign_splits(examples, contents, config.data, near))


def settle_unusable(inspected: Inspected, config: TrainConfig) -> None:
    """Name the files that cannot be read in a warning, or refuse them.

    Raises:
        ConfigError: There are some, and `data.on_bad_file` is error.
    """
    _refuse_unusable(inspected, config)
    if len(bad := np.flatnonzero(~inspected.findings.usable)):
        named = name_unusable(inspected.examples, inspected.findings, bad)
        logger.warning("%s left out: %s", say_unusable(len(bad), inspected.examples.noun), named)


def _refuse_unusable(inspected: Inspected, config: TrainConfig) -> None:
    bad = np.flatnonzero(~inspected.findings.usable)
    if len(bad) and config.data.on_bad_file == "error":
        named = name_unusable(inspected.examples, inspected.findings, bad)
        is_text = inspected.examples.noun == "text"
        must = "Every text must hold words" if is_text else "Every file must be a readable image"
        raise ConfigError(
            f"{must}. Received: {len(bad)} that are not: {named}. "
            "Remove them, or leave them out with --data.on_bad_file skip."
        )
