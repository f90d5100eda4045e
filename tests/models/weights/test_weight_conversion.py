"""What a file of weights does, whoever wrote it."""

import hashlib
import shutil
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
from fake_runs import finish
from keras.src.legacy.saving import legacy_h5_format

from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.config.train_config import TrainConfig
from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.build_model import build_backbone, build_model
from keras_transfer.models.weights.pretrained_weights import Weights, find_weights
from keras_transfer.models.weights.weight_conversion import save_half
from keras_transfer.models.weights.weight_loading import load_weights
from keras_transfer.run.run_directory import Run
from keras_transfer.system.errors import ConfigError
from keras_transfer.system.files.atomic_files import write_text

SHARED = Path(__file__).parents[4] / "shared" / "weights"
IMAGES = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype("float32")

pytestmark = pytest.mark.usefixtures("cache")


def save_legacy(network, file):
    """Write what the downloads of keras.applications are: a legacy file of weights only."""
    with h5py.File(file, "w") as stream:
        legacy_h5_format.save_weights_to_hdf5_group(stream, network)


def write_run(source, row, folder, backbone="tiny"):
    run = Run.create(TrainConfig(backbone="tiny", weights="none", output=folder, name="run"))
    write_text(run.config_file, "backbone: tiny\n")
    build_model(row, source, 2, HeadConfig()).save(run.model_file)
    finish(run, backbone=backbone)
    return run.path


def write(source, row, kind, folder):
    """Save `source` in one of the ways a user may have it."""
    if kind == "run":
        return write_run(source, row, folder)
    if kind == "model.keras":
        model = build_model(row, source, 2, HeadConfig())
        model.compile("adam", "categorical_crossentropy")
        model.save(folder / kind)
    elif kind in ("backbone.keras", "backbone.h5"):  # .h5: architecture and weights
        source.save(folder / kind)
    elif kind in ("legacy.h5", "legacy.weights.h5"):  # Keras 2 wrote both
        save_legacy(source, folder / kind)
    else:
        source.save_weights(folder / "new.weights.h5")
        shutil.move(folder / "new.weights.h5", folder / kind)
    return folder / kind


@pytest.mark.thorough
@pytest.mark.parametrize(
    "kind",
    [
        "new.weights.h5",
        "renamed.h5",
        "legacy.h5",
        "legacy.weights.h5",
        "backbone.h5",
        "backbone.keras",
        "model.keras",
        "run",
    ],
)
def test_every_kind_of_file_gives_the_same_function(source, row, tmp_path, kind):
    expected = np.asarray(source(IMAGES))
    path = write(source, row, kind, tmp_path)
    weights = find_weights("tiny", row, str(path))
    file = path / "model.keras" if kind == "run" else path
    assert (weights.kind, weights.file) == ("file", file)
    assert weights.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    backbone = build_backbone(row, 32)
    load_weights(backbone, "tiny", weights)
    np.testing.assert_array_equal(np.asarray(backbone(IMAGES)), expected)


def test_weights_of_kind_none_leave_the_backbone_alone(source):
    expected = np.asarray(source(IMAGES))
    load_weights(source, "tiny", Weights(kind="none"))
    np.testing.assert_array_equal(np.asarray(source(IMAGES)), expected)


def test_half_precision_files_load_into_float32(source, row, tmp_path):
    """The form of the bundled weights."""
    source.weights[0].assign(source.weights[0] * 0 + 1e6)  # beyond float16
    file = tmp_path / "half.weights.h5"
    save_half(source, file)
    source.save_weights(tmp_path / "full.weights.h5")
    with h5py.File(file) as half, h5py.File(tmp_path / "full.weights.h5") as full:
        assert sum(_sizes(half)) == sum(_sizes(full)) / 2
    backbone = build_backbone(row, 32)
    load_weights(backbone, "tiny", find_weights("tiny", row, str(file)))
    assert {variable.dtype for variable in backbone.weights} == {"float32"}
    assert np.all(np.array(backbone.weights[0]) == 65504)
    for found, expected in zip(backbone.weights[1:], source.weights[1:], strict=True):
        np.testing.assert_allclose(np.array(found), np.array(expected), rtol=1e-3, atol=1e-6)


def _sizes(stream):
    items = []
    stream.visititems(lambda name, item: items.append(item))
    return [item.nbytes for item in items if isinstance(item, h5py.Dataset)]


def test_a_run_of_another_backbone_is_an_error(source, row, tmp_path):
    path = write_run(source, row, tmp_path, backbone="resnet50")
    with pytest.raises(ConfigError, match=r"tiny\. Received: .*, a run of resnet50"):
        find_weights("tiny", row, str(path))


def test_a_folder_that_is_no_run_is_an_error(row, tmp_path):
    with pytest.raises(ConfigError, match="must hold config"):
        find_weights("tiny", row, str(tmp_path))


@pytest.fixture
def other(tmp_path):
    """A network of the same kinds of layers, in other shapes."""
    x = inputs = keras.Input((32, 32, 3))
    for filters in (8, 16, 16):
        x = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = keras.layers.BatchNormalization()(x)
    return keras.Model(inputs, x)


