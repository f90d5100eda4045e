"""Penalties that are zero at the pretrained weights and grow away from them."""

import dataclasses

import keras
import numpy as np
import pytest

from keras_transfer.config.sections.finetune_settings import FinetuneConfig
from keras_transfer.config.sections.regularize_settings import RegularizeConfig
from keras_transfer.models.freezing import list_weights
from keras_transfer.models.run_model import build_classifier
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import read_table
from keras_transfer.train import fine_tune
from keras_transfer.training.checkpoints import Checkpoints
from keras_transfer.training.optimization import fisher_information
from keras_transfer.training.optimization.fisher_information import estimate_fisher
from keras_transfer.training.optimization.pull import Pull, hold_backbone
from keras_transfer.training.optimization.regularizers import REGULARIZERS, Regularizer
from keras_transfer.training.plan.preflight import check_names
from keras_transfer.training.progress.npz_archives import read_arrays


@pytest.fixture
def hold(tiny_backbone, make_config, stripes, tmp_path):
    """Return a function that gives a model held by a penalty, and where its checkpoints are."""

    def call(name, strength=1.0):
        chosen = RegularizeConfig(name=name, strength=strength, source=str(stripes))
        config = make_config("tiny", regularize=chosen)
        keras.utils.set_random_seed(0)
        model = build_classifier(config, ("level", "upright"), None)
        checkpoints = Checkpoints(model, Run(tmp_path))
        checkpoints.keep_start()
        hold_backbone(model, config, checkpoints)
        return model, checkpoints

    return call


def penalty(model):
    return float(sum(model.losses))


@pytest.mark.parametrize("name", [name for name, row in REGULARIZERS.items() if row.weigh])
def test_the_penalty_is_zero_at_the_anchor_and_only_there(name, hold):
    model, _ = hold(name)
    assert len(model.losses) == 9  # a kernel, a scale and a shift of each block
    assert penalty(model) == 0
    for weight in list_weights(model.get_layer("backbone")):
        value = np.array(weight)
        weight.assign(value + 0.1)
        assert penalty(model) > 0
        weight.assign(value)
    assert penalty(model) == 0
    model.get_layer("probabilities").kernel.assign_add(np.ones((16, 2)))
    assert penalty(model) == 0  # the head is free


def test_l2_sp_is_half_the_squared_distance_times_its_strength(hold):
    model, _ = hold("l2_sp", strength=0.5)
    layer = model.get_layer("backbone").get_layer("block2_bn")
    layer.gamma.assign_add(np.full(16, 3.0))
    assert penalty(model) == pytest.approx(0.5 * 0.5 * 16 * 9)


def test_locked_weights_are_not_penalised(hold):
    model, _ = hold("l2_sp")
    backbone = model.get_layer("backbone")
    backbone.trainable = False
    backbone.get_layer("block2_bn").gamma.assign_add(np.ones(16))
    assert penalty(model) == 0


def test_none_holds_nothing(hold):
    model, _ = hold("none")
    assert model.losses == []


def test_a_row_weighs_each_weight(hold, monkeypatch):
    def weigh(model, weights, config, run):
        return [float(weight.name == "gamma") for weight in weights]

    monkeypatch.setitem(REGULARIZERS, "new", Regularizer(weigh=weigh))
    model, _ = hold("new")
    layer = model.get_layer("backbone").get_layer("block2_bn")
    layer.beta.assign_add(np.ones(16))
    assert penalty(model) == 0
    layer.gamma.assign_add(np.ones(16))
    assert penalty(model) == pytest.approx(0.5 * 16)


def test_ewc_weighs_by_importance():
    pull = Pull(np.zeros(2, np.float32), np.array([1.0, 0.0], np.float32), 2.0)
    assert float(pull(np.array([3.0, 100.0], np.float32))) == pytest.approx(9)


def test_the_fisher_information_is_kept_and_has_a_mean_of_one(hold, monkeypatch):
    _, checkpoints = hold("ewc")
    kept = read_arrays(checkpoints.run.checkpoints / "fisher.npz")
    values = np.concatenate([value.ravel() for value in kept.values()])
    assert values.min() >= 0
    assert values.mean() == pytest.approx(1)
    assert values.max() > 3  # some weights matter more

    def fail(*words):
        raise AssertionError("computed again")

    monkeypatch.setattr(fisher_information, "estimate_fisher", fail)
    hold("ewc")


