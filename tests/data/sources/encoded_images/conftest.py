"""Tiny encoded images, and the cache that they are copied to."""

import io

import numpy as np
import pytest
from PIL import Image

from keras_transfer.data.shards.member_files import read_file


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def draw():
    """Return a function that encodes an image of one shade of grey."""

    def draw(level, kind="PNG"):
        stream = io.BytesIO()
        Image.fromarray(np.full((4, 4, 3), level, np.uint8)).save(stream, kind)
        return stream.getvalue()

    return draw


@pytest.fixture
def list_rows():
    """Return a function that gives (class, split) of each image by its content."""

    def list_rows(examples):
        names = [examples.class_names[label] for label in examples.labels]
        files = [read_file(examples.root / path) for path in examples.paths]
        rows = zip(files, names, examples.splits.tolist(), strict=True)
        return {content: (name, split) for content, name, split in rows}

    return list_rows
