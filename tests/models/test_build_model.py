import dataclasses
import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras.src.utils import file_utils

from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.build_model import build_backbone, build_model
from keras_transfer.models.graphs.own_graphs import OWN_GRAPHS
from keras_transfer.models.weights.pretrained_weights import Weights
from keras_transfer.models.weights.weight_loading import load_weights
from keras_transfer.system.errors import ConfigError

CARD = ["resnet50", "efficientnetb0", "mobilenetv3small", "mobilenetv3large"]
# With these every kind of preprocessing is compared; the others are slow.
COSTLY = dict.fromkeys(["mobilenetv2", "efficientnetb0", "resnet50"], pytest.mark.thorough)
SIZE = 96
MODULES = {
    "resnet50": "resnet50",
    "resnet101": "resnet",
    "vgg16": "vgg16",
    "mobilenetv2": "mobilenet_v2",
    "mobilenetv3small": "mobilenet_v3",
    "mobilenetv3large": "mobilenet_v3",
    "efficientnetv2b0": "efficientnet_v2",
    "convnexttiny": "convnext",
    "convnextbase": "convnext",
}


@pytest.fixture
def images():
    return np.random.default_rng(1).uniform(0, 255, (2, SIZE, SIZE, 3)).astype("float32")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=COSTLY.get(name, pytest.mark.slow))
        for name, row in BACKBONES.items()
        if row.build and row.build not in OWN_GRAPHS  # theirs: tests/models/graphs
    ],
)
# Keras says that MobileNetV2 has no weights for this size; it takes those for 224 px, as we do.
@pytest.mark.filterwarnings("ignore:`input_shape` is undefined or non-square:UserWarning")
def test_features_equal_those_of_keras_with_its_own_preprocessing(
    name, images, tmp_path, monkeypatch, randomize
):
    row = BACKBONES[name]
    function = getattr(keras.applications, row.build)
    plain = function(weights=None, include_top=False, input_shape=(SIZE, SIZE, 3))
    randomize(plain)
    file = tmp_path / "download.weights.h5"
    plain.save_weights(file)
    # What Keras computes where its download brings these values: for EfficientNet another graph.
    monkeypatch.setattr(file_utils, "get_file", lambda *_, **__: str(file))
    theirs = function(weights="imagenet", include_top=False, input_shape=(SIZE, SIZE, 3))
    module = getattr(keras.applications, MODULES.get(name, "efficientnet"))
    expected = np.asarray(theirs(module.preprocess_input(images.copy()), training=False))

    backbone = build_backbone(row, SIZE)
    load_weights(backbone, name, Weights(kind="file", file=file))
    model = build_model(row, backbone, 2, HeadConfig())
    features = keras.Model(model.input, model.get_layer("pool").input)
    found = np.asarray(features(images))

    assert expected.std() > 1e-3
    scale = np.abs(expected).max()
    assert np.abs(found - expected).max() <= 1e-5 * scale
    if name == "efficientnetb0":  # the values shown are sensitive to the hidden layer
        without = np.asarray(plain(images, training=False))
        assert np.abs(without - expected).max() > 0.01 * scale


def test_the_caffe_preprocessing_turns_red_first_into_blue_first(tiny_row):
    row = BACKBONES["resnet50"]
    model = build_model(row, build_backbone(tiny_row, 32), 2, HeadConfig())
    red = np.zeros((1, 32, 32, 3), "float32")
    red[..., 0] = 255
    assert np.asarray(model.get_layer("preprocessing")(red))[0, 0, 0] == pytest.approx(
        [0 - 103.939, 0 - 116.779, 255 - 123.68], abs=1e-4
    )


def test_the_head_is_what_the_settings_say(tiny_row):
    head = HeadConfig(hidden=7, batch_norm=True, dropout=0.5)
    backbone = build_backbone(tiny_row, 32)
    model = build_model(tiny_row, backbone, 3, head)
    assert [layer.name for layer in model.layers] == [
        "images",
        "preprocessing",
        "backbone",
        "pool",
        "head_batch_norm",
        "hidden",
        "dropout",
        "probabilities",
    ]
    assert model.get_layer("backbone") is backbone
    assert model.get_layer("dropout").rate == 0.5
    assert model.input.shape == (None, 32, 32, 3)
    assert (model.input.dtype, model.output.dtype, model.output.shape) == (
        "float32",
        "float32",
        (None, 3),
    )
    plain = build_model(tiny_row, backbone, 2, HeadConfig())
    assert [layer.name for layer in plain.layers][3:] == ["pool", "dropout", "probabilities"]


