import dataclasses

import keras
import numpy as np
import pytest
from made_networks import (
    KINDS,
    SIDE,
    build_cnn,
    build_features,
    build_guide,
    build_nested,
    scramble,
)

from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.models.backbones.find_backbone import find_backbone
from keras_transfer.models.backbones.hub_networks import find_layer_decay
from keras_transfer.models.backbones.preprocess_choice import fix_preprocess
from keras_transfer.models.build_model import build_backbone, build_model
from keras_transfer.models.cuts import find_frontiers
from keras_transfer.models.graphs.vision_transformer import Transformer, build_vision_transformer
from keras_transfer.models.own_network.pixel_scaling import scales_pixels
from keras_transfer.models.precision import precision
from keras_transfer.models.weights.pretrained_weights import find_weights
from keras_transfer.models.weights.weight_loading import load_weights
from keras_transfer.system.errors import ConfigError

PIXELS = np.random.default_rng(0).uniform(0, 255, (2, SIDE, SIDE, 3)).astype("float32")
SCALES = {
    "raw": lambda x: x,
    "unit": lambda x: x / 255,
    "tf": lambda x: keras.applications.mobilenet_v2.preprocess_input(x.copy()),
    "torch": lambda x: keras.applications.densenet.preprocess_input(x.copy()),
    "caffe": lambda x: keras.applications.resnet.preprocess_input(x.copy()),
}


def save(model, tmp_path, suffix=".keras"):
    file = tmp_path / f"mine{suffix}"
    model.save(file)
    return f"file:{file}"


def load(name, side=None, weights="auto"):
    row = find_backbone(name)
    backbone = build_backbone(row, side or row.image_size)
    load_weights(backbone, name, find_weights(name, row, weights))
    return row, backbone


def expect_alike(found, expected):
    expected = np.asarray(expected, "float32")
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore:.*structure of `inputs`")
@pytest.mark.parametrize("kind", KINDS)
def test_the_features_are_those_of_the_users_own_network_which_rests_in_training(kind, tmp_path):
    model, features = KINDS[kind]()
    row, backbone = load(save(model, tmp_path), SIDE)
    assert backbone.output_shape[1:] == features.compute_output_shape((1, SIDE, SIDE, 3))[1:]
    expect_alike(backbone(PIXELS), features(PIXELS, training=False))
    assert not any(isinstance(layer, keras.Model) for layer in backbone.layers)
    assert row.layers == len(backbone.layers)
    assert not backbone.losses
    row = dataclasses.replace(row, preprocess="inside")
    build_model(row, backbone, 2, HeadConfig())
    backbone.trainable = False  # BatchNorm rests
    expect_alike(backbone(PIXELS, training=True), backbone(PIXELS, training=False))


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore:.*structure of `inputs`")
@pytest.mark.parametrize("kind", ["cnn", "sequential", "guide", "normalized"])
def test_an_h5_file_is_read_as_well(kind, tmp_path):
    model, features = KINDS[kind]()
    _, backbone = load(save(model, tmp_path, ".h5"))
    expect_alike(backbone(PIXELS), features(PIXELS, training=False))


@pytest.mark.thorough
@pytest.mark.parametrize("word", SCALES)
def test_pixels_are_scaled_once_as_the_settings_say(word, tmp_path):
    model, features = build_cnn()
    name = save(model, tmp_path)
    row, backbone = load(name)
    assert row.preprocess == "asked"
    whole = build_model(fix_preprocess(name, row, word), backbone, 2, HeadConfig())
    pooled = keras.Model(whole.input, whole.get_layer("pool").output)
    expected = np.mean(features(SCALES[word](PIXELS), training=False), axis=(1, 2))
    expect_alike(pooled(PIXELS), expected)


@pytest.mark.thorough
@pytest.mark.parametrize("application", ["mobilenet_v2", "densenet", "resnet"])
def test_a_known_preprocessing_within_the_network_is_seen(application, tmp_path):
    inputs = keras.Input((SIDE, SIDE, 3))
    scaled = getattr(keras.applications, application).preprocess_input(inputs)
    features = keras.Model(inputs, build_features()(scaled))
    row, backbone = load(save(features, tmp_path))
    assert row.preprocess == "inside"
    expect_alike(backbone(PIXELS), features(PIXELS, training=False))


