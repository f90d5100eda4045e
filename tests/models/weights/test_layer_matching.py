"""Which layers of a file are taken for those of a backbone, and which files are refused."""

import dataclasses
import logging
import zipfile

import h5py
import keras
import numpy as np
import pytest
from larger_models import (
    BUILDERS,
    SUFFIXES,
    assert_equal,
    build_flat,
    build_guide,
    build_sequential,
    load,
    refuse,
    write,
)

from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.build_model import build_backbone
from keras_transfer.models.weights.file_contents import count_numbers, require_enough
from keras_transfer.system.errors import ConfigError

pytestmark = pytest.mark.usefixtures("cache")


@pytest.fixture
def tiny(tiny_backbone):
    return build_backbone(tiny_backbone, 32)


def build_longer(blocks):
    x = images = keras.Input((32, 32, 3))
    for block in blocks:
        conv = keras.layers.Conv2D(16, 3, padding="same", use_bias=False, name=f"{block}_conv")
        x = keras.layers.BatchNormalization(name=f"{block}_bn")(conv(x))
    return keras.Model(images, x)


def change_statistics(tiny):
    for variable in tiny.weights:
        variable.assign(variable + np.random.default_rng(1).uniform(0.1, 0.5, variable.shape))


@pytest.fixture
def source(tiny_backbone):
    base = build_backbone(tiny_backbone, 32)
    base.name = "my_base"
    change_statistics(base)
    return base


@pytest.mark.thorough
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_model_that_was_fine_tuned_in_part_under_mixed_precision(
    tiny_backbone, tiny, tmp_path, suffix
):
    """Optimizer weights, a scaled loss, and in .h5 an order that begins with what learned."""
    keras.config.set_dtype_policy("mixed_float16")
    try:
        base = build_backbone(tiny_backbone, 32)
        for layer in base.layers[:5]:
            layer.trainable = False
        model = build_guide(base)
        model.compile("adam", "mse", metrics=["mae"])
        model.fit(np.ones((4, 32, 32, 3)), np.ones((4, 2)), verbose=0)
    finally:
        keras.config.set_dtype_policy("float32")
    load("tiny", write(model, tmp_path / f"mine{suffix}"), tiny)
    assert_equal(tiny, base)


@pytest.mark.thorough
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_sequential_model_that_was_built_by_its_first_batch(source, tiny, tmp_path, suffix):
    augment = keras.Sequential([keras.layers.RandomFlip(), keras.layers.RandomRotation(0.1)])
    model = keras.Sequential([augment, build_sequential(source)])
    model(np.ones((1, 32, 32, 3)))
    model.save_weights(tmp_path / "mine.weights.h5")
    load("tiny", tmp_path / "mine.weights.h5", tiny)
    assert_equal(tiny, source)


@keras.saving.register_keras_serializable()
class Own(keras.Model):
    """A class of the owner, which nobody else has."""

    def __init__(self, base):
        super().__init__()
        self.base, self.dense = base, keras.layers.Dense(2)

    def call(self, images):
        return self.dense(keras.ops.mean(self.base(images), (1, 2)))

    def get_config(self):
        return {}


def test_a_file_with_a_class_of_its_owner_is_read_without_that_class(
    source, tiny, tmp_path, monkeypatch
):
    model = Own(source)
    model(np.ones((1, 32, 32, 3)))
    model.save(tmp_path / "mine.keras")
    monkeypatch.setattr(keras.models, "load_model", lambda *_, **__: pytest.fail("it runs code"))
    load("tiny", tmp_path / "mine.keras", tiny)
    assert_equal(tiny, source)


def drop_names(file):
    """Make a file as Keras wrote it before 3.6: layers are known by class and order alone."""
    groups = []
    with h5py.File(file, "r+") as stream:
        stream.visit(lambda path: groups.append(path) if path.endswith("vars") else None)
        for path in groups:
            del stream[path].attrs["name"]
    return file


@pytest.mark.thorough
@pytest.mark.parametrize("build", BUILDERS)
def test_a_file_without_names_is_read_by_class_and_order(source, tiny, tmp_path, build):
    load("tiny", drop_names(write(build(source), tmp_path / "mine.weights.h5")), tiny)
    assert_equal(tiny, source)


@pytest.mark.thorough
@pytest.mark.parametrize("build", BUILDERS)
def test_a_legacy_file_with_other_names_is_read_by_order(tiny, tmp_path, build):
    base = build_longer(["first", "second", "third"])
    change_statistics(base)
    load("tiny", write(build(base), tmp_path / "mine.h5"), tiny)
    assert_equal(tiny, base)


def build_unnamed(image_size, blocks=3):
    """A network whose names all come from a counter of the process."""
    x = images = keras.Input((image_size, image_size, 3))
    for _ in range(blocks):
        x = keras.layers.Conv2D(3, 3, padding="same", use_bias=False)(x)
        x = keras.layers.BatchNormalization()(x)
    return keras.Model(images, x)


@pytest.fixture
def unnamed(tiny_backbone, monkeypatch):
    row = dataclasses.replace(tiny_backbone, build=build_unnamed)
    monkeypatch.setitem(BACKBONES, "tiny", row)
    return build_backbone(row, 32)


