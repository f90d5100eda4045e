"""Data sets in memory, and a cache of the test's own."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.data.examples import Examples
from keras_transfer.data.sources.choose_source import read_examples
from keras_transfer.data.sources.in_memory.name_data_set import name_data_set
from keras_transfer.images.pixel_files import ImageFiles


class Named(NamedTuple):
    path: Path
    examples: Examples

    def classes(self):
        """Return the class of each path."""
        names = [self.examples.class_names[label] for label in self.examples.labels]
        return dict(zip(self.examples.paths.tolist(), names, strict=True))

    def count(self):
        """Return how many images each split has."""
        splits, counts = np.unique(self.examples.splits, return_counts=True)
        return dict(zip(splits.tolist(), counts.tolist(), strict=True))


@pytest.fixture
def name(tmp_path, monkeypatch):
    """Return a function that names a data set, and reads it as the command line would."""
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(tmp_path / "cache"))

    def call(dataset):
        path = name_data_set(dataset, ImageFiles)
        return Named(Path(path), read_examples(path, DataConfig()))

    return call


@pytest.fixture
def files(make_tree, monkeypatch):
    """Six image files below the working directory, and their classes."""
    paths = [f"{label}/{index}.png" for label in ("cat", "dog") for index in range(3)]
    monkeypatch.chdir(make_tree(*paths))
    return paths, [path.partition("/")[0] for path in paths]


@pytest.fixture
def arrays():
    """Twelve gray images of 6x5 pixels, and labels 0, 1, 2."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (12, 6, 5), np.uint8), np.arange(12) % 3
