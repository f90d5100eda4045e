import dataclasses

import pytest

URL = "https://weights.example/folder/tiny_notop.h5"


@pytest.fixture(scope="session")
def randomize():
    """Give every statistic, scale and shift of a network a value that shows; kernels have one."""
    import keras
    import numpy as np

    def assign(network):
        random = np.random.default_rng(5)
        for variable in network.weights:
            if variable.name in ("gamma", "moving_variance", "variance"):
                variable.assign(random.uniform(0.5, 1.5, variable.shape))
            elif variable.name in ("beta", "bias", "moving_mean", "mean"):
                variable.assign(random.normal(0, 0.2, variable.shape))
        for layer in network.layers:
            if isinstance(layer, keras.Model):
                assign(layer)
            elif isinstance(layer, keras.layers.Normalization):
                layer.finalize_state()  # or it goes on with copies of the old values

    return assign


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The folder of downloads, empty; neither it nor the network is the user's."""
    from keras_transfer.models.weights import pretrained_weights as module

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(module, "BUNDLED", tmp_path / "bundled")
    monkeypatch.setattr(module, "find_fault", lambda _: pytest.fail("this needs no network"))
    folder = tmp_path / "home" / "models"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def row(tiny_row):
    return dataclasses.replace(tiny_row, weights_url=URL)


@pytest.fixture
def source(tiny_row, randomize):
    """A tiny backbone whose every value differs from its first one."""
    from keras_transfer.models.build_model import build_backbone

    backbone = build_backbone(tiny_row, 32)
    randomize(backbone)
    return backbone
