"""A head that Python code gives is built of Keras' own layers, with new weights."""

import keras
import numpy as np
import pytest

from keras_transfer.models.precision import precision
from keras_transfer.system.errors import ConfigError
from keras_transfer.training.given.given_head import build_head


def branch(features):
    x = keras.layers.Dense(8, activation="gelu")(features)
    x = keras.layers.BatchNormalization()(x) * 0.5
    return keras.layers.Concatenate()([x, features])


def test_a_head_is_a_model_of_its_own_with_names_that_stay():
    for _ in range(2):
        head = build_head(branch, 6)
        assert (head.name, head.output_shape) == ("head", (None, 14))
        names = [layer.name for layer in head.layers[1:]]
        assert names == ["dense", "batch_normalization", "concatenate"]


def test_it_computes_in_float32_under_every_policy():
    with precision("mixed_float16"):
        head = build_head(branch, 6)
    assert {layer.compute_dtype for layer in head.layers if layer.weights} == {"float32"}


def test_a_layer_that_was_trained_begins_anew():
    given = keras.Sequential([keras.layers.Dense(3)])
    given(np.zeros((1, 6), np.float32))
    given.layers[0].kernel.assign(np.full((6, 3), 7.0))
    kernels = [build_head(given, 6).get_weights()[0] for _ in range(2)]
    assert all(np.abs(kernel).max() < 5 for kernel in kernels)
    assert not np.array_equal(*kernels)


class Own(keras.layers.Layer):
    """A layer that exists here only."""

    def call(self, x):
        return x * 2


@keras.saving.register_keras_serializable("ours")
class Registered(Own):
    """A layer that is known to Keras in this process only."""


def own_activation(x):
    return x * 2


def dense(**settings):
    return lambda features: keras.layers.Dense(4, **settings)(features)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda features: features, "Received: the features themselves"),
        (lambda features: 3, "of Keras. Received: int"),
        (lambda features: keras.ops.reshape(features, (-1, 2, 3)), "Add a pooling or Flatten"),
        (dense(activation="softmax"), "Received: a softmax of its own in dense"),
        (keras.layers.Softmax(), "Received: a softmax of its own"),
        (lambda features: Own()(features), "Received: Own"),
        (lambda features: Registered()(features), "Received: Registered"),
        (keras.Sequential([keras.layers.Dense(3), Own()]), "Received: Own"),
        (keras.layers.Lambda(lambda x: x * 2), "Received: Lambda"),
        (dense(activation=own_activation), "Received: the function own_activation"),
    ],
)
def test_what_plain_keras_could_not_open_is_refused(given, words):
    with pytest.raises(ConfigError, match=words):
        build_head(given, 6)
