"""EfficientNet-Lite0 against the graph of keras.applications, told to leave out what Lite lacks."""

import copy
from pathlib import Path

import keras
import numpy as np
import pytest
from keras.src.applications import efficientnet
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.build_model import build_backbone, build_model
from keras_transfer.models.weights.pretrained_weights import Weights
from keras_transfer.models.weights.weight_loading import load_weights

NAME = "efficientnetlite0"
SHARED = Path(__file__).parents[4] / "shared"
SPLITS = ("train", "val")
REAL = SHARED / "weights" / "efficientnetlite0_imagenet_notop.weights.h5"


def build_theirs(size):
    """Return the EfficientNetB0 of Keras with ReLU6 and no squeeze-and-excite, from its stem on."""
    blocks = copy.deepcopy(efficientnet.DEFAULT_BLOCKS_ARGS)
    for block in blocks:
        block["se_ratio"] = 0
    whole = efficientnet.EfficientNet(
        1.0,
        1.0,
        224,
        activation="relu6",
        blocks_args=blocks,
        include_top=False,
        weights=None,
        input_shape=(size, size, 3),
        weights_name="",
    )
    return keras.Model(whole.get_layer("stem_conv_pad").input, whole.output)


@pytest.mark.thorough
@pytest.mark.parametrize("size", [64, 97])  # stride 2 pads otherwise where a side is odd
def test_the_graph_is_efficientnetb0_without_what_lite_leaves_out(size, randomize):
    theirs, ours = build_theirs(size), build_backbone(BACKBONES[NAME], size)
    randomize(theirs)
    for layer in ours.layers:
        if layer.weights:
            layer.set_weights(theirs.get_layer(layer.name).get_weights())
    assert [each.name for each in ours.layers if each.weights] == [
        each.name for each in theirs.layers if each.weights
    ]
    images = np.random.default_rng(1).uniform(0, 255, (2, size, size, 3)).astype("float32")
    expected = np.asarray(theirs((images - 127) / 128))
    found = np.asarray(ours(images))
    assert expected.std() > 1e-3
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max()


def read_images(split, size):
    """Return ants and bees as squares, and which are bees."""
    files = [
        (file, label)
        for label, name in enumerate(("ants", "bees"))
        for file in sorted((SHARED / "data/hymenoptera" / split / name).iterdir())
    ]
    images = [Image.open(file).convert("RGB").resize((size, size)) for file, _ in files]
    return np.stack([np.asarray(each, "float32") for each in images]), [each[1] for each in files]


@pytest.mark.thorough
@pytest.mark.skipif(not REAL.is_file(), reason="the folder shared is not beside the checkout")
def test_real_weights_tell_ants_from_bees():
    """Random ones, or these in another graph, are at about .6."""
    row = BACKBONES[NAME]
    backbone = build_backbone(row, row.image_size)
    load_weights(backbone, NAME, Weights(kind="file", file=REAL))
    model = build_model(row, backbone, 2, HeadConfig())
    features = keras.Model(model.input, model.get_layer("pool").output)
    (known, labels), (asked, truth) = (read_images(split, row.image_size) for split in SPLITS)
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000))
    classifier.fit(features.predict(known, verbose=0), labels)
    assert classifier.score(features.predict(asked, verbose=0), truth) > 0.92
