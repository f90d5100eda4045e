"""NT-Xent against the formula of the paper, view by view."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_transfer.pretrain.self_supervised.contrastive_loss import ContrastiveLoss


def by_hand(numbers, features, temperature):
    """Equation 1 of Chen et al. 2020 in plain Python."""
    unit = [row / math.sqrt(sum(row**2)) for row in features]
    losses = []
    for i, mine in enumerate(unit):
        alike = [math.exp(float(mine @ other) / temperature) for other in unit]
        j = next(j for j, n in enumerate(numbers) if n == numbers[i] and j != i)
        losses.append(-math.log(alike[j] / (sum(alike) - alike[i])))
    return np.mean(losses)


@pytest.mark.parametrize("numbers", [[0, 0, 1, 1, 2, 2], [7, 3, 5, 3, 5, 7]])
def test_it_is_that_of_the_paper_in_any_order_of_the_views(numbers):
    features = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    for temperature in (0.1, 0.5):
        found = float(ContrastiveLoss(temperature)(np.array(numbers), features))
        assert found == pytest.approx(by_hand(numbers, features, temperature), rel=1e-5)


def test_equal_views_far_from_others_cost_least():
    pairs = np.repeat(np.eye(4, dtype=np.float32), 2, axis=0)
    loss, numbers = ContrastiveLoss(0.1), np.arange(8) // 2
    shuffled = np.roll(numbers, 1)  # each view is paired with that of another image
    assert float(loss(numbers, pairs)) < 0.01 < 5 < float(loss(shuffled, pairs))


@pytest.mark.parametrize("scale", [0.0, 1e-20, 1.0, 1e10])
def test_its_gradient_is_a_number_and_only_a_zero_vector_has_none(scale):
    features = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32) * scale
    variable = keras.Variable(features)
    with tf.GradientTape() as tape:
        value = ContrastiveLoss(0.2)(np.arange(6) // 2, variable.value)
    gradient = tape.gradient(value, variable.value).numpy()
    assert np.isfinite(gradient).all()
    assert np.isfinite(float(value))
    if scale == 1.0:
        assert (np.abs(gradient).max(axis=1) > 1e-4).all()  # every view is pulled