@pytest.mark.thorough
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("build", BUILDERS)
def test_names_by_a_counter_of_the_process_are_no_names(unnamed, tmp_path, build, suffix):
    build_unnamed(32)  # so the counters stand elsewhere
    base = build_unnamed(32)
    change_statistics(base)
    load("tiny", write(build(base), tmp_path / f"mine{suffix}"), unnamed)
    assert_equal(unnamed, base)


@pytest.mark.thorough
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_layer_that_might_be_one_of_the_backbone_is_not_guessed_at(unnamed, tmp_path, suffix):
    file = write(build_flat(build_unnamed(32, blocks=4)), tmp_path / f"mine{suffix}")
    line = refuse("tiny", file, unnamed)
    assert line.startswith("two that fit: ")
    assert ". Save the right one alone, by save_weights(" in line


@pytest.mark.thorough
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_of_two_such_backbones_is_not_guessed_at(tiny_backbone, tiny, tmp_path, suffix):
    images, bases = keras.Input((32, 32, 3)), []
    for name in ("left", "right"):
        bases.append(build_backbone(tiny_backbone, 32))
        bases[-1].name = name
    x = keras.layers.Add()([base(images) for base in bases])
    file, model = tmp_path / f"mine{suffix}", keras.Model(images, x)
    model.save_weights(file) if suffix == ".weights.h5" else model.save(file)
    assert refuse("tiny", file, tiny) == (
        "two that fit: left/block1_conv and right/block1_conv could be its block1_conv. Save the "
        "right one alone, by save_weights('backbone.weights.h5'), and give that file with "
        "--weights."
    )


@pytest.mark.thorough
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_of_two_backbones_the_one_that_fits_is_taken(source, tiny, tmp_path, caplog, suffix):
    images, other = keras.Input((32, 32, 3)), build_unnamed(32)
    model = keras.Model(images, [other(images), source(images)])
    with caplog.at_level(logging.INFO):
        load("tiny", write(model, tmp_path / f"mine{suffix}"), tiny)
    assert f"Left aside: 6 layers of mine{suffix}, " in caplog.text
    assert caplog.text.count(" …") == 1
    assert_equal(tiny, source)


@pytest.mark.thorough
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("build", [build_guide, build_flat])
def test_a_longer_network_with_the_same_names_is_another_one(tiny, tmp_path, build, suffix):
    """As ResNet101 is, which has every layer of ResNet50."""
    base = build_longer(["block1", "block2", "block2b", "block3"])
    line = refuse("tiny", write(build(base), tmp_path / f"mine{suffix}"), tiny)
    assert line.startswith(
        "another network; first layer that differs: block2b_conv, (3, 3, 16, 16) in the file, "
        "none in tiny. "
    )


@pytest.mark.thorough
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_layers_in_another_order_are_found_by_name(tiny, tmp_path, suffix):
    base = build_longer(["block1", "block3", "block2"])
    load("tiny", write(build_flat(base), tmp_path / f"mine{suffix}"), tiny)
    for name in ("block1_conv", "block2_conv", "block3_conv"):
        one, two = tiny.get_layer(name).kernel, base.get_layer(name).kernel
        np.testing.assert_array_equal(np.array(one), np.array(two))


@pytest.mark.thorough
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_shapes_alone_do_not_make_up_for_a_name_that_says_otherwise(tiny, tmp_path, suffix):
    base = build_longer(["block1", "block3", "block4"])
    line = refuse("tiny", write(build_flat(base), tmp_path / f"mine{suffix}"), tiny)
    assert line.startswith(
        "another network; first layer that differs: block2_conv, none in the file, "
        "(3, 3, 16, 16) in tiny. "
    )


@pytest.mark.thorough
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_without_any_backbone_is_one_clear_line(tiny, tmp_path, suffix):
    images = keras.Input((32, 32, 3))
    x = keras.layers.Dense(2)(keras.layers.Flatten()(images))
    file = write(keras.Model(images, x), tmp_path / f"mine{suffix}")
    assert "first layer that differs: " in refuse("tiny", file, tiny)
    model = keras.Model(images, keras.layers.Flatten()(images))
    file = tmp_path / f"none{suffix}"
    model.save_weights(file) if suffix == ".weights.h5" else model.save(file)
    assert refuse("tiny", file, tiny).startswith("no layers with weights. ")


def test_an_archive_without_numbers_is_one_clear_line(tiny, tmp_path):
    with zipfile.ZipFile(tmp_path / "mine.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    assert refuse("tiny", tmp_path / "mine.keras", tiny).startswith("a damaged file. ")


@pytest.mark.thorough
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_only_numbers_of_layers_are_counted(source, tiny_backbone, tmp_path, suffix):
    """Not those of the optimizer: they are twice as many, and would hide a smaller network."""
    model = build_sequential(source)
    file = write(model, tmp_path / f"mine{suffix}")
    assert count_numbers(file) == model.count_params()
    require_enough(file, "tiny")
    with pytest.raises(ConfigError, match=r"another network, of 5,266 numbers where 939,120"):
        require_enough(file, "mobilenetv3small")


@pytest.mark.thorough
def test_groups_that_hold_each_other_end(source, tiny, tmp_path):
    file = write(build_guide(source), tmp_path / "mine.weights.h5")
    with h5py.File(file, "r+") as stream:
        stream["layers/dense/layers"] = stream["layers"]
        stream["layers/dense/again"] = stream["layers/dense"]
    load("tiny", file, tiny)
    assert_equal(tiny, source)
