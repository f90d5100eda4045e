"""What is wrong in the settings is said before TensorFlow is loaded or anything is downloaded."""

import pytest

from keras_transfer.config.train_config import TrainConfig, WeightsWord
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.plan.preflight import check_names


def refuse(**settings):
    with pytest.raises(ConfigError) as caught:
        check_names(TrainConfig(**settings))
    return str(caught.value)


@pytest.mark.parametrize("word", WeightsWord)
def test_every_word_for_weights_is_taken(word):
    check_names(TrainConfig(weights=word))


def test_weights_that_are_neither_a_word_nor_there_are_refused(tmp_path):
    assert refuse(weights="imagnet") == (
        "`weights` must be auto, imagenet, bundled, none, or the path of a weights file or run "
        "directory. Received: imagnet, which does not exist. Did you mean 'imagenet'?"
    )
    file = tmp_path / "a.weights.h5"
    assert refuse(weights=file).endswith(f"Received: {file}, which does not exist.")
    file.touch()
    check_names(TrainConfig(weights=file))


def test_an_interrupted_run_does_not_need_its_weights_again():
    check_names(TrainConfig(weights="gone.weights.h5", resume="some/run"))
