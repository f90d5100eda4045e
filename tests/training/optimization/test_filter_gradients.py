"""Gradients of wide depthwise kernels are TensorFlow's, found another way."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf
from test_layer_rates import PLAIN, run_one

from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.training.optimization import filter_gradients
from keras_transfer.training.optimization.filter_gradients import (
    find_filter_gradient,
    quick_filter_gradients,
)


def convolve(kernel_size=5, side=(12, 10), **settings):
    """Return a model that holds a convolution as a classifier does, and that layer."""
    keras.utils.set_random_seed(0)
    images = keras.Input((*side, 8))
    settings = {"use_bias": False, **settings}
    layer = keras.layers.DepthwiseConv2D(kernel_size, name="convolution", **settings)
    return keras.Model(images, keras.Model(images, layer(images))(images)), layer


def trace(model, layer, shape=None):
    """Return what finds the gradients by images and kernel, traced now for images of a shape."""

    def differentiate(images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            loss = tf.reduce_sum(tf.sin(tf.cast(model(images), tf.float32)))
        return tape.gradient(loss, [images, layer.kernel.value])

    signature = tf.TensorSpec(shape or (None, *model.input.shape[1:]))
    return tf.function(differentiate, input_signature=[signature]).get_concrete_function()


def list_widths(traced):
    """Return the widths of the kernels whose gradients are computed."""
    made = [each for each in traced.graph.get_operations() if each.type.endswith("BackpropFilter")]
    return sorted(tf.get_static_value(each.inputs[1])[1] for each in made)


@pytest.mark.parametrize("side", [(7, 9), (12, 8)], ids=str)
@pytest.mark.parametrize("kernel_size", [4, 5, 7])
@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_gradients_are_those_of_tensorflow(kernel_size, strides, padding, side):
    model, layer = convolve(kernel_size, side, strides=strides, padding=padding)
    images = tf.random.stateless_normal((3, *side, 8), seed=(0, 0))
    with quick_filter_gradients(model):
        quick = trace(model, layer)
    assert max(list_widths(quick)) <= 3
    for mine, theirs in zip(quick(images), trace(model, layer)(images), strict=True):
        largest = np.abs(theirs).max()
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-5 * largest)


@pytest.mark.parametrize(
    "settings",
    [
        {"kernel_size": 3},
        {"dilation_rate": 2},
        {"depth_multiplier": 2},
        {"use_bias": True},
        {"activation": "relu"},
        {"dtype": "mixed_bfloat16"},
    ],
    ids=str,
)
def test_other_layers_stay_as_they_are(settings):
    model, layer = convolve(**settings)
    expected = list_widths(trace(model, layer))
    with quick_filter_gradients(model):
        assert list_widths(trace(model, layer)) == expected


def test_images_whose_sides_the_graph_does_not_know_stay_with_tensorflow():
    model, layer = convolve()
    with quick_filter_gradients(model):
        assert list_widths(trace(model, layer, (None, None, None, 8))) == [5]


def test_gpus_stay_with_tensorflow(monkeypatch):
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [kind])
    model, layer = convolve()
    with quick_filter_gradients(model):
        assert list_widths(trace(model, layer)) == [5]


def test_models_saved_meanwhile_and_steps_traced_later_know_nothing_of_it(tmp_path):
    model, layer = convolve()
    model.save(tmp_path / "before.keras")
    expected = keras.models.load_model(tmp_path / "before.keras").to_json()
    with quick_filter_gradients(model):
        model.save(tmp_path / "meanwhile.keras")
    assert list_widths(trace(model, layer)) == [5]
    assert keras.models.load_model(tmp_path / "meanwhile.keras").to_json() == expected


def test_phases_train_with_them(tiny_row, make_config, make_data, tmp_path, monkeypatch):
    def build(image_size):
        images = keras.Input((image_size, image_size, 3))
        x = keras.layers.Conv2D(4, 3, strides=2, name="block1_conv")(images)
        layer = keras.layers.DepthwiseConv2D(5, use_bias=False, name="block2_depthwise")
        return keras.Model(images, layer(x))

    blocks = {"stem": 0, "block1": 1, "block2": 2}
    row = dataclasses.replace(
        tiny_row, build=build, layers=3, blocks=blocks, default_boundary="block2"
    )
    monkeypatch.setitem(BACKBONES, "tiny", row)
    found = []

    def find(*words):
        found.append(words)
        return find_filter_gradient(*words)

    monkeypatch.setattr(filter_gradients, "find_filter_gradient", find)
    run_one(make_data(train=8), make_config("tiny"), tmp_path, PLAIN)
    assert found
