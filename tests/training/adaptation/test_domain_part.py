import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer.config.sections.adapt_settings import AdaptConfig
from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.models.cuts import IMAGES
from keras_transfer.models.run_model import build_classifier
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.adaptation.domain_part import (
    DomainTask,
    LabelledAccuracy,
    ReverseGradient,
    begin_task,
)
from keras_transfer.training.adaptation.methods import ADAPTATIONS, check_adaptation
from keras_transfer.training.plan.phase import Phase

PHASE = Phase(name="finetune", epochs=4, learning_rate=1e-3, first_learning=0)


@pytest.fixture
def make_task(tiny_backbone, make_config):
    def make(method, strength="auto", ramp=1.0, **changes):
        adapt = AdaptConfig(target="there", method=method, strength=strength, ramp=ramp)
        config = make_config("tiny", adapt=adapt, **changes)
        keras.utils.set_random_seed(0)
        model = build_classifier(config, ("a", "b"), None)
        return DomainTask(model, config)

    return make


def test_a_reversed_gradient_has_the_other_sign_and_the_strength():
    strength = keras.Variable(0.25, trainable=False)
    layer, features = ReverseGradient(strength), tf.Variable([[1.0, -2.0]])
    with tf.GradientTape() as tape:
        found = layer(features)
        loss = tf.reduce_sum(3 * found)
    np.testing.assert_array_equal(found, features)
    np.testing.assert_allclose(tape.gradient(loss, features), [[-0.75, -0.75]])


def test_features_learn_to_deceive_the_discriminator_and_it_learns_to_tell(make_task):
    """Broken by a wrong sign: features would then help it."""
    task = make_task("dann")
    task.strength.assign(1.0)
    part = task.extend(IMAGES)
    random = np.random.default_rng(0)
    images = random.uniform(0, 255, (16, 32, 32, 3)).astype("float32")
    images[1::2] *= 0.3  # the target is darker
    domains = np.tile([[0.0], [1.0]], (8, 1)).astype("float32")
    loss = task.build_loss()
    kernel = task.model.get_layer("backbone").trainable_variables[0]
    own = task.discriminator.trainable_variables[0]

    def tell():
        return float(loss(domains, part(images)["domain"]))

    with tf.GradientTape() as tape:
        said = loss(domains, part(images)["domain"])
    gradients = tape.gradient(said, [kernel.value, own.value])
    before = tell()
    for weight, gradient, worse in zip((kernel, own), gradients, (True, False), strict=True):
        start = weight.numpy()
        weight.assign(start - 1e-3 * np.asarray(gradient) / np.abs(np.asarray(gradient)).max())
        assert (tell() > before) is worse
        weight.assign(start)


@pytest.mark.thorough
@pytest.mark.parametrize("method", ["mmd", "coral", "dann"])
def test_labels_and_pixels_of_target_rows_are_not_in_the_loss_of_the_classes(make_task, method):
    task = make_task(method)
    part = task.extend(IMAGES)
    loss = {"probabilities": keras.losses.CategoricalCrossentropy(), "domain": task.build_loss()}
    part.compile("sgd", loss, metrics={"probabilities": [LabelledAccuracy(name="accuracy")]})
    random = np.random.default_rng(0)
    images = random.uniform(0, 255, (8, 32, 32, 3)).astype("float32")
    labels = np.zeros((8, 2), "float32")
    labels[::2, 0] = 1
    truths = {"probabilities": labels, "domain": np.tile([[0.0], [1.0]], (4, 1))}
    weights = {"probabilities": np.tile([2.0, 0.0], 4), "domain": np.ones(8)}

    def measure(images, labels):
        truth = {**truths, "probabilities": labels}
        sample = {name: np.asarray(each, "float32") for name, each in weights.items()}
        return part.evaluate(images, truth, sample_weight=sample, verbose=0, return_dict=True)

    found = measure(images, labels)
    others, named = images.copy(), labels.copy()
    others[1::2] = 255 - others[1::2]
    named[1::2, 1] = 1
    assert measure(others, labels)["loss"] == pytest.approx(found["loss"], rel=1e-4)
    assert measure(images, named)["loss"] == pytest.approx(found["loss"], rel=1e-4)
    said = task.model.predict(images[::2], verbose=0)
    expected = -np.log(said[:, 0]).mean()
    assert found["loss"] == pytest.approx(expected, rel=1e-3)
    assert found["accuracy"] == pytest.approx((said[:, 0] > 0.5).mean())


def test_the_strength_rises_from_nothing_over_the_ramp(make_task):
    table = make_task("dann").rise(PHASE, steps=5).table
    assert table[0] == 0
    assert (np.diff(table) > 0).all()
    assert table[-1] == pytest.approx(0.1, rel=1e-2)
    half = make_task("dann", strength=2.0, ramp=0.5).rise(PHASE, steps=5).table
    assert half[10] == half[-1] == pytest.approx(2, rel=1e-3)
    whole = make_task("mmd", ramp=0.0).rise(PHASE, steps=5).table
    np.testing.assert_allclose(whole, ADAPTATIONS["mmd"].strength, rtol=1e-3)


def test_phases_of_one_schedule_share_the_rise(make_task):
    first = dataclasses.replace(PHASE, epochs=1, span=4)
    rest = dataclasses.replace(PHASE, epochs=3, span=4, begin=1)
    task = make_task("dann")
    both = np.concatenate([task.rise(each, steps=5).table for each in (first, rest)])
    np.testing.assert_array_equal(both, task.rise(PHASE, steps=5).table)


def test_a_fall_of_training_accuracy_is_warned_of_once(make_task, caplog):
    callback = make_task("mmd").rise(PHASE, steps=1)
    for epoch, accuracy in enumerate((0.9, 0.85, 0.4, 0.3)):
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, {"accuracy": accuracy, "domain_loss": 0.0})
    (warned,) = [each.message for each in caplog.records if each.levelname == "WARNING"]
    assert "fell from 0.90 to 0.40" in warned
    assert "Lower --adapt.strength" in warned


def test_a_locked_backbone_has_nothing_to_make_alike(make_config):
    adapt = AdaptConfig(target="there", method="dann")
    config = make_config("tiny", adapt=adapt, strategy="feature_extraction")
    with pytest.raises(ConfigError, match="needs features that learn"):
        check_adaptation(config)
    check_adaptation(dataclasses.replace(config, head=HeadConfig(hidden=8)))
    check_adaptation(make_config("tiny", strategy="feature_extraction"))
    with pytest.raises(ConfigError, match="needs features that learn"):
        check_adaptation(make_config("tiny", adapt=adapt), [None])  # no epoch of finetune
    check_adaptation(make_config("tiny", adapt=adapt), [None, 3])


def test_features_of_the_hidden_layer_are_taken_where_the_head_alone_learns(make_task):
    task = make_task("dann", strategy="feature_extraction", head=HeadConfig(hidden=8))
    assert task.serves(dataclasses.replace(PHASE, first_learning=None))
    assert task.discriminator.input_shape == (None, 8)
    assert task.extend(IMAGES).output["domain"].shape == (None, 1)


def test_adabn_needs_layers_whose_statistics_can_be_anothers(tiny_transformer, make_config):
    config = make_config(tiny_transformer, adapt=AdaptConfig(target="there", method="adabn"))
    model = build_classifier(config, ("a", "b"), None)
    with pytest.raises(ConfigError, match="adabn needs a network with BatchNorm layers"):
        begin_task(model, config)
