import shutil

import pytest
from tiny_presets import write_vit

from keras_transfer.models.hub import preset_sources


@pytest.fixture(scope="session")
def vit(tmp_path_factory):
    pytest.importorskip("keras_hub", reason="needs KerasHub: pip install 'keras_transfer[hub]'")
    folder = tmp_path_factory.mktemp("presets") / "vit"
    write_vit(folder)
    return folder


@pytest.fixture
def folder(vit, tmp_path):
    """A copy that a test may change."""
    return shutil.copytree(vit, tmp_path / "preset")


@pytest.fixture
def no_network(tmp_path, monkeypatch):
    """Empty caches of the hubs, and no network."""
    from huggingface_hub import constants

    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kagglehub"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(preset_sources, "find_fault", lambda url: "no route")
