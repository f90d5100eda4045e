"""A name leads to a row: of the table, or of a preset of KerasHub."""

import dataclasses

import keras
import numpy as np
import pytest
from tiny_presets import SIZE, write_vit

from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.build_model import build_backbone
from keras_transfer.models.hub.hub_rows import write_preset
from keras_transfer.models.weights.pretrained_weights import find_weights
from keras_transfer.models.weights.weight_loading import load_weights
from keras_transfer.system.errors import ConfigError

pytest.importorskip("keras_hub", reason="needs KerasHub: pip install 'keras_transfer[hub]'")


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets") / "vit"
    network = write_vit(folder)
    return folder, network


def test_names_of_the_table_lead_to_its_rows():
    assert find_backbone("resnet50") is BACKBONES["resnet50"]
    with pytest.raises(ConfigError, match="Did you mean 'resnet50'"):
        find_backbone("resnet5o")
    with pytest.raises(ConfigError, match="Unknown backbone 'hup:x'"):
        find_backbone("hup:x")


@pytest.mark.parametrize("name", ["hub:", "file:", "HUB:resnet_18_imagenet"])
def test_an_origin_must_be_followed_by_what_it_asks_for(name):
    with pytest.raises(ConfigError, match=r"must say what.*For example hub:"):
        find_backbone(name)


def test_a_preset_whose_pixels_are_scaled_anew_is_another_network(preset):
    row = find_backbone(f"hub:{preset[0]}")
    for change in ({"scale": 1 / 255}, {"offset": 0.0}, {"config": {**row.preset.config, "x": 1}}):
        other = dataclasses.replace(row, preset=dataclasses.replace(row.preset, **change))
        assert other.network_sha256 != row.network_sha256
    again = dataclasses.replace(row.preset, name="elsewhere")
    assert dataclasses.replace(row, preset=again).network_sha256 == row.network_sha256
    assert BACKBONES["resnet50"].network_sha256 is None


def test_a_preset_leads_to_a_row_that_its_network_fits(preset):
    row = find_backbone(f"hub:{preset[0]}")
    graph = build_backbone(row, row.image_size)
    assert (row.image_size, row.layers, row.extra) == (SIZE, len(graph.layers), "hub")
    assert [*row.blocks] == ["stem", "block_1"]
    assert row.parameters == graph.count_params()


def test_a_backbone_has_the_weights_of_its_preset_and_its_scale(preset):
    folder, network = preset
    name = f"hub:{folder}"
    row = find_backbone(name)
    graph = build_backbone(row, row.image_size)
    for choice in ("auto", "preset", "imagenet"):
        weights = find_weights(name, row, choice)
        assert (weights.kind, len(weights.sha256)) == ("preset", 64)
        assert weights.origin.startswith(f"{folder}, licence: ")
    load_weights(graph, name, weights)
    pixels = np.random.default_rng(0).integers(0, 256, (2, SIZE, SIZE, 3)).astype("float32")
    wanted = np.asarray(network(pixels / 127.5 - 1))[:, 0]
    assert np.abs(np.asarray(graph(pixels)) - wanted).max() < 1e-5


def test_a_row_that_scales_pixels_in_another_way_than_its_preset_is_refused(preset, tmp_path):
    row = find_backbone(f"hub:{preset[0]}")
    graph = build_backbone(row, row.image_size)
    other = dataclasses.replace(row.preset, scale=1.0)
    with pytest.raises(ConfigError, match=r"scaled as its converter says.*--backbone hub:"):
        write_preset(graph, other, tmp_path)


def test_none_starts_from_random_weights(preset):
    row = find_backbone(f"hub:{preset[0]}")
    assert find_weights("hub", row, "none").preset is None
    keras.utils.set_random_seed(0)
    first = build_backbone(row, SIZE).get_weights()
    assert not np.array_equal(first[0], build_backbone(row, SIZE).get_weights()[0])
