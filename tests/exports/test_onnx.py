"""Networks that tf2onnx alone does not convert."""

import keras
import numpy as np
import pytest

from keras_transfer.config.pixels.preparation import Preparation
from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.exports.exporter_row import Source
from keras_transfer.exports.loaders import load_here
from keras_transfer.exports.onnx import write_onnx
from keras_transfer.exports.usage import Usage
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.build_model import build_backbone, build_model

pytest.importorskip("tf2onnx", reason="needs the extra [onnx]")

NOISE = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3))
PIXELS = (NOISE * np.array([0.2, 0.5, 1.0])[:, None, None, None]).astype(np.uint8)


def check_same(model, file):
    usage = Usage(class_names=tuple("abc"), preparation=Preparation(resize="pad"))
    unused = {"saved_model": file.parent, "sample": lambda: PIXELS}
    write_onnx(Source(model=model, usage=usage, **unused), file)
    found = load_here(file)
    assert found.usage == usage
    wanted = model.predict(PIXELS.astype(np.float32), verbose=0)
    assert np.ptp(wanted, axis=0).max() > 0.01
    np.testing.assert_allclose(found.classify(PIXELS), wanted, atol=1e-5)


@pytest.mark.thorough
def test_exact_gelu_and_grouped_convolutions_are_converted(tmp_path):
    """ConvNeXt has both; TensorFlow makes Erfc and a compiled call of them."""
    images = keras.Input((32, 32, 3), name="images")
    x = keras.layers.Rescaling(1 / 255)(images)
    x = keras.layers.Conv2D(8, 4, strides=4)(x)
    x = keras.layers.Conv2D(8, 7, padding="same", groups=8)(x)
    x = keras.layers.LayerNormalization(epsilon=0.1)(x)
    x = keras.layers.Activation("gelu")(x)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(8, 1)(x))
    answer = keras.layers.Dense(3, activation="softmax", kernel_initializer="random_normal")(x * 20)
    check_same(keras.Model(images, answer), tmp_path / "model.onnx")


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["cnn5", "danndigits"])
def test_small_networks_answer_the_same_as_a_map_and_as_a_vector(name, tmp_path):
    row = BACKBONES[name]
    model = build_model(row, build_backbone(row, 32), 3, HeadConfig(hidden=5))
    model.layers[-1].kernel.assign(10 * model.layers[-1].kernel)
    check_same(model, tmp_path / "model.onnx")


@pytest.mark.slow
def test_the_means_of_a_normalization_are_no_inputs(tmp_path):
    """EfficientNet: the usual conversion has callers feed its constants."""
    row = BACKBONES["efficientnetb0"]
    model = build_model(row, build_backbone(row, 32), 3, HeadConfig())
    random = np.random.default_rng(0)
    for variable in model.variables:  # statistics that matter, and answers that differ
        if variable.path.endswith("moving_variance"):
            variable.assign(random.uniform(0.3, 1.0, variable.shape))
    model.layers[-1].kernel.assign(100 * model.layers[-1].kernel)
    check_same(model, tmp_path / "model.onnx")
