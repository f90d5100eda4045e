"""The last feature map is found wherever it lies; a model without one is refused in a line."""

import keras
import numpy as np
import pytest

from keras_transfer.evaluation.explanation.feature_map import open_network
from keras_transfer.system.errors import ConfigError

layers = keras.layers


def make_trunk(**settings):
    """Return a network of others: without its head, from 32 pixels to a map of 4 x 4."""
    x = inputs = keras.Input((32, 32, 3))
    for filters in (4, 8, 8):
        x = layers.Conv2D(filters, 3, 2, padding="same", activation="relu", **settings)(x)
    return keras.Model(inputs, x)


def sequential():
    model = [keras.Input((32, 32, 3)), layers.Rescaling(1 / 255), make_trunk()]
    return keras.Sequential([*model, layers.GlobalAveragePooling2D(), layers.Dense(3, "softmax")])


def pooled_within():
    """A map that is two models deep, below a pooling that is within, too."""
    inner = make_trunk()
    middle = keras.Model(inner.inputs[0], layers.GlobalMaxPooling2D()(inner.outputs[0]))
    inputs = keras.Input((32, 32, 3))
    return keras.Model(inputs, layers.Dense(3, "softmax")(middle(inputs)))


def flattened():
    trunk = make_trunk()
    x = layers.Dense(3)(layers.Dense(8, "relu")(layers.Flatten()(trunk.outputs[0])))
    return keras.Model(trunk.inputs[0], layers.Softmax()(x))


def convolved_answer():
    """As MobileNet ends: a convolution of one place makes the scores."""
    trunk = make_trunk()
    x = layers.GlobalAveragePooling2D(keepdims=True)(trunk.outputs[0])
    x = layers.Reshape((3,))(layers.Conv2D(3, 1)(x))
    return keras.Model(trunk.inputs[0], layers.Activation("softmax")(x))


def two_ways():
    """What passes by the last map, and joins it before the answer."""
    trunk = make_trunk()
    early = layers.GlobalAveragePooling2D()(trunk.layers[1].output)
    x = layers.Concatenate()([early, layers.GlobalAveragePooling2D()(trunk.outputs[0])])
    return keras.Model(trunk.inputs[0], layers.Dense(1, "sigmoid")(x))


def one_image_a_call():
    inputs = keras.Input(batch_shape=(1, 32, 32, 3))
    x = layers.GlobalAveragePooling2D()(make_trunk()(inputs))
    return keras.Model(inputs, layers.Dense(3, "softmax")(x))


def half_precision():
    model = make_trunk(dtype="mixed_float16")
    x = layers.GlobalAveragePooling2D()(model.outputs[0])
    return keras.Model(model.inputs[0], layers.Dense(3, "softmax", dtype="float32")(x))


MODELS = [
    *(sequential, pooled_within, flattened, convolved_answer),
    *(two_ways, one_image_a_call, half_precision),
]


@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_models_of_others_show_their_last_map_and_their_scores(make):
    model = make()
    images = np.random.default_rng(0).uniform(0, 1, (1, 32, 32, 3)).astype("float32")
    before = model(images).numpy()
    opened = open_network(model)
    features, scores = opened.network(images)
    assert features.shape == (1, 4, 4, 8)
    function = getattr(keras.activations, opened.kind)
    np.testing.assert_allclose(function(scores), before, atol=2e-3)
    np.testing.assert_array_equal(model(images).numpy(), before)


def test_an_answer_that_is_made_otherwise_is_the_score_itself():
    trunk = make_trunk()
    x = layers.Dense(3, "softmax")(layers.GlobalAveragePooling2D()(trunk.outputs[0]))
    opened = open_network(keras.Model(trunk.inputs[0], layers.UnitNormalization(1)(x)))
    assert opened.kind == ""


def dense():
    x = layers.Flatten()(layers.Rescaling(1 / 255)(inputs := keras.Input((32, 32, 3))))
    return keras.Model(inputs, layers.Dense(2, "softmax")(x))


def tokens():
    """As vision transformers go on: without rows and columns."""
    x = layers.Conv2D(8, 16, 16)(inputs := keras.Input((32, 32, 3)))  # a map of 2 x 2 only
    x = layers.GlobalAveragePooling1D()(layers.Reshape((4, 8))(x))
    return keras.Model(inputs, layers.Dense(2, "softmax")(x))


class Own(keras.Model):
    def call(self, inputs):
        return inputs


@pytest.mark.parametrize("make", [dense, tokens, Own])
def test_a_model_without_a_map_is_refused_in_a_line(make):
    with pytest.raises(ConfigError, match="must have a feature map: numbers at 3 x 3 places") as e:
        open_network(make())
    assert "\n" not in str(e.value)
