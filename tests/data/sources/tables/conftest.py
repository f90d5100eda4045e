import pytest
from labelled import load_examples

from keras_transfer.config.sections.data_settings import DataConfig


@pytest.fixture
def load(make_tree):
    """Return a function that writes a table beside four images and loads it."""
    root = make_tree("i/1.png", "i/2.png", "i/3.png", "i/4.png")

    def load(text, name="labels.csv", encoding="utf-8", **settings):
        (root / name).parent.mkdir(exist_ok=True)
        content = text if isinstance(text, bytes) else text.encode(encoding)
        (root / name).write_bytes(content)
        return load_examples(str(root / name), DataConfig(**settings))

    load.root = root
    return load


@pytest.fixture
def say(caplog):
    """Return a function that gives the lines which were logged."""
    caplog.set_level("INFO", "keras_transfer")
    return lambda: [record.getMessage() for record in caplog.records]
