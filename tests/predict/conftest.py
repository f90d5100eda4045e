"""A stand-in for a model, which needs no training, and images of a few blocks."""

import numpy as np
import pytest
from PIL import Image

from keras_transfer.exports.reading.artefact import Artefact
from keras_transfer.exports.usage import Usage


class Model:
    """Tells dark images from light ones.

    Attributes:
        calls: How many images each call had.
        most: Images after which it raises; None: it does not.
    """

    def __init__(self, path):
        self.path, self.calls, self.most = path, [], None
        self.usage = Usage(class_names=("dark", "light"))

    def load(self, path, trust):
        return Artefact(
            path=self.path, image_size=8, classes=2, usage=self.usage, classify=self.classify
        )

    def classify(self, pixels):
        self.calls.append(len(pixels))
        if self.most is not None and sum(self.calls) > self.most:
            raise KeyboardInterrupt
        light = pixels.astype(np.float32).mean(axis=(1, 2, 3)) / 255
        return np.stack([1 - light, light], axis=1).astype(np.float32)


@pytest.fixture
def model(tmp_path, monkeypatch):
    """Return a model in place of the one that predict would load, in blocks of 64 images."""
    file = tmp_path / "model.keras"
    file.write_bytes(b"weights")
    found = Model(file)
    monkeypatch.setattr("keras_transfer.cluster.block_engines.BLOCK", 64)
    monkeypatch.setattr("keras_transfer.predict.load_artefact", found.load)
    monkeypatch.setattr("keras_transfer.predict.read_usage", lambda *_: (file, found.usage))
    monkeypatch.setattr("keras_transfer.predict.predict_blocks.load_artefact", found.load)
    return found


@pytest.fixture
def shades(tmp_path):
    """Return a folder of 150 gray images, of which number 70 is none."""
    folder = tmp_path / "shades"
    folder.mkdir()
    for number in range(150):
        Image.new("RGB", (8, 8), (number, number, 255 - number)).save(folder / f"{number:03}.png")
    (folder / "070.png").write_bytes(b"nothing")
    return folder
