"""Models in the formats of timm and Transformers are converted by KerasHub, tensors only."""

import json

import numpy as np
import pytest

from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.build_model import build_backbone
from keras_transfer.models.hub import converted_presets
from keras_transfer.models.hub.hub_presets import open_preset
from keras_transfer.models.weights.pretrained_weights import find_weights
from keras_transfer.models.weights.weight_loading import load_weights
from keras_transfer.system.errors import ConfigError

hub = pytest.importorskip("keras_hub", reason="needs KerasHub: pip install 'keras_transfer[hub]'")
numpy = pytest.importorskip("safetensors.numpy", reason="needs the extra [hub]")

MEANS, DEVIATIONS = [0.5, 0.4, 0.3], [0.25, 0.2, 0.3]
TIMM = {
    "architecture": "resnet18",
    "pretrained_cfg": {
        "input_size": [3, 64, 64],
        "interpolation": "bicubic",
        "mean": MEANS,
        "std": DEVIATIONS,
    },
}
VIT = {
    "model_type": "vit",
    "architectures": ["ViTModel"],
    "image_size": 32,
    "patch_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "hidden_size": 8,
    "intermediate_size": 16,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "qkv_bias": True,
}
RANDOM = np.random.default_rng(0)


def write(folder, config, tensors, **others):
    folder.mkdir()
    numpy.save_file(tensors, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# A model\n")
    for name, content in others.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def list_resnet():
    """Tensors as timm names them."""
    found = {}

    def add(name, out, into, side):
        spread = (2 / (into * side * side)) ** 0.5
        found[f"{name}.weight"] = RANDOM.normal(0, spread, (out, into, side, side))

    def add_norm(name, count):
        for word in ("weight", "running_var"):
            found[f"{name}.{word}"] = RANDOM.uniform(0.5, 1.5, count)
        for word in ("bias", "running_mean"):
            found[f"{name}.{word}"] = RANDOM.normal(0, 0.1, count)

    add("conv1", 64, 3, 7)
    add_norm("bn1", 64)
    into = 64
    for stage, out in enumerate((64, 128, 256, 512), 1):
        for block in range(2):
            name = f"layer{stage}.{block}"
            add(f"{name}.conv1", out, into, 3)
            add(f"{name}.conv2", out, out, 3)
            add_norm(f"{name}.bn1", out)
            add_norm(f"{name}.bn2", out)
            if into != out:
                add(f"{name}.downsample.0", out, into, 1)
                add_norm(f"{name}.downsample.1", out)
            into = out
    return {name: value.astype("float32") for name, value in found.items()}


@pytest.fixture(scope="module")
def resnet(tmp_path_factory):
    return write(tmp_path_factory.mktemp("timm") / "resnet18", TIMM, list_resnet())


@pytest.mark.thorough
def test_a_model_of_timm_has_the_features_that_kerashub_gives_it(resnet):
    row = find_backbone(f"hub:{resnet}")
    assert (row.image_size, row.layers) == (64, 73)
    assert [*row.blocks][1:3] == ["stack0_block0", "stack0_block1"]
    weights = find_weights("hub", row, "auto")
    assert weights.origin == f"{resnet}, licence: apache-2.0"
    graph = build_backbone(row, 64)
    load_weights(graph, "hub", weights)
    pixels = RANDOM.integers(0, 256, (2, 64, 64, 3)).astype("float32")
    network = hub.models.Backbone.from_preset(str(resnet))
    wanted = np.asarray(network((pixels / 255 - MEANS) / DEVIATIONS, training=False))
    assert np.abs(wanted).max() > 1
    assert np.abs(graph(pixels) - wanted).max() <= 1e-5 * np.abs(wanted).max()


def write_vit(folder, **others):
    return write(folder, VIT, {"unused": np.zeros(1, np.float32)}, **others)


def test_the_pixels_of_a_model_of_transformers_are_scaled_as_its_processor_says(tmp_path):
    said = {"image_mean": MEANS, "image_std": DEVIATIONS, "size": {"height": 48, "width": 48}}
    preset = open_preset(str(write_vit(tmp_path / "vit", preprocessor_config=said)))
    assert (preset.backbone, preset.config["num_layers"]) == ("ViTBackbone", 1)
    converter = preset.load_image_converter()
    assert converter.image_size == (48, 48)
    pixels = np.full((1, 48, 48, 3), 51.0, np.float32)
    wanted = (0.2 - np.array(MEANS)) / DEVIATIONS
    assert np.allclose(converter(pixels)[0, 0, 0], wanted, atol=1e-6)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({}, "no preprocessor_config.json"),
        ({"preprocessor_config": {"image_mean": MEANS}}, "preprocessor_config.json: "),
        (
            {"preprocessor_config": {"size": 9, "image_mean": MEANS, "image_std": [0] * 3}},
            "division",
        ),
    ],
)
def test_a_model_that_does_not_say_how_pixels_are_scaled_is_refused(tmp_path, others, words):
    preset = open_preset(str(write_vit(tmp_path / "vit", **others)))
    with pytest.raises(ConfigError, match="must say how its pixels are scaled") as error:
        preset.load_image_converter()
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_what_kerashub_does_not_convert_is_named(tmp_path):
    folder = write(tmp_path / "other", {"architecture": "nonesuch"}, {"a": np.zeros(1)})
    with pytest.raises(ConfigError, match=r"KerasHub converts.*format of timm") as error:
        open_preset(str(folder), "--backbone hub:other")
    assert "\n" not in str(error.value)


def test_without_safetensors_one_line_says_how_it_is_had(tmp_path, monkeypatch):
    monkeypatch.setattr(converted_presets, "is_installed", lambda package: False)
    folder = write_vit(tmp_path / "vit")
    with pytest.raises(ConfigError, match=r"pip install 'keras_transfer\[hub\]'"):
        open_preset(str(folder))