@pytest.mark.thorough
def test_scaling_in_a_pipeline_is_seen(tmp_path):
    assert find_backbone(save(KINDS["pipeline"]()[0], tmp_path)).preprocess == "inside"


def list_stems():
    """First layers, by whether raw pixels must be what they take."""
    clip, scale = keras.ops.clip, keras.layers.Rescaling
    two = keras.layers.Concatenate()

    def see(x):
        return keras.layers.Conv2D(3, 1)(x)

    return {
        "clipped": (lambda x: clip(x, 0, 1), "asked"),
        "clipped and scaled": (lambda x: scale(1 / 255)(clip(x, 0, 255)), "inside"),
        "one branch": (lambda x: two([see(see(scale(1 / 255)(x))), see(x)]), "asked"),
        "one of two colours": (lambda x: two([scale(1 / 255)(x), x]), "asked"),
        "both": (
            lambda x: two([see(scale(1 / 255)(x)), scale(1 / 127.5, -1)(x)]),
            "inside",
        ),
    }


@pytest.mark.parametrize("stem", list_stems())
def test_pixels_count_as_scaled_where_every_branch_scales_them(stem):
    build, expected = list_stems()[stem]
    inputs = keras.Input((SIDE, SIDE, 3))
    graph = keras.Model(inputs, keras.layers.Conv2D(4, 3)(build(inputs)))
    assert scales_pixels(graph) == (expected == "inside")


@pytest.mark.thorough
def test_locks_of_the_file_are_not_kept(tmp_path):
    model, _ = KINDS["tokens"]()
    model.trainable = False
    _, backbone = load(save(model, tmp_path))
    assert all(layer.trainable for layer in backbone._flatten_layers())
    model, _ = KINDS["wrapped"]()
    for layer in model.layers:
        getattr(layer, "layer", layer).trainable = False
    _, backbone = load(save(model, tmp_path, ".h5"))
    assert all(layer.trainable for layer in backbone._flatten_layers())


def test_a_random_crop_becomes_one_of_the_middle(tmp_path):
    inputs = keras.Input((SIDE, SIDE, 3))
    cropped = keras.layers.RandomCrop(24, 20)(inputs)
    _, backbone = load(save(keras.Model(inputs, keras.layers.Conv2D(4, 3)(cropped)), tmp_path))
    assert backbone.output_shape == (None, 22, 18, 4)
    expect_alike(backbone(PIXELS), backbone.layers[-1](PIXELS[:, 4:28, 6:26]))


@pytest.mark.thorough
def test_transformers_learn_by_layers_as_their_recipes_say(tmp_path):
    shape = Transformer(patch=16, blocks=3, heads=1, width=4, mlp_width=4)
    row = find_backbone(save(build_vision_transformer(shape, SIDE), tmp_path))
    assert [*row.blocks][-1] == "block_3"
    assert row.layer_decay == find_layer_decay(12) == 0.65
    assert find_layer_decay(13) == 0.75
    assert find_backbone(save(build_cnn()[0], tmp_path, ".h5")).layer_decay == 1.0


@pytest.mark.thorough
@pytest.mark.parametrize("layer", ["unit", "statistics of unit"])
def test_scaling_from_other_pixels_than_raw_ones_is_asked_for(layer, tmp_path):
    if layer == "unit":
        scaling = keras.layers.Rescaling(2.0, -1.0)
    else:
        scaling = keras.layers.Normalization()
        scaling.adapt(np.random.default_rng(0).uniform(0, 1, (4, SIDE, SIDE, 3)))
    inputs = keras.Input((SIDE, SIDE, 3))
    name = save(keras.Model(inputs, build_features()(scaling(inputs))), tmp_path)
    with pytest.raises(ConfigError, match="`preprocess` must say which pixels"):
        fix_preprocess(name, find_backbone(name), "auto")


@pytest.mark.thorough
def test_layers_keep_their_names_and_clashing_ones_get_their_models_in_front(tmp_path):
    row, backbone = load(save(build_nested()[0], tmp_path), 40)
    names = [layer.name for layer in backbone.layers]
    expected = ["conv", "norm", "middle_conv", "middle_norm", "high_conv", "high_norm"]
    assert names == ["pixels", *expected]
    assert row.blocks == {"stem": 0, "low": 1, "middle": 3, "high": 5}
    assert (row.image_size, row.default_boundary) == (224, "high")


