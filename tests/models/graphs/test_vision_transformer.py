"""The Vision Transformer is KerasHub's, of layers that every Keras opens."""

import json
import zipfile

import keras
import numpy as np
import pytest

from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.build_model import build_backbone
from keras_transfer.models.cuts import find_frontiers
from keras_transfer.models.graphs.vision_transformer import Transformer, build_vision_transformer

SHAPE = Transformer(patch=16, blocks=2, heads=2, width=8, mlp_width=12)


def build(shape, side=64):
    row = Backbone(build=lambda side: build_vision_transformer(shape, side), image_size=side)
    return build_backbone(row, side)


@pytest.mark.thorough
@pytest.mark.parametrize("class_token", [True, False])
def test_each_block_ends_where_one_tensor_alone_goes_on(class_token):
    network = build(SHAPE._replace(class_token=class_token))
    names = [layer.name for layer in network.layers]
    begins = [names.index("block_1_norm_1"), names.index("block_2_norm_1"), names.index("norm")]
    assert {*begins} <= {*find_frontiers(network)}
    assert network.output.shape == ((None, 8) if class_token else (None, 16, 8))


@pytest.mark.thorough
@pytest.mark.parametrize("activation", ["gelu", "quick_gelu"])
def test_plain_keras_opens_it(tmp_path, activation):
    network = build(SHAPE._replace(activation=activation, pre_norm=True, patch_bias=False))
    network.save(tmp_path / "vit.keras")
    with zipfile.ZipFile(tmp_path / "vit.keras") as archive:
        config = json.loads(archive.read("config.json"))
    modules = {layer["module"].split(".")[0] for layer in config["config"]["layers"]}
    assert modules == {"keras"}
    images = np.random.default_rng(0).random((2, 64, 64, 3), dtype=np.float32)
    opened = keras.models.load_model(tmp_path / "vit.keras")
    assert np.array_equal(opened(images), network(images))


def test_places_of_the_image_are_told_apart():
    network = build(SHAPE._replace(class_token=False, blocks=1))
    tokens = np.asarray(network(np.zeros((1, 64, 64, 3), np.float32)))[0]
    assert len(np.unique(tokens.round(6), axis=0)) == 16
