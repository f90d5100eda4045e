import pytest


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory):
    """A tiny preset of CLIP; not to be changed."""
    pytest.importorskip("keras_hub", reason="needs KerasHub: pip install 'keras_transfer[hub]'")
    from tiny_clip import write_clip

    folder = tmp_path_factory.mktemp("presets") / "tiny_clip"
    write_clip(folder)
    return folder


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Keep embeddings in a folder of the test."""
    monkeypatch.setenv("KERAS_TRANSFER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
