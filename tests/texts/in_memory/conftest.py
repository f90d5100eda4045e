"""Texts in memory, and a cache of the test's own."""

from pathlib import Path

import pytest

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.modalities.table import name_dataset
from keras_transfer.texts.sources.choose_text_source import looks_like_text, read_texts


@pytest.fixture
def name(tmp_path, monkeypatch):
    """Return a function that names a data set of texts, and reads it as the command line would."""
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(tmp_path / "cache"))

    def call(dataset, modality="auto"):
        path = name_dataset(dataset, modality)
        assert Path(path).name == "texts.jsonl"
        assert looks_like_text(path)
        return read_texts(path, DataConfig())

    return call
