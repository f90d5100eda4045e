"""A network of KerasHub gives the same features as a graph of ours, whatever its family."""

import keras
import numpy as np
import pytest

from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.backbones.hub_networks import HubNetwork
from keras_transfer.models.build_model import build_backbone
from keras_transfer.models.hub.hub_graphs import fill_hub_graph, resize_positions
from keras_transfer.system.errors import ConfigError

hub = pytest.importorskip("keras_hub", reason="needs KerasHub: pip install 'keras_transfer[hub]'")

SIDE = 64
SCALE, OFFSET = (1 / 58.0, 1 / 57.0, 1 / 57.5), (-2.1, -2.0, -1.8)
RESNET = {
    "input_conv_filters": [64],
    "input_conv_kernel_sizes": [7],
    "stackwise_num_filters": [64, 64],
    "stackwise_num_blocks": [2, 1],
    "stackwise_num_strides": [1, 2],
    "block_type": "basic_block",
}
VIT = {"patch_size": 16, "num_layers": 2, "num_heads": 2, "hidden_dim": 8, "mlp_dim": 16}
EFFICIENTNET = {
    "stackwise_width_coefficients": [1.0, 1.0],
    "stackwise_depth_coefficients": [1.0, 1.0],
    "stackwise_kernel_sizes": [3, 3],
    "stackwise_num_repeats": [1, 2],
    "stackwise_input_filters": [32, 16],
    "stackwise_output_filters": [16, 24],
    "stackwise_expansion_ratios": [1, 6],
    "stackwise_strides": [1, 2],
    "stackwise_squeeze_and_excite_ratios": [0.25, 0.25],
    "stackwise_block_types": ["v1", "v1"],
    "stackwise_force_input_filters": [0, 0],
    "stackwise_nores_option": [False, False],
    "dropout": 0.2,
}
NETWORKS = {
    "ResNetBackbone": RESNET,
    "ResNetBackbone, version 2": RESNET | {"use_pre_activation": True},
    "ViTBackbone": VIT | {"dropout_rate": 0.1},
    "ViTBackbone, no class token": VIT | {"use_class_token": False, "use_patch_bias": False},
    "VGGBackbone": {"stackwise_num_repeats": [1, 1], "stackwise_num_filters": [8, 16]},
    "DenseNetBackbone": {"stackwise_num_repeats": [2, 2], "growth_rate": 8},
    "EfficientNetBackbone": EFFICIENTNET,
}


def make(family, config):
    shape = {"image_shape": (SIDE, SIDE, 3)}
    return move(getattr(hub.models, family.split(",")[0])(**shape, **config))


def make_clip():
    tower = hub.models.CLIPVisionEncoder(16, 16, 2, 2, 32, image_shape=(SIDE, SIDE, 3))
    texts = hub.models.CLIPTextEncoder(30, 16, 16, 2, 2, 32, max_sequence_length=8)
    network = move(hub.models.CLIPBackbone(tower, texts, 8))
    network.vision_encoder.embedding.position_ids.assign(np.arange(17)[None])
    return network


def move(network):
    """Move every number from where it begins: many begin at 0 or 1, where faults hide."""
    random = np.random.default_rng(0)
    for weight in network.weights:
        if keras.backend.is_float_dtype(weight.dtype):
            weight.assign(weight.numpy() + np.abs(random.normal(0, 0.05, weight.shape)))
    return network


def take_over(network, family, side=SIDE):
    preset = HubNetwork(
        name="p", family=family, config=network.get_config(), scale=SCALE, offset=OFFSET
    )
    graph = build_backbone(Backbone(image_size=side, preset=preset), side)
    fill_hub_graph(graph, network, preset)
    return graph


@pytest.fixture
def images():
    return np.random.default_rng(1).integers(0, 256, (3, SIDE, SIDE, 3)).astype("float32")


def convert(images, image_size=None):
    """What KerasHub itself makes of raw images."""
    converter = hub.layers.ImageConverter(image_size, scale=SCALE, offset=OFFSET)
    return np.asarray(converter(images))


def assert_close(found, wanted):
    wanted = np.asarray(wanted)
    assert np.abs(wanted).max() > 1e-2
    assert np.abs(np.asarray(found) - wanted).max() <= 1e-5 * np.abs(wanted).max()


@pytest.mark.thorough
@pytest.mark.parametrize("family", NETWORKS)
def test_features_are_those_of_kerashub_on_its_own_pixels(family, images):
    network = make(family, NETWORKS[family])
    wanted = network(convert(images), training=False)
    if family == "ViTBackbone":  # the others have no class token
        wanted = wanted[:, 0]
    assert_close(take_over(network, family.split(",")[0])(images), wanted)


@pytest.mark.thorough
def test_the_image_tower_of_clip_gives_its_class_token(images):
    network = make_clip()
    wanted = network.vision_encoder({"images": convert(images)})[:, 0]
    assert_close(take_over(network, "CLIPBackbone")(images), wanted)


@pytest.mark.thorough
def test_nothing_rests_on_dropout_within_the_network(images):
    graph = take_over(make("ViTBackbone", VIT | {"dropout_rate": 0.5}), "ViTBackbone")
    assert np.array_equal(graph(images, training=True), graph(images, training=False))


@pytest.mark.thorough
def test_a_transformer_takes_images_of_another_size():
    graph = take_over(make("ViTBackbone", VIT), "ViTBackbone", side=96)
    assert graph.get_layer("positions").weights[0].shape == (37, 8)
    assert np.isfinite(graph(np.full((1, 96, 96, 3), 128.0))).all()


@pytest.mark.parametrize("beside", [0, 1])
def test_resized_positions_keep_the_class_token_and_the_slope(beside):
    rows, columns = np.mgrid[:4, :4] / 4 + 1 / 8
    square = np.stack([rows, columns], axis=-1).reshape(16, 2).astype("float32")
    given = np.concatenate([np.full((beside, 2), 7, "float32"), square])
    found = resize_positions(given, 64 + beside)
    assert (found[:beside] == 7).all()
    inner = found[beside:].reshape(8, 8, 2)[2:-2, 2:-2]
    wanted = np.stack(np.mgrid[:8, :8] / 8 + 1 / 16, axis=-1)[2:-2, 2:-2]
    assert np.abs(inner - wanted).max() < 0.02
    assert resize_positions(given, 16 + beside) is given


def test_a_network_of_kerashub_asks_for_it_in_one_line(monkeypatch):
    monkeypatch.setattr("keras_transfer.models.hub.hub_presets.is_installed", lambda name: False)
    preset = HubNetwork(name="p", family="ResNetBackbone", config=RESNET)
    with pytest.raises(ConfigError, match=r"^`--backbone hub:p` needs KerasHub.*\[hub\]'$"):
        build_backbone(Backbone(image_size=SIDE, preset=preset), SIDE)


def test_images_that_are_no_squares_are_refused_in_one_line():
    config = VIT | {"image_shape": (64, 32, 3)}
    preset = HubNetwork(name="p", family="ViTBackbone", config=config)
    with pytest.raises(ConfigError, match=r"images of 64 x 32 pixels, which are no squares"):
        build_backbone(Backbone(image_size=SIDE, preset=preset), SIDE)


def test_a_size_that_the_patches_do_not_fill_is_refused_in_one_line():
    with pytest.raises(ConfigError) as error:
        take_over(make("ViTBackbone", VIT), "ViTBackbone", side=70)
    assert str(error.value).startswith("`data.image_size` must suit hub:p. Received: 70, ")
    assert "squares of 16 pixels" in str(error.value)
