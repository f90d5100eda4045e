"""A loss that Python code gives is tried before a training begins."""

import keras
import numpy as np
import pytest

from keras_transfer.system.errors import ConfigError
from keras_transfer.training.given.given_loss import open_loss

LABELS = np.eye(2, dtype=np.float32)
ANSWERS = np.array([[0.9, 0.1], [0.4, 0.6]], np.float32)


def squares(labels, probabilities):
    return keras.ops.sum((labels - probabilities) ** 2, axis=-1)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("categorical_crossentropy", -np.log([0.9, 0.6]).mean()),
        (keras.losses.MeanSquaredError(), (0.01 + 0.16) / 2),
        (keras.losses.mean_squared_error, (0.01 + 0.16) / 2),
        (squares, (0.02 + 0.32) / 2),
        (lambda labels, answers: keras.ops.mean(squares(labels, answers)), (0.02 + 0.32) / 2),
    ],
)
def test_names_losses_and_functions_are_taken(given, expected):
    assert float(open_loss(given)(LABELS, ANSWERS)) == pytest.approx(expected, rel=1e-5)


def test_examples_are_weighed():
    loss = open_loss(squares)(LABELS, ANSWERS, sample_weight=np.array([2.0, 0.0], np.float32))
    assert float(loss) == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("categorical_crossentropi", "Did you mean 'categorical_crossentropy'"),
        ("sparse_categorical_crossentropy", r"one-hot labels\. .* Use categorical_crossentropy:"),
        (keras.losses.SparseCategoricalCrossentropy(), "Use CategoricalCrossentropy:"),
        (keras.losses.CategoricalCrossentropy(from_logits=True), "Leave from_logits out"),
        (lambda labels, answers: keras.ops.sum(labels, -1), "a loss without a gradient"),
        (lambda labels, answers: keras.ops.log(answers[:, 0] * 0), "Received: -inf"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(given, words):
    with pytest.raises(ConfigError, match=words):
        open_loss(given)
