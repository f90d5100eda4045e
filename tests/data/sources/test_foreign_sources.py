"""Data sets by the names that other programs have for them."""

import pytest

from keras_transfer.data.sources.choose_source import choose_source
from keras_transfer.data.sources.foreign_sources import explain_foreign
from keras_transfer.system.errors import ConfigError


@pytest.mark.parametrize(
    ("dataset", "hint"),
    [
        ("r2://shelf/photos", "Write s3://shelf/photos, and set AWS_ENDPOINT_URL"),
        ("https://example.org/photos.zip", "Download and unpack it, and give the folder"),
        ("https://huggingface.co/datasets/beans", "Write hf:beans"),
        ("huggingface:beans", "Write hf:beans"),
        ("hf://me/beans", "Write hf:me/beans, or hf://datasets/me/beans for its files"),
        ("tfds/mnist", "Write tfds:mnist"),
        ("tfds://mnist", "Write tfds:mnist"),
        ("kaggle:me/cats", "kaggle datasets download me/cats --unzip"),
        ("https://www.kaggle.com/datasets/me/cats", "kaggle datasets download me/cats --unzip"),
        ("file:///photos", "Write /photos"),
    ],
)
def test_a_name_of_elsewhere_is_said_as_it_is_here(dataset, hint):
    with pytest.raises(ConfigError, match=hint):
        choose_source(dataset)


@pytest.mark.parametrize("dataset", ["digits", "tfds:mnist", "photos", "datasets/photos", "./s3"])
def test_names_of_here_need_no_word(dataset):
    assert explain_foreign(dataset) == ""


def test_a_folder_wins_over_a_name_of_elsewhere(tmp_path, monkeypatch):
    (tmp_path / "tfds/mnist").mkdir(parents=True)
    (tmp_path / "tfds/mnist/one.png").touch()
    monkeypatch.chdir(tmp_path)
    assert choose_source("tfds/mnist") == "folder"
