"""Models that people build around a backbone, the files they save, and what becomes of those."""

import keras
import numpy as np
import pytest

from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.weights.pretrained_weights import find_weights
from keras_transfer.models.weights.weight_loading import load_weights
from keras_transfer.system.errors import ConfigError

SUFFIXES = (".weights.h5", ".h5", ".keras")


def build_guide(base):
    """Build the model of Keras' guide to transfer learning, with a preprocessing that learned."""
    images = keras.Input(base.input.shape[1:])
    x = keras.layers.RandomFlip()(images)
    x = base(keras.layers.Normalization()(x), training=False)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(0.2)(x)
    return keras.Model(images, keras.layers.Dense(2, name="my_head")(x))


def build_sequential(base):
    pool = keras.layers.GlobalAveragePooling2D()
    return keras.Sequential([base, pool, keras.layers.Dense(2, name="my_head")])


def build_flat(base):
    x = keras.layers.GlobalAveragePooling2D()(base.output)
    return keras.Model(base.input, keras.layers.Dense(2, name="my_head")(x))


BUILDERS = (build_guide, build_sequential, build_flat)


def write(model, file):
    """Save a model as its owner would, with the weights of its optimizer."""
    if not model.compiled:
        model.compile("adam", "mse")
        model.optimizer.build(model.trainable_variables)
    model.save_weights(file) if file.name.endswith(".weights.h5") else model.save(file)
    return file


def load(name, file, backbone):
    load_weights(backbone, name, find_weights(name, BACKBONES[name], str(file)))


def refuse(name, file, backbone):
    """Return the one line that is said of a file, from what came on."""
    with pytest.raises(ConfigError) as refused:
        load(name, file, backbone)
    assert "\n" not in str(refused.value)
    return str(refused.value).partition("Received: ")[2]


def assert_equal(backbone, base):
    for one, two in zip(backbone.weights, base.weights, strict=True):
        np.testing.assert_array_equal(np.array(one), np.array(two), err_msg=one.path)
