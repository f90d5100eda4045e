"""The float32 model that a mixed-precision training leaves."""

import dataclasses

import keras
import numpy as np
import pytest

from keras_transfer.models.model_file import write_model
from keras_transfer.models.precision import precision
from keras_transfer.models.run_model import build_classifier, rebuild_float32

CLASSES = ("a", "b", "c")


def build_mixed(name, make_config):
    config = dataclasses.replace(make_config(name), precision="mixed_float16")
    keras.utils.set_random_seed(1)
    with precision("mixed_float16"):
        return config, build_classifier(config, CLASSES, None)


def draw_pixels():
    pixels = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3)).astype("float32")
    return pixels * np.linspace(0.2, 1.0, 6)[:, None, None, None].astype("float32")


@pytest.mark.thorough
def test_the_float32_model_computes_what_was_trained_in_float16(make_config, tmp_path):
    config, model = build_mixed("mobilenetv3small", make_config)
    pixels = draw_pixels()
    for layer in model.get_layer("backbone").layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(pixels, training=True)  # statistics under which the images differ
    wanted = model.predict(pixels, verbose=0)
    assert np.ptp(wanted, axis=0).max() > 0.05
    finished = rebuild_float32(model, config, CLASSES)
    write_model(finished, tmp_path / "model.keras", {})
    assert finished.get_layer("backbone").layers[2].compute_dtype == "float32"
    found = finished.predict(pixels, verbose=0)
    np.testing.assert_allclose(found, wanted, atol=0.03)
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded.predict(pixels, verbose=0), found, atol=1e-6)


@pytest.mark.thorough  # it builds EfficientNetB0 twice
def test_the_rebuilt_efficientnet_normalises_by_the_trained_statistics(make_config, tmp_path):
    """`set_weights` would copy a Normalization layer's statistics and not put them in force."""
    config, model = build_mixed("efficientnetb0", make_config)
    mean, variance = np.array([0.4, 0.5, 0.6]), np.array([0.05, 0.06, 0.07])
    layer = model.get_layer("backbone").get_layer("normalization")
    layer.adapt_mean.assign(mean)
    layer.adapt_variance.assign(variance)
    layer.finalize_state()
    finished = rebuild_float32(model, config, CLASSES)
    backbone = finished.get_layer("backbone")
    until = keras.Model(backbone.input, backbone.get_layer("normalization").output)
    wanted = (draw_pixels() / 255 - mean) / np.sqrt(variance)
    np.testing.assert_allclose(
        until.predict(draw_pixels(), verbose=0), wanted, rtol=1e-4, atol=1e-5
    )
