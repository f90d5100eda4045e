"""The features of all images of some data sets: computed a batch at a time, kept on disk."""

import contextlib
import logging
import math
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from keras_transfer.config.messages import name_some
from keras_transfer.data.findings import say_unusable
from keras_transfer.data.modality import Modality
from keras_transfer.data.sources.image_sets import ImageSet
from keras_transfer.evaluation.domain_gap.gap_measures import DomainGap
from keras_transfer.evaluation.domain_gap.set_gap import gap_of_rows, number_classes
from keras_transfer.system.errors import ConfigError

Features = Generator[tuple[np.ndarray, list[str]], None, None]

COLUMNS = ("data_set", "path", "split", "class")  # beside the vector

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Passing:
    """A way to pass examples through a network."""

    name: str
    """Of the network, as `FeatureNetwork.name` says it."""
    stream: Callable[[Sequence[list[Any]]], Features]
    """From the sources of each set to features and reasons of some examples after the other, as
    `stream_features` yields them; some are always of one set."""
    size: int
    """How many that are, but for the last ones of a set."""
    made_of: Callable[[], dict[str, str]]
    """Returns what the features are determined by beside the examples: hashes, settings."""


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
    passing: Passing, sets: Sequence[ImageSet], modality: Modality, place: Path, quiet: bool
) -> Embedding:
    """Pass every image through a network; what cannot be read is named and left out.

    Args:
        passing: Makes the features.
        sets: At least one.
        modality: Of the images.
        place: Folder for a file without a name, which is gone with the process.
        quiet: Show no progress.

    Raises:
        ConfigError: No image can be read, or a feature is not a number.
    """
    begun = time.monotonic()
    with tempfile.TemporaryFile(dir=place) as scratch:
        reasons, channels = _keep_features(passing, sets, scratch, quiet)
        seconds = time.monotonic() - begun
        ends = np.cumsum([len(each) for each in sets])[:-1]
        said = np.split(np.array(reasons, object), ends)
        kept = [np.flatnonzero(part == "") for part in said]
        unusable = [*_list_unusable(sets, said, modality.noun)]
        count = sum(map(len, kept))
        if not count:
            raise ConfigError(
                f"At least one {modality.noun} must be readable. Received: "
                f"{name_some([*_names(sets)])}, where none is. Name another data set."
            )
        scratch.flush()
        vectors = np.memmap(scratch, np.float32, "r", shape=(count, channels))
    parts = [each.take(rows) for each, rows in zip(sets, kept, strict=True)]
    return Embedding(
        network=passing.name,
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


def _keep_features(
    passing: Passing, sets: Sequence[ImageSet], scratch: IO[bytes], quiet: bool
) -> tuple[list[str], int]:
    """Append the features of readable images to a file; return why others are not, and channels."""
    from keras_transfer.training.progress_display import showing_steps

    reasons: list[str] = []
    channels = 0
    steps = sum(math.ceil(len(each) / passing.size) for each in sets)
    with (
        contextlib.closing(passing.stream([each.sources.tolist() for each in sets])) as batches,
        showing_steps(batches, "features", steps, passing.size, quiet) as shown,
    ):
        for features, said in shown:
            reasons += said
            channels = features.shape[1]
            rows = [row for row, reason in enumerate(said) if not reason]
            _append(features[rows], scratch)
    return reasons, channels


def _append(features: np.ndarray, scratch: IO[bytes]) -> None:
    try:
        features.tofile(scratch)
    except OSError as error:
        raise ConfigError(
            f"All features must fit on the disk of the output. Received: {error}. Free space there "
            "and call again, or choose another place with --output."
        ) from error


def _list_unusable(
    sets: Sequence[ImageSet], said: Sequence[np.ndarray], noun: str
) -> Iterator[tuple[str, str, str]]:
    """Yield set, path and reason of each image that cannot be read, and warn of them."""
    for found, reasons in zip(sets, said, strict=True):
        bad = np.flatnonzero(reasons != "").tolist()
        if bad:
            named = name_some([f"{found.paths[row]} ({reasons[row]})" for row in bad], "; ")
            logger.warning("%s left out: %s", say_unusable(len(bad), noun), named)
        yield from ((found.name, found.paths[row], reasons[row]) for row in bad)
