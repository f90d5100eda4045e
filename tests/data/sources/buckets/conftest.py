"""Buckets in memory, and the cache that they are copied to."""

import io

import fsspec
import numpy as np
import pytest
from PIL import Image

from keras_transfer.data.sources.buckets import fetch_objects


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Ask again at once."""
    monkeypatch.setattr(fetch_objects, "PAUSES", (0.0, 0.0))


@pytest.fixture
def memory():
    """Return fsspec's file system in memory, empty."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    yield system
    system.store.clear()


@pytest.fixture
def shelf(memory):
    """Put two classes of two images each into memory://shelf/photos."""
    for level, name in enumerate(("cats/0.png", "cats/1.png", "dogs/0.png", "dogs/1.png")):
        memory.pipe(f"/shelf/photos/{name}", draw(50 * level))
    return memory


@pytest.fixture
def fetched(memory, monkeypatch):
    """Return a list that grows by the name of each object that is asked for."""
    names, get = [], type(memory).get_file

    def get_file(self, name, file, **words):
        names.append(name)
        get(self, name, file, **words)

    monkeypatch.setattr(type(memory), "get_file", get_file)
    return names


def draw(level):
    stream = io.BytesIO()
    Image.fromarray(np.full((4, 4, 3), level, np.uint8)).save(stream, "PNG")
    return stream.getvalue()
