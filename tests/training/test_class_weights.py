"""Classes of different size that count the same in training."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from sklearn.utils.class_weight import compute_class_weight

from keras_transfer.config.command_line import build_parser
from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.frozen_settings import FrozenConfig
from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.config.yaml_files import dump_config
from keras_transfer.run.load_settings import load_config, parse_config
from keras_transfer.run.predictions_csv import read_run_predictions
from keras_transfer.system.errors import ConfigError
from keras_transfer.train import fine_tune
from keras_transfer.training.class_weights import balance_classes, name_weights, weigh_images


def test_weights_are_those_of_scikit_learn():
    labels = np.array([0] * 5 + [1] * 2 + [2] * 13)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    weights = balance_classes(labels, 3)
    np.testing.assert_allclose(weights, expected, rtol=1e-6)
    np.testing.assert_allclose(weights[labels].mean(), 1, rtol=1e-6)


def test_each_image_gets_the_weight_of_its_class():
    labels = tf.one_hot([[1, 0], [2, 2]], 3)
    batches = tf.data.Dataset.from_tensor_slices((np.zeros((2, 2, 4, 4, 3)), labels))
    weighed = weigh_images(batches, np.array([1, 2, 3], np.float32))
    assert [weights.numpy().tolist() for _, _, weights in weighed] == [[2, 1], [3, 3]]


def test_classes_are_named_or_counted():
    names = ("ants", "bees", "0")
    np.testing.assert_array_equal(name_weights({"bees": 5.0}, names), [1, 5, 1])
    np.testing.assert_array_equal(name_weights({"1": 5.0, "ants": 0.0}, names), [0, 5, 1])
    np.testing.assert_array_equal(name_weights({"0": 2.0}, names), [1, 1, 2])  # the name wins
    with pytest.raises(ConfigError, match=r"Received: bee\. Did you mean 'bees'"):
        name_weights({"bee": 2.0}, names)
    with pytest.raises(ConfigError, match=r"indices from 0 to 2\. Received: 3"):
        name_weights({"3": 2.0}, names)


@pytest.mark.parametrize("given", [{0: 1, 1: 5.0}, {"0": np.float32(1), "1": 5}])
def test_weights_are_settings_that_yaml_holds(given, tmp_path):
    config = TrainConfig(data=DataConfig(class_weight=given))
    assert config.data.class_weight == {"0": 1.0, "1": 5.0}
    (tmp_path / "a.yaml").write_text(dump_config(config))
    assert load_config(tmp_path / "a.yaml") == config
    words = ["--data.class_weight", "{0: 1, 1: 5}"]
    assert parse_config(build_parser("train"), words) == config


@pytest.mark.parametrize("given", ["some", {}, {"a": -1}, {"a": "x"}, {"a": True}, {"a": 0}, 3])
def test_what_is_no_weight_is_refused(given):
    with pytest.raises(ConfigError, match=r"`data\.class_weight` must be"):
        DataConfig(class_weight=given)


@pytest.mark.thorough
def test_a_run_says_its_weights_and_keeps_them(tiny_config, tmp_path):
    data = dataclasses.replace(tiny_config.data, class_weight={"upright": 3})
    run = fine_tune(dataclasses.replace(tiny_config, data=data, output=tmp_path))
    assert "Class weights: level 1, upright 3" in run.log_file.read_text()
    assert load_config(run.config_file).data.class_weight == {"upright": 3.0}


def test_a_mixed_image_gets_the_mixture_of_the_weights():
    labels = np.array([[[0.75, 0.25, 0], [0, 0.4, 0.6]]], np.float32)
    batches = tf.data.Dataset.from_tensor_slices((np.zeros((1, 2, 4, 4, 3)), labels))
    (_, _, weights), *_ = weigh_images(batches, np.array([1, 2, 3], np.float32))
    np.testing.assert_allclose(weights, [1.25, 2.6])  # by its likeliest class: 1 and 3


@pytest.mark.slow  # two trainings
def test_a_small_class_is_thought_likelier_when_it_counts_the_same(tiny_config, stripes, tmp_path):
    """On kept activations; 40 images against 5."""
    rows = ["path,label,split"]
    for split, folder in (("train", "train"), ("val", "val"), ("test", "test")):
        for name in ("level", "upright"):
            files = sorted((stripes / folder / name).iterdir())
            files = files[:5] if (split, name) == ("train", "upright") else files
            rows += [f"{file},{name},{split}" for file in files]
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    chances = {}
    for choice in ("none", "auto"):
        config = dataclasses.replace(
            tiny_config,
            dataset=str(tmp_path / "labels.csv"),
            output=tmp_path,
            name=choice,
            head=HeadConfig(dropout=0.0),
            frozen=FrozenConfig(epochs=4, learning_rate=0.05),
            finetune=FinetuneConfig(epochs=0),
            data=DataConfig(image_size=32, batch_size=16, class_weight=choice),
        )
        found = read_run_predictions(fine_tune(config))
        chances[choice] = found.probabilities[:, 1].mean()
    assert chances["auto"] > chances["none"] + 0.05
