"""A cache of the test, and no memory of the shards of others."""

import pytest

from keras_transfer.data.shards import shard_index


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(shard_index, "_known", {})
    return tmp_path / "cache"
