import pytest

from keras_transfer import zeroshot


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


@pytest.fixture(scope="session")
def left(clip_folder, stripes, tmp_path_factory):
    """A folder with everything that the command can leave; not to be changed."""
    folder = tmp_path_factory.mktemp("zeroshot")
    words = ["--preset", str(clip_folder), "--dataset", str(stripes), "--probe", "--export"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_TRANSFER_CACHE", str(folder / "cache"))
        assert zeroshot.main([*words, "--quiet", "--output", str(folder / "found")]) == 0
    return folder / "found"


@pytest.fixture
def call(clip_folder, stripes, tmp_path, monkeypatch):
    """Call the command on the stripes and return its folder."""
    monkeypatch.chdir(tmp_path)

    def run(*words, dataset=stripes):
        given = ["--preset", clip_folder, "--dataset", dataset, "--output", "found", *words]
        assert zeroshot.main([*map(str, given)]) == 0
        return tmp_path / "found"

    return run
