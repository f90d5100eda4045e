from pathlib import Path

import numpy as np
import pytest

import keras_transfer as kt
from keras_transfer.python_api.arguments.dataset_names import name_dataset, naming_dataset


def test_words_and_paths_are_taken():
    assert name_dataset("tfds:NAME") == "tfds:NAME"
    assert name_dataset(Path("photos")) == "photos"
    assert naming_dataset(lambda run, dataset=None: (run, dataset))("a") == ("a", None)
    assert naming_dataset(lambda run, dataset=None: (run, dataset))("a", Path("b")) == ("a", "b")


@pytest.mark.parametrize("wrong", [3, np.zeros((2, 2)), b"photos", ["a.png"] * 1000])
def test_what_holds_no_labelled_images_is_refused_in_one_short_line(wrong):
    with pytest.raises(kt.ConfigError, match="`dataset` must be a folder") as caught:
        kt.fine_tune(wrong)
    assert len(str(caught.value)) < 250
    with pytest.raises(kt.ConfigError, match="`dataset` must be a folder"):
        kt.check_dataset(wrong)