def test_one_class_is_refused(tiny_row):
    with pytest.raises(ConfigError, match=r"2 or more classes.*Received: 1\."):
        build_model(tiny_row, build_backbone(tiny_row, 32), 1, HeadConfig())


def build_unnamed(image_size):
    """A network whose layers scale pixels, have no names, and include a bare operation."""
    inputs = keras.Input((image_size, image_size, 3))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.Normalization()(x)
    x = keras.layers.Conv2D(4, 3)(x)
    x = keras.layers.ReLU(6.0)(x + 3.0)
    return keras.Model(inputs, keras.layers.ReLU()(x))


def test_layer_names_do_not_depend_on_what_was_built_before(tiny_row):
    row = dataclasses.replace(tiny_row, build=build_unnamed)
    for _ in range(2):
        backbone = build_backbone(row, 32)
        assert backbone.name == "backbone"
        assert [operation.name for operation in backbone.operations] == [
            "pixels",
            "rescaling",
            "normalization",
            "conv2d",
            "add",
            "re_lu",
            "re_lu_1",
        ]


def test_dropout_of_the_backbone_rests(tiny_row, images):
    backbone = build_backbone(tiny_row, SIZE)
    backbone.trainable = False
    model = build_model(tiny_row, backbone, 2, HeadConfig(dropout=0.0))
    same = np.array_equal(np.asarray(model(images, training=True)), np.asarray(model(images)))
    assert same


@pytest.fixture
def policy(request):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


@pytest.mark.parametrize("policy", ["mixed_float16"], indirect=True)
def test_pixels_and_head_stay_float32_under_mixed_precision(policy, tiny_row):
    row = dataclasses.replace(tiny_row, build=build_unnamed)
    backbone = build_backbone(row, 32)
    model = build_model(row, backbone, 2, HeadConfig(hidden=2))
    assert backbone.get_layer("conv2d").compute_dtype == "float16"
    for layer in [*backbone.layers[1:3], model.layers[1], *model.layers[3:]]:
        assert layer.compute_dtype == "float32"


PREDICT = """
import json, pathlib, sys
sys.modules["keras_transfer"] = None  # an import of it fails
import keras, numpy as np
images = np.load("images.npy")
files = sorted(pathlib.Path().glob("*.keras"))
found = {file.stem: keras.models.load_model(file)(images).numpy().tolist() for file in files}
print(json.dumps(found))
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "names", [[*CARD, "efficientnetlite0", "convnexttiny", "cnn5", "danndigits"]]
)
def test_a_saved_model_opens_and_predicts_without_this_package(
    names, tiny_row, images, tmp_path, randomize
):
    """One process opens them all, since importing TensorFlow takes seconds."""
    caffe = dataclasses.replace(tiny_row, preprocess="caffe")
    cases = [("caffe", caffe, "float32"), ("tf", tiny_row, "mixed_float16")]
    cases += [(name, BACKBONES[name], "float32") for name in names]
    if len(names) > 1:
        cases += [(f"{name}-mixed", BACKBONES[name], "mixed_float16") for name in names]
    np.save(tmp_path / "images.npy", images)
    expected = {}
    before = keras.config.dtype_policy()
    try:
        for name, row, policy in cases:
            keras.config.set_dtype_policy(policy)
            head = HeadConfig(hidden=8, batch_norm=True)
            model = build_model(row, build_backbone(row, SIZE), 3, head)
            randomize(model)
            expected[name] = np.asarray(model(images))
            model.save(tmp_path / f"{name}.keras")
    finally:
        keras.config.set_dtype_policy(before)
    result = subprocess.run(
        [sys.executable, "-I", "-c", PREDICT],
        cwd=tmp_path,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    assert set(found) == set(expected)
    for name, probabilities in expected.items():
        assert probabilities.std() > 1e-3, name
        np.testing.assert_allclose(found[name], probabilities, atol=1e-6, err_msg=name)
