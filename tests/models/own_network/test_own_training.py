"""Trainings whose backbone is a user's own file."""

import dataclasses

import keras
import numpy as np
import pytest
from made_networks import SIDE, build_cnn, build_features

from keras_transfer.config.sections.augment_settings import AugmentConfig
from keras_transfer.config.sections.cache_settings import CacheConfig
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.run_model import load_run_model
from keras_transfer.run.load_settings import load_config
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.file_hashes import hash_file
from keras_transfer.train import fine_tune
from keras_transfer.training.given.given_parts import GivenParts

pytestmark = pytest.mark.thorough

LOCKED = "conv2d"  # begins the names of convolutions


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    file = tmp_path_factory.mktemp("networks") / "my net.keras"
    build_cnn()[0].save(file)
    return file


@pytest.fixture(scope="module")
def own_config(file, tiny_config):
    return dataclasses.replace(
        tiny_config,
        backbone=f"file:{file}",
        preprocess="unit",
        weights="auto",
        frozen=FrozenConfig(epochs=1, learning_rate=0.01),
        finetune=FinetuneConfig(epochs=1, learning_rate=0.001),
    )


@pytest.fixture(scope="module")
def own_run(own_config):
    return fine_tune(own_config)


def test_the_run_says_which_file_it_began_from(own_run, file):
    metrics = own_run.metrics()
    assert (metrics["weights"], metrics["weights_origin"]) == ("file", str(file))
    assert metrics["weights_sha256"] == metrics["backbone_sha256"] == hash_file(file)
    assert own_run.path.name.startswith("my net-two_phase")
    assert f"backbone: file:{file}" in own_run.config_file.read_text()
    card = own_run.model_card_file.read_text()
    assert card.count(hash_file(file)) == 2  # of the network, and of its weights
    assert "`preprocess` unit" in card


def test_locked_layers_keep_the_files_values_and_the_others_learn(own_run, file):
    trained = keras.models.load_model(own_run.model_file).get_layer("backbone")
    given = keras.models.load_model(file)
    first = load_config(own_run.config_file).finetune.locked_layers
    boundary = find_backbone(f"file:{file}").blocks[first]
    kernels = [index for index, each in enumerate(trained.layers) if each.name.startswith(LOCKED)]
    assert kernels[0] < boundary <= kernels[-1]
    for index in kernels:
        layer = trained.layers[index]
        same = np.array_equal(layer.get_weights()[0], given.get_layer(layer.name).get_weights()[0])
        assert same == (index < boundary), layer.name


@pytest.mark.thorough
def test_what_is_kept_trains_as_what_is_computed(own_config):
    images = np.random.default_rng(0).uniform(0, 255, (4, SIDE, SIDE, 3))
    answers = []
    for mode in ("on", "off"):
        cache, plain = CacheConfig(mode=mode), AugmentConfig(preset="none")
        run = fine_tune(dataclasses.replace(own_config, cache=cache, augment=plain))
        answers.append(keras.models.load_model(run.model_file)(images))
    np.testing.assert_allclose(*answers, atol=2e-3)


class Stop(keras.callbacks.Callback):
    """Ends a training before its first step."""

    def on_train_begin(self, logs=None):
        raise RuntimeError("stopped")


def test_an_interrupted_run_asks_for_its_file_and_goes_on_from_anywhere(
    own_config, file, tmp_path, monkeypatch
):
    monkeypatch.chdir(file.parent)
    begun = dataclasses.replace(own_config, backbone=f"file:{file.name}", output=tmp_path, name="a")
    with pytest.raises(RuntimeError, match="stopped"):
        fine_tune(begun, GivenParts(callbacks=[Stop()]))
    monkeypatch.chdir(tmp_path)
    kept = file.read_bytes()
    try:
        build_features().save(file)
        with pytest.raises(
            ConfigError, match="must be the network that the run began with, sha256"
        ):
            fine_tune(load_config(resume="a"))
        file.unlink()
        with pytest.raises(ConfigError, match="which is not there"):
            fine_tune(load_config(resume="a"))
    finally:
        file.write_bytes(kept)
    assert fine_tune(load_config(resume="a")).metrics()["weights_sha256"] == hash_file(file)


def test_a_finished_run_needs_the_file_no_more(own_run, file):
    kept = file.read_bytes()
    file.unlink()
    try:
        model = keras.models.load_model(own_run.model_file)
        assert model.input_shape == (None, SIDE, SIDE, 3)
        assert load_run_model(own_run, load_config(own_run.config_file)).count_params()
    finally:
        file.write_bytes(kept)


def test_the_model_of_a_run_is_a_network_of_its_own(own_run):
    row = find_backbone(f"file:{own_run.model_file}", anew=True)
    backbone = keras.models.load_model(own_run.model_file).get_layer("backbone")
    assert row.preprocess == "inside"
    names = [layer.name for layer in row.build(SIDE).layers]
    assert names == ["pixels", "preprocessing", *(each.name for each in backbone.layers[1:])]


def test_pixels_must_be_said_once(own_config, tiny_config):
    with pytest.raises(ConfigError, match="Choose --preprocess raw"):
        fine_tune(dataclasses.replace(own_config, preprocess="auto"))
    with pytest.raises(ConfigError, match=r"must be auto unless.*Received: tf with tiny"):
        fine_tune(dataclasses.replace(tiny_config, preprocess="tf"))
