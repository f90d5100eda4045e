"""The head starts where linear discriminant analysis has its solution."""

import dataclasses
import logging

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.checkpoints import Checkpoints
from keras_transfer.training.progress.npz_archives import read_arrays
from keras_transfer.training.run_phases import run_phases
from keras_transfer.training.start import head_start
from keras_transfer.training.start.head_start import solve_discriminant


def draw(count=60, channels=8, classes=3, distance=2.0, views=2, seed=0):
    """Features (count, views, channels) of classes with one covariance, and their labels."""
    random = np.random.default_rng(seed)
    mixing = np.random.default_rng(1).normal(size=(channels, channels))
    labels = np.arange(count) % classes
    middles = distance * np.random.default_rng(2).normal(size=(classes, channels))
    noise = random.normal(size=(count, views, channels)) @ mixing
    return (middles[labels][:, None] + noise).astype(np.float32), labels


@pytest.fixture
def fixed(monkeypatch):
    """Only one shrinkage and one scale to choose from."""
    monkeypatch.setattr(head_start, "SHRINKAGES", (0.3,))
    monkeypatch.setattr(head_start, "TEMPERATURES", np.ones(1))


def test_the_solution_is_that_of_scikit_learn(fixed):
    features, labels = draw()
    kernel, bias = solve_discriminant(features, labels, 3)
    rows = features.reshape(-1, 8)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3).fit(rows, labels.repeat(2))
    scores, expected = rows @ kernel + bias, theirs.decision_function(rows)
    # what all classes have in common says nothing
    scores -= scores.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(
        scores, expected - expected.mean(axis=1, keepdims=True), rtol=1e-3, atol=1e-3
    )


def test_a_class_that_counts_twice_is_as_one_with_twice_the_images(fixed):
    features, labels = draw(count=30)
    twice = np.concatenate([np.arange(30), np.flatnonzero(labels == 1)])
    found = solve_discriminant(features, labels, 3, np.array([1.0, 2.0, 1.0], np.float32))
    expected = solve_discriminant(features[twice], labels[twice], 3)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


@pytest.mark.thorough
def test_probabilities_are_no_surer_than_they_are_right():
    """Fewer images than channels: an unscaled solution is sure of everything, right or wrong."""
    features, labels = draw(count=48, channels=200, distance=2.0)
    kernel, bias = solve_discriminant(features, labels, 3)
    unseen, truth = draw(count=3000, channels=200, distance=2.0, views=1, seed=9)
    scores = unseen[:, 0] @ kernel + bias
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    right = (chances.argmax(axis=1) == truth).mean()
    assert 0.5 < right < 0.9
    assert chances.max(axis=1).mean() == pytest.approx(right, abs=0.1)


def test_a_class_of_one_image_and_a_class_of_none_leave_numbers():
    features, labels = draw(count=30)
    found = solve_discriminant(np.concatenate([features, features[:1]]), np.append(labels, 3), 5)
    assert all(np.isfinite(values).all() for values in found)


@pytest.mark.parametrize("value", [1.0, np.nan])
def test_features_that_say_nothing_have_no_solution(value):
    labels = np.arange(20) % 2
    assert solve_discriminant(np.full((20, 1, 4), value, np.float32), labels, 2) is None


@pytest.mark.thorough
def test_the_start_is_the_same_wherever_the_features_come_from(start, caplog):
    caplog.set_level(logging.INFO)
    found = []
    for where in ("memory", "disk", "stream"):
        training = start(where)
        config = dataclasses.replace(training.config, head=HeadConfig(start="lda", dropout=0.0))
        phase = dataclasses.replace(training.phases[0], epochs=1)
        training = dataclasses.replace(training, config=config, phases=[phase])
        kernel = training.model.layers[-1].kernel
        begun = np.array(kernel)
        run_phases(training)
        checkpoints = Checkpoints(training.model, training.run)
        assert checkpoints.begin()
        (started,) = checkpoints.read_start([kernel])
        assert np.abs(started - begun).max() > 1e-3
        assert read_arrays(training.run.checkpoints / "00000.npz") is not None
        found.append(started)
    for other in found[1:]:
        np.testing.assert_allclose(found[0], other, rtol=0.02, atol=0.02)
    assert sum("The head starts from" in line for line in caplog.messages) == 3


def test_a_head_of_several_layers_cannot_start_so():
    assert not HeadConfig(hidden=4).is_one_layer
    for wrong in ({"hidden": 4}, {"batch_norm": True}):
        with pytest.raises(ConfigError, match=r"`head\.start` must be random or auto"):
            HeadConfig(start="lda", **wrong)