@pytest.mark.thorough
def test_the_fisher_information_is_the_mean_squared_gradient(
    tiny_backbone, make_config, stripes, monkeypatch
):
    """Against the definition: the expectation over labels, of single images."""
    import tensorflow as tf

    from keras_transfer.training.optimization import source_images

    monkeypatch.setattr(source_images, "SAMPLE", 12)
    config = make_config("tiny", regularize=RegularizeConfig(name="ewc", source=str(stripes)))
    model = build_classifier(config, ("a", "b"), None)
    weight = model.get_layer("backbone").get_layer("block3_bn").beta
    drawn, original = [], fisher_information._square_gradients

    def draw_often(front, weights, kernel, bias, images, draws, quiet):
        many = np.linspace(0.005, 0.995, 100, dtype=np.float32)  # in place of one label an image
        found = [
            original(front, weights, kernel, bias, images, np.full_like(draws, draw), quiet)[0]
            for draw in many[::10]
        ]
        drawn.append((front, kernel, bias, images))
        return [np.mean(found, axis=0)]

    monkeypatch.setattr(fisher_information, "_square_gradients", draw_often)
    (found,) = estimate_fisher(model, [weight], config)
    ((front, kernel, bias, images),) = drawn
    expected = np.zeros(16)
    for image in images:
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(weight.value)
            logs = tf.nn.log_softmax(front(image[None], training=False) @ kernel + bias)[0]
            parts = [logs[0], logs[1]]
        for log in parts:
            gradient = tape.gradient(log, weight.value).numpy()
            expected += float(np.exp(log)) * gradient**2 / len(images)
    np.testing.assert_allclose(found, expected, rtol=0.35)


@pytest.mark.parametrize("classes", [2, 3])
def test_labels_are_drawn_from_the_regression_on_the_features(classes):
    import tensorflow as tf
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    images = rng.normal(size=(90, 1, 4)).astype(np.float32)
    labels = np.where(images[:, 0, 0] + rng.normal(size=90) > 0, 1, 0)
    labels += (classes > 2) * np.where(images[:, 0, 1] > 0, 1, 0)
    layers = [keras.layers.Flatten(), keras.layers.Dense(4, kernel_initializer="identity")]
    front = keras.Sequential([keras.Input((1, 4)), *layers])
    kernel, bias = fisher_information._fit_head(front, images, labels)
    probabilities = tf.nn.softmax(images[:, 0] @ kernel + bias).numpy()
    expected = LogisticRegression(max_iter=200).fit(images[:, 0], labels)
    np.testing.assert_allclose(
        probabilities, expected.predict_proba(images[:, 0]), rtol=1e-3, atol=1e-4
    )
    for draw in (0.02, 0.98):
        label = int(np.searchsorted(np.cumsum(probabilities[0]), draw, side="right"))
        found = fisher_information._square_gradients(
            front, [layers[1].bias], kernel, bias, images[:1], np.float32([draw]), quiet=True
        )
        gradient = kernel @ (np.eye(classes)[label] - probabilities[0])
        np.testing.assert_allclose(found[0], gradient**2, rtol=1e-3)


@pytest.mark.slow  # three trainings
def test_a_penalty_keeps_the_backbone_nearer(tiny_config, finished_run, tmp_path):
    drifts = []
    for name, strength in (("none", 0.01), ("l2_sp", 0.1), ("ewc", 0.1)):
        chosen = RegularizeConfig(name=name, strength=strength, source=str(finished_run.path))
        config = dataclasses.replace(
            tiny_config,
            name=name,
            weights=str(finished_run.path),
            output=tmp_path,
            regularize=chosen,
            finetune=FinetuneConfig(epochs=2, learning_rate=0.01, batch_norm="scale"),
        )
        run = fine_tune(config)
        drifts.append(sum(map(float, read_table(run.drift_file)["drift"])))
    free, pulled, weighed = drifts
    assert 0 < pulled < 0.7 * free
    assert 0 < weighed < free


@pytest.mark.parametrize("source", ["nowhere", "tfdz:mnist"])
def test_a_source_that_is_none_is_refused(source, stripes):
    with pytest.raises(ConfigError, match=r"regularize\.source"):
        check_names(_config_of(source, stripes))


def test_a_source_of_one_class_is_refused(hold, stripes, tiny_backbone, make_config, tmp_path):
    chosen = RegularizeConfig(name="ewc", source=str(stripes / "train/level"))
    (tmp_path / "one/only").mkdir(parents=True)
    for file in (stripes / "train/level").glob("00*.png"):
        (tmp_path / "one/only" / file.name).write_bytes(file.read_bytes())
    chosen = dataclasses.replace(chosen, source=str(tmp_path / "one"))
    config = make_config("tiny", regularize=chosen)
    model = build_classifier(config, ("a", "b"), None)
    with pytest.raises(ConfigError, match="2 or more classes"):
        estimate_fisher(model, [], config)


def _config_of(source, stripes):
    from keras_transfer.config.train_config import TrainConfig

    chosen = RegularizeConfig(name="ewc", source=source)
    return TrainConfig(dataset=str(stripes), regularize=chosen)
