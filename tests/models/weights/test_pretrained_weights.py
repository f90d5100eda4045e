import dataclasses
import hashlib
from pathlib import Path

import keras
import pytest

from keras_transfer.config.train_config import WeightsWord
from keras_transfer.models.weights import pretrained_weights as module
from keras_transfer.models.weights.pretrained_weights import Weights, find_weights
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import write_json

URL = "https://weights.example/folder/tiny_notop.h5"  # as in conftest.py

pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def bundled(tmp_path, source):
    (tmp_path / "bundled").mkdir()
    file = tmp_path / "bundled" / "tiny.weights.h5"
    source.save_weights(file)
    return file


@pytest.fixture
def shipped(row, bundled):
    """A row whose weights ship with the package."""
    return dataclasses.replace(row, bundled_hash=hashlib.sha256(bundled.read_bytes()).hexdigest())


# Which weights


@pytest.mark.parametrize("word", [word for word in WeightsWord if word != "preset"])
def test_every_word_leads_to_weights_of_its_kind(shipped, cache, word):
    (cache / "tiny_notop.h5").write_bytes(b"values")
    found = find_weights("tiny", shipped, word.value)
    assert found.kind == ("imagenet" if word == "auto" else word)
    assert (found.file is None) == (word == "none")


def test_a_preset_is_refused_for_a_backbone_that_is_none_of_kerashub(shipped):
    with pytest.raises(ConfigError, match=r"a network of KerasHub\. Received: --backbone tiny"):
        find_weights("tiny", shipped, "preset")


def test_none_needs_nothing(row):
    assert find_weights("tiny", row, "none") == Weights(kind="none")


def test_a_network_that_nobody_has_pretrained_starts_from_random_weights_without_a_warning(row):
    row = dataclasses.replace(row, weights_url="")
    for choice in ("auto", "none"):
        assert find_weights("tiny", row, choice) == Weights(kind="none")
    for choice in ("imagenet", "bundled", "preset"):
        with pytest.raises(
            ConfigError, match=rf"Received: {choice} with tiny\. Choose --weights a"
        ):
            find_weights("tiny", row, choice)


def test_a_cached_file_is_used_without_network(row, cache):
    (cache / "tiny_notop.h5").write_bytes(b"values")
    for choice in ("auto", "imagenet"):
        found = find_weights("tiny", row, choice)
        assert found == Weights(
            kind="imagenet",
            file=cache / "tiny_notop.h5",
            sha256=hashlib.sha256(b"values").hexdigest(),
        )


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_a_damaged_cached_file_is_not_used(row, cache, monkeypatch, algorithm):
    digest = hashlib.new(algorithm, b"values").hexdigest()
    row = dataclasses.replace(row, weights_hash=digest)
    file = cache / "tiny_notop.h5"
    file.write_bytes(b"values")
    assert find_weights("tiny", row, "imagenet").file == file
    file.write_bytes(b"val")
    monkeypatch.setattr(module, "find_fault", lambda _: "no route")
    with pytest.raises(ConfigError, match="no whole file in"):
        find_weights("tiny", row, "imagenet")


def test_on_line_the_file_is_downloaded_into_the_cache(row, cache, monkeypatch, bundled):
    asked = {}

    def get_file(fname, origin, cache_dir, cache_subdir, file_hash):
        asked.update(url=origin, hash=file_hash)
        file = Path(cache_dir, cache_subdir, fname)
        file.write_bytes(b"values")
        return str(file)

    monkeypatch.setattr(module, "find_fault", lambda url: "" if url == URL else "no route")
    monkeypatch.setattr(keras.utils, "get_file", get_file)
    found = find_weights("tiny", row, "auto")
    assert (found.kind, found.file, found.warning) == ("imagenet", cache / "tiny_notop.h5", None)
    assert asked == {"url": URL, "hash": None}


def test_a_download_that_fails_is_an_error_even_with_bundled_weights(shipped, monkeypatch):
    def get_file(*_, **__):
        raise Exception("URL fetch failure on …: None -- reset by peer")  # as Keras does

    monkeypatch.setattr(module, "find_fault", lambda _: "")
    monkeypatch.setattr(keras.utils, "get_file", get_file)
    with pytest.raises(ConfigError, match=r"must download whole\. Received: .*reset by peer"):
        find_weights("tiny", shipped, "auto")


def test_off_line_auto_takes_bundled_weights_with_a_warning(shipped, monkeypatch, bundled):
    monkeypatch.setattr(module, "find_fault", lambda _: "no route")
    found = find_weights("tiny", shipped, "auto")
    assert (found.kind, found.file, found.sha256) == ("bundled", bundled, shipped.bundled_hash)
    assert "ImageNet weights of tiny" in found.warning
    assert find_weights("tiny", shipped, "bundled").warning is None


@pytest.mark.parametrize("damage", [lambda file: file.write_bytes(b"other"), Path.unlink])
@pytest.mark.parametrize("choice", ["auto", "bundled"])
def test_bundled_weights_must_be_those_that_were_shipped(
    shipped, monkeypatch, bundled, choice, damage
):
    monkeypatch.setattr(module, "find_fault", lambda _: "no route")
    damage(bundled)
    with pytest.raises(ConfigError, match=f"must have the sha256 {shipped.bundled_hash}"):
        find_weights("tiny", shipped, choice)


@pytest.mark.parametrize("choice", ["auto", "imagenet"])
def test_off_line_the_error_says_what_can_be_done(row, cache, monkeypatch, request, choice):
    if choice == "imagenet":
        row = request.getfixturevalue("shipped")  # asked for ImageNet: nothing else will do
    monkeypatch.setattr(module, "find_fault", lambda _: "no route")
    with pytest.raises(ConfigError) as error:
        find_weights("tiny", row, choice)
    for part in ("weights.example", URL, str(cache), "--weights PATH", "--weights none"):
        assert part in str(error.value)
    assert "\n" not in str(error.value)


def test_bundled_weights_that_do_not_exist_are_an_error(row):
    with pytest.raises(ConfigError, match="tiny has none"):
        find_weights("tiny", row, "bundled")


@pytest.mark.parametrize(
    ("choice", "part"),
    [
        ("imagnet", "Did you mean 'imagenet'"),
        ("nowhere/model.keras", "does not exist"),
        (__file__, "or a file that ends in"),
    ],
)
def test_a_path_that_leads_nowhere_is_an_error(row, choice, part):
    with pytest.raises(ConfigError) as error:
        find_weights("tiny", row, choice)
    assert part in str(error.value)
    assert choice in str(error.value)


def test_a_run_that_lost_its_model_is_an_error(row, run_copy):
    settings = run_copy.metrics() | {"backbone": "tiny"}
    write_json(run_copy.metrics_file, settings)
    run_copy.model_file.unlink()
    with pytest.raises(ConfigError, match=r"must hold model\.keras"):
        find_weights("tiny", row, str(run_copy.path))


# Whether the machine is on line