@pytest.mark.parametrize("kind", ["a.weights.h5", "legacy.h5", "backbone.h5", "backbone.keras"])
def test_another_network_is_one_clear_line(row, other, tmp_path, kind):
    path = write(other, row, kind, tmp_path)
    with pytest.raises(ConfigError) as error:
        load_weights(build_backbone(row, 32), "tiny", find_weights("tiny", row, str(path)))
    for part in (str(path), "must be those of tiny", "Received: ", "--backbone", "--weights"):
        assert part in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", ["a.weights.h5", "legacy.h5"])
def test_a_file_that_lacks_a_layer_is_an_error(source, row, tmp_path, kind):
    path = write(source, row, kind, tmp_path)
    with h5py.File(path, "r+") as stream:
        groups = []
        stream.visit(groups.append)
        deepest = max((g for g in groups if "conv" in g and "vars" not in g), key=len)
        del stream[deepest]
    with pytest.raises(ConfigError, match="must be those of tiny"):
        load_weights(build_backbone(row, 32), "tiny", find_weights("tiny", row, str(path)))


def test_values_that_are_no_numbers_are_an_error(source, row, tmp_path):
    source.get_layer("block2_conv").kernel.assign(np.full((3, 3, 16, 16), np.nan))
    path = write(source, row, "a.weights.h5", tmp_path)
    with pytest.raises(ConfigError, match="no numbers for 1 of its weights, block2_conv/kernel"):
        load_weights(build_backbone(row, 32), "tiny", find_weights("tiny", row, str(path)))


def test_a_layer_that_keras_skips_in_silence_is_an_error(source, row, tmp_path, monkeypatch):
    path = write(source, row, "a.weights.h5", tmp_path)
    backbone = build_backbone(row, 32)
    monkeypatch.setattr(backbone, "load_weights", lambda _: None)
    with pytest.raises(ConfigError, match="no numbers for 15 of its weights"):
        load_weights(backbone, "tiny", find_weights("tiny", row, str(path)))


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["a.weights.h5", "legacy.h5", "model.keras"])
@pytest.mark.parametrize("damage", ["cut", "text"])
def test_a_damaged_file_is_one_clear_line(source, row, tmp_path, kind, damage):
    path = write(source, row, kind, tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] if damage == "cut" else b"<html>404</html>")
    with pytest.raises(ConfigError) as error:
        load_weights(build_backbone(row, 32), "tiny", find_weights("tiny", row, str(path)))
    assert f"The weights in {path} must be those of tiny" in str(error.value)
    assert "\n" not in str(error.value)


# Real networks


@pytest.mark.slow  # it builds EfficientNetB0 four times
def test_efficientnet_files_of_every_origin_give_the_same_function(tmp_path, randomize):
    """Trap 1: the graph that a file was saved from may lack the rescaling; ours never does."""
    row = BACKBONES["efficientnetb0"]
    plain = keras.applications.EfficientNetB0(
        weights=None, include_top=False, input_shape=(32, 32, 3)
    )
    randomize(plain)
    plain.save_weights(tmp_path / "plain.weights.h5")
    save_legacy(plain, tmp_path / "download.h5")
    backbone = build_backbone(row, 32)
    weights = Weights(kind="file", file=tmp_path / "download.h5")
    load_weights(backbone, "efficientnetb0", weights)
    expected = np.asarray(backbone(IMAGES))
    backbone.save_weights(tmp_path / "ours.weights.h5")
    assert np.isfinite(expected).all()
    assert not np.allclose(expected, np.asarray(plain(IMAGES)), rtol=0.01)
    for name in ("plain.weights.h5", "ours.weights.h5"):
        load_weights(backbone, "efficientnetb0", Weights(kind="file", file=tmp_path / name))
        np.testing.assert_array_equal(np.asarray(backbone(IMAGES)), expected, err_msg=name)


@pytest.mark.thorough
@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder shared is not beside the checkout")
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("mobilenetv3small", "mobilenet_v3_small_224_imagenet_notop.weights.h5"),
        ("mobilenetv2", "mobilenet_v2_1.0_224_imagenet_notop.weights.h5"),
    ],
)
def test_real_files_give_the_function_of_keras(name, file, source):
    row = BACKBONES[name]
    backbone = build_backbone(row, 96)
    load_weights(backbone, name, find_weights(name, row, str(SHARED / file)))
    theirs = getattr(keras.applications, row.build)(
        weights=str(SHARED / file), include_top=False, input_shape=(96, 96, 3)
    )
    pixels = np.random.default_rng(0).uniform(-1, 1, (2, 96, 96, 3)).astype("float32")
    np.testing.assert_allclose(backbone(pixels), theirs(pixels), rtol=1e-5, atol=1e-5)
    with pytest.raises(ConfigError, match="must be those of tiny"):
        load_weights(source, "tiny", Weights(kind="file", file=SHARED / file))
