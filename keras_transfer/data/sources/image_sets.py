"""A set of examples of which nothing must be known: labelled as for training, or files alone."""

import dataclasses
import glob
import logging
import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.modality import Modality
from keras_transfer.data.sources.buckets.local_copies import bring_here, name_there
from keras_transfer.data.sources.perhaps_labelled import UNKNOWN, read_perhaps_labelled
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.load_tensorflow import import_tensorflow

TABLES = (".csv", ".tsv", ".parquet", ".tar")  # of labels; what is wrong with one is told

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageSet:
    """Examples of one set, in columns of equal length n."""

    name: str
    """As it was given."""
    paths: np.ndarray
    """(n,) of str objects: relative to the data set; of files alone as they were found."""
    sources: np.ndarray
    """(n,) objects that `Modality.stream` reads."""
    splits: np.ndarray
    """(n,) of str objects: train, validation or test; "" where none is given."""
    labels: np.ndarray
    """(n,) integers: index into `class_names`; UNKNOWN where there is no label."""
    class_names: tuple[str, ...]
    """() without labels."""

    def __len__(self) -> int:
        return len(self.paths)

    def name_classes(self) -> np.ndarray:
        """Return (n,) of str objects: the name of each example's class, "" without a label."""
        return np.array([*self.class_names, ""], object)[self.labels]

    def take(self, rows: np.ndarray) -> "ImageSet":
        """Return the examples in these rows."""
        columns = ("paths", "sources", "splits", "labels")
        return dataclasses.replace(self, **{name: getattr(self, name)[rows] for name in columns})


def list_set(
    dataset: str, data: DataConfig, modality: Modality, split: str | None = None
) -> ImageSet:
    """List what a word names: a data set, or a folder, a file or a pattern of images alone.

    Args:
        dataset: As `--dataset` of train takes it, or as `list_sources` does.
        data: How a data set is read.
        modality: Of the examples.
        split: Only these. None: all.

    Raises:
        ConfigError: It names nothing, or has no such split.
    """
    copy = bring_here(dataset)
    try:
        found = set_of_examples(dataset, read_perhaps_labelled(copy, data, modality))
    except ConfigError as error:
        found = _list_unlabelled(copy, modality, error)
        names = np.array([name_there(dataset, copy, path) for path in found.paths], object)
        found = dataclasses.replace(found, name=dataset, paths=names)
    return found if split is None else choose_rows(found, split)


def set_of_examples(name: str, examples: Examples) -> ImageSet:
    """Return labelled examples as a set."""
    return ImageSet(
        name=name,
        paths=examples.paths.astype(object),
        sources=_list_sources(examples),
        splits=examples.splits.astype(object),
        labels=examples.labels,
        class_names=examples.class_names,
    )


def _list_sources(examples: Examples) -> np.ndarray:
    """Return (n,) objects: paths of files, or texts."""
    if examples.contents is None:
        root = str(examples.root)
        return np.array([os.path.join(root, path) for path in examples.paths.tolist()], object)
    found = np.empty(len(examples.paths), object)
    found[:] = [tuple(texts) for texts in examples.contents.tolist()]
    return found


def choose_rows(found: ImageSet, split: str) -> ImageSet:
    """Return the examples of a split.

    Raises:
        ConfigError: There are none.
    """
    rows = np.flatnonzero(found.splits == split)
    if not len(rows):
        there = ", ".join(sorted({*found.splits.tolist()} - {""})) or "none"
        raise ConfigError(
            f"`split` must be one of the splits of {found.name}: {there}. Received: {split}. "
            "Leave it out to take all of them."
        )
    return found.take(rows)


def _list_unlabelled(word: str, modality: Modality, fault: ConfigError) -> ImageSet:
    """Return the files that a word names, if it names any, with why they have no labels."""
    path = os.path.expanduser(word)
    there = os.path.exists(path) or glob.has_magic(path)
    is_table = path.lower().endswith(TABLES) and modality.noun == "image"
    if not there or is_table:
        raise fault
    import_tensorflow()  # images are listed by what reads them
    try:
        names, sources = modality.list_words([word])
    except ConfigError:
        raise fault from None
    text = "%s is taken as %ss without labels. As a data set: %s"
    logger.info(text, word, modality.noun, fault)
    held: Any = np.empty(len(sources), object)
    held[:] = sources
    return ImageSet(
        name=word,
        paths=np.array(names, object),
        sources=held,
        splits=np.full(len(names), "", object),
        labels=np.full(len(names), UNKNOWN),
        class_names=(),
    )
