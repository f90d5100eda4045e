"""The features of all images of some data sets: computed a batch at a time, kept on disk."""

import logging
import math
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from keras_transfer.config.messages import name_some
from keras_transfer.data.findings import say_unusable
from keras_transfer.data.modality import Modality
from keras_transfer.data.sources.image_sets import ImageSet
from keras_transfer.evaluation.domain_gap.gap_measures import DomainGap
from keras_transfer.evaluation.domain_gap.pooled_features import (
    BATCH,
    FeatureNetwork,
    stream_features,
)
from keras_transfer.evaluation.domain_gap.set_gap import gap_of_rows, number_classes
from keras_transfer.system.errors import ConfigError

COLUMNS = ("data_set", "path", "split", "class")  # beside the vector

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class Embedding:
    """Features of n images, in columns of equal length, in the order of the data sets."""

    network: str
    """Whose features they are, in words."""
    set_names: tuple[str, ...]
    """The data sets as they were given."""
    set_index: np.ndarray
    """(n,) integers: index into `set_names`."""
    paths: np.ndarray
    """(n,) of str objects: relative to the data set; of images alone as they were found."""
    splits: np.ndarray
    """(n,) of str objects: train, validation, test, or "" where the data set names none."""
    classes: np.ndarray
    """(n,) of str objects: name of the class, "" where there is no label."""
    vectors: np.ndarray
    """(n, channels) float32; on disk, so only what is looked at takes memory."""
    unusable: tuple[tuple[str, str, str], ...]
    """Images that are left out: data set, path, reason."""
    noun: str = "image"
    """What an example is called."""
    images_per_second: float
    """Of the whole pass."""

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def data_sets(self) -> np.ndarray:
        """(n,) of str objects: the data set as it was given."""
        return np.array(self.set_names, object)[self.set_index]

    def measure_gap(self) -> DomainGap | None:
        """Return how far two data sets are apart; None unless there are two with an image each."""
        rows = [np.flatnonzero(self.set_index == place) for place in range(len(self.set_names))]
        if len(rows) != 2 or not (len(rows[0]) and len(rows[1])):
            return None
        return gap_of_rows(self.vectors, self.classes, *rows)

    def label_classes(self) -> tuple[list[str], np.ndarray]:
        """Return the names of all classes, and (n,) the index of each image's, -1 without one."""
        return number_classes(self.classes)


def embed_sets(
    network: FeatureNetwork, sets: Sequence[ImageSet], modality: Modality, place: Path, quiet: bool
) -> Embedding:
    """Pass every image through a network; what cannot be read is named and left out.

    Args:
        network: Makes the features.
        sets: At least one.
        modality: Of the images.
        place: Folder for a file without a name, which is gone with the process.
        quiet: Show no progress.

    Raises:
        ConfigError: No image can be read, or a feature is not a number.
    """
    kept: list[np.ndarray] = []
    unusable: list[tuple[str, str, str]] = []
    begun = time.monotonic()
    with tempfile.TemporaryFile(dir=place) as scratch:
        for each in sets:
            reasons = np.array(_embed_set(network, each, modality, scratch, quiet), object)
            kept.append(np.flatnonzero(reasons == ""))
            bad = np.flatnonzero(reasons != "").tolist()
            _warn_of_unusable(each, reasons, bad, modality.noun)
            unusable += [(each.name, each.paths[row], reasons[row]) for row in bad]
        seconds = time.monotonic() - begun
        count = sum(map(len, kept))
        if not count:
            raise ConfigError(
                f"At least one {modality.noun} must be readable. Received: "
                f"{name_some([*_names(sets)])}, where none is. Name another data set."
            )
        scratch.flush()
        vectors = np.memmap(scratch, np.float32, "r", shape=(count, network.channels))
    parts = [each.take(rows) for each, rows in zip(sets, kept, strict=True)]
    return Embedding(
        network=network.name,
        noun=modality.noun,
        set_names=_names(sets),
        set_index=np.repeat(np.arange(len(sets)), [len(rows) for rows in kept]),
        paths=np.concatenate([part.paths for part in parts]),
        splits=np.concatenate([part.splits for part in parts]),
        classes=np.concatenate([part.name_classes() for part in parts]),
        vectors=vectors,
        unusable=tuple(unusable),
        images_per_second=count / max(seconds, 1e-9),
    )


def _names(sets: Sequence[ImageSet]) -> tuple[str, ...]:
    return tuple(each.name for each in sets)


def _embed_set(
    network: FeatureNetwork, found: ImageSet, modality: Modality, scratch: IO[bytes], quiet: bool
) -> list[str]:
    """Append the features of a set's readable images to a file; return why others are not."""
    from keras_transfer.training.progress_display import showing_steps

    reasons: list[str] = []
    batches = stream_features(network, found.sources, modality)
    steps = math.ceil(len(found) / BATCH)
    with showing_steps(batches, "features", steps, BATCH, quiet) as shown:
        for features, said in shown:
            reasons += said
            rows = [row for row, reason in enumerate(said) if not reason]
            features[rows].tofile(scratch)
    return reasons


def _warn_of_unusable(found: ImageSet, reasons: np.ndarray, bad: list[int], noun: str) -> None:
    if bad:
        named = name_some([f"{found.paths[row]} ({reasons[row]})" for row in bad], "; ")
        logger.warning("%s left out: %s", say_unusable(len(bad), noun), named)
