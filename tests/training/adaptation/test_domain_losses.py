import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer.training.adaptation.domain_losses import (
    DomainDistance,
    compare_covariances,
    compute_mean_discrepancy,
)
from keras_transfer.training.adaptation.methods import WIDTHS

DISTANCES = compute_mean_discrepancy, compare_covariances


def mix(source, target):
    """Rows of two sets in turn, as batches have them."""
    rows = np.stack([source, target], axis=1).reshape(-1, source.shape[1])
    return rows.astype("float32"), np.tile([[0.0], [1.0]], (len(source), 1)).astype("float32")


@pytest.fixture
def sets():
    random = np.random.default_rng(0)
    spread = np.array([1.0, 3.0, 0.5])
    return random.normal(size=(40, 3)), random.normal(1.0, 1.0, (40, 3)) * spread


@pytest.mark.parametrize("distance", DISTANCES)
def test_different_sets_are_apart_and_equal_ones_are_not(distance, sets):
    source, target = sets
    apart = float(distance(*mix(source, target)))
    assert apart > 0.05
    assert float(distance(*mix(source, source))) == pytest.approx(0, abs=1e-5)
    assert float(distance(*mix(target, source))) == pytest.approx(apart, rel=1e-4)


def test_mean_discrepancy_is_that_of_five_gaussian_kernels(sets):
    source, target = sets
    both = np.concatenate([source, target])
    squares = ((both[:, None] - both[None]) ** 2).sum(-1)
    width = squares.sum() / (80 * 79)
    kernel = sum(np.exp(-squares / (width * each)) for each in WIDTHS)
    own = kernel[:40, :40].mean() + kernel[40:, 40:].mean()
    expected = own - 2 * kernel[:40, 40:].mean()
    assert float(compute_mean_discrepancy(*mix(source, target))) == pytest.approx(expected, 1e-4)


def test_covariances_are_compared_as_in_deep_coral(sets):
    source, target = sets
    difference = np.cov(source.T, bias=True) - np.cov(target.T, bias=True)
    expected = (difference**2).sum() / (4 * 3**2)
    assert float(compare_covariances(*mix(source, target))) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("distance", DISTANCES)
def test_a_batch_of_one_domain_has_no_distance_and_moves_nothing(distance, sets):
    features = tf.Variable(sets[0].astype("float32"))
    with tf.GradientTape() as tape:
        found = distance(features, np.zeros((40, 1), "float32"))
    assert float(found) == 0
    gradient = tape.gradient(found, features)
    assert gradient is None or np.all(np.asarray(gradient) == 0)


@pytest.mark.parametrize("distance", DISTANCES)
def test_a_step_down_the_gradient_brings_the_domains_together(distance, sets):
    features, domains = mix(*sets)
    moved = tf.Variable(features)
    with tf.GradientTape() as tape:
        before = distance(moved, domains)
    gradient = tape.gradient(before, moved)
    assert np.isfinite(np.asarray(gradient)).all()
    step = 0.1 / np.abs(np.asarray(gradient)).max()
    assert float(distance(moved - step * gradient, domains)) < float(before)


def test_shrinking_features_are_no_alike_features(sets):
    features, domains = mix(*sets)
    whole, shrunk = (
        float(compute_mean_discrepancy(features * scale, domains)) for scale in (1.0, 1e-3)
    )
    assert shrunk == pytest.approx(whole, rel=1e-2)


def test_constant_features_have_no_distance_and_a_finite_gradient():
    features, domains = mix(np.ones((8, 3)), np.ones((8, 3)))
    for distance in DISTANCES:
        moved = tf.Variable(features)
        with tf.GradientTape() as tape:
            found = distance(moved, domains)
        assert float(found) == pytest.approx(0, abs=1e-6)
        assert np.isfinite(np.asarray(tape.gradient(found, moved))).all()


def test_the_loss_of_a_batch_is_the_distance_times_the_strength(sets):
    features, domains = mix(*sets)
    strength = keras.Variable(0.5, trainable=False)
    loss = DomainDistance(compute_mean_discrepancy, strength)
    expected = 0.5 * float(compute_mean_discrepancy(features, domains))
    weights = np.ones(80, "float32")
    assert float(loss(domains, features, weights)) == pytest.approx(expected, rel=1e-5)