@pytest.mark.thorough
def test_the_network_can_be_cut_at_its_frontiers(tmp_path):
    _, backbone = load(save(build_guide()[0], tmp_path))
    whole, cuts = backbone(PIXELS), find_frontiers(backbone)
    assert len(cuts) == len(backbone.layers)
    middle = cuts[9]
    front, back = keras.Model(backbone.input, middle), keras.Model(middle, backbone.output)
    expect_alike(back(front(PIXELS)), whole)


@pytest.mark.thorough
def test_another_size_is_built_where_the_layers_allow_it(tmp_path):
    model, features = build_cnn()
    _, backbone = load(save(model, tmp_path), 64)
    assert backbone.output_shape == (None, 8, 8, 8)
    bigger = build_features(64)
    bigger.set_weights(features.get_weights())
    pixels = np.random.default_rng(1).uniform(0, 255, (1, 64, 64, 3))
    expect_alike(backbone(pixels), bigger(pixels))


@pytest.mark.thorough
def test_a_size_that_the_layers_refuse_is_an_error_that_names_their_own(tmp_path):
    name = save(KINDS["tokens"]()[0], tmp_path)
    with pytest.raises(ConfigError, match=r"made for 32 pixels\. Received: 64.*--image_size 32\."):
        load(name, 64)


@pytest.mark.thorough
def test_weights_of_another_file_of_the_same_network_are_taken(tmp_path):
    name = save(build_cnn()[0], tmp_path)
    model, features = build_cnn()
    features.set_weights([value * 0.5 for value in features.get_weights()])
    model.save(tmp_path / "other.keras")
    _, backbone = load(name, weights=str(tmp_path / "other.keras"))
    expect_alike(backbone(PIXELS), features(PIXELS))
    scramble(backbone).save_weights(tmp_path / "third.weights.h5")
    _, again = load(name, weights=str(tmp_path / "third.weights.h5"))
    expect_alike(again(PIXELS), backbone(PIXELS))
    KINDS["shared"]()[0].save(tmp_path / "odd.keras")
    with pytest.raises(ConfigError, match="are not the"):
        load(name, weights=str(tmp_path / "odd.keras"))


@pytest.mark.thorough
def test_the_network_computes_in_the_precision_of_the_training(tmp_path):
    model, features = build_cnn()
    name = save(model, tmp_path)
    with precision("mixed_float16"):
        _, backbone = load(name)
    assert {layer.compute_dtype for layer in backbone.layers[1:]} == {"float16"}
    found, expected = (np.asarray(each(PIXELS), "float32") for each in (backbone, features))
    np.testing.assert_allclose(found, expected, rtol=0.02, atol=0.02 * expected.max())


@pytest.mark.thorough
@pytest.mark.parametrize("word", ["imagenet", "bundled", "preset"])
def test_weights_of_others_are_refused_in_words(word, tmp_path):
    name = save(build_cnn()[0], tmp_path)
    with pytest.raises(ConfigError, match=f"Received: {word} with file:"):
        find_weights(name, find_backbone(name), word)


@pytest.mark.parametrize(
    ("application", "side"),
    [
        pytest.param("MobileNetV3Small", 64, marks=pytest.mark.thorough),
        *(
            pytest.param(name, 64, marks=pytest.mark.slow)
            for name in ("EfficientNetB0", "ResNet50")
        ),
    ],
)
def test_networks_of_keras_applications_lose_their_classifiers(application, side, tmp_path):
    build = getattr(keras.applications, application)
    shape = {"weights": None, "input_shape": (side, side, 3)}
    whole, features = build(classes=5, **shape), build(include_top=False, **shape)
    features.set_weights(whole.get_weights()[: len(features.get_weights())])
    _, backbone = load(save(whole, tmp_path))
    pixels = np.random.default_rng(0).uniform(0, 255, (1, side, side, 3)).astype("float32")
    expect_alike(backbone(pixels), features(pixels, training=False))
