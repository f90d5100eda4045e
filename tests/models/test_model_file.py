"""model.keras opens in older Keras, and says by itself how it is used."""

import dataclasses
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from keras_transfer.config.sections.head_settings import HeadConfig
from keras_transfer.models.backbones.backbone_row import Backbone
from keras_transfer.models.build_model import build_backbone, build_model
from keras_transfer.models.graphs.vision_transformer import Transformer, build_vision_transformer
from keras_transfer.models.model_file import (
    OLDEST_KERAS,
    drop_newer_keys,
    read_notes,
    write_model,
)

# Each kind of layer that the backbones have -> the keys that Keras 3.4.1 writes and reads of it;
# of an InputLayer it takes any.
KNOWN = json.loads((Path(__file__).parent / "keras_3_4_keys.json").read_text())
NOTES = {"class_names": ["1", "10", "ü"], "resize": "pad"}


def build_every_kind_of_layer():
    """Chain the layers of all backbones but those that `build_model` adds."""
    from keras.src.applications.convnext import LayerScale

    layers = keras.layers
    x = images = keras.Input((32, 32, 3))
    x = layers.Normalization(mean=0.0, variance=1.0)(layers.ZeroPadding2D()(x))
    x = layers.DepthwiseConv2D(3)(
        layers.Conv2D(4, 3, kernel_initializer=keras.initializers.VarianceScaling())(x)
    )
    x = layers.MaxPooling2D()(layers.LayerNormalization(axis=-1)(x))
    x = LayerScale(1e-6, 4)(layers.BatchNormalization()(keras.Sequential([layers.ReLU()])(x)))
    scaled = layers.Reshape((1, 1, 4))(
        layers.GlobalAveragePooling2D()(layers.Activation("silu")(x))
    )
    x = layers.Add()([x, layers.Multiply()([x, layers.Dense(4)(scaled)])])
    return keras.Model(images, layers.Dropout(0.1)(x) * 2.0 + 3.0)


@pytest.fixture
def model(tiny_row):
    caffe = dataclasses.replace(tiny_row, preprocess="caffe")
    return build_model(caffe, build_backbone(caffe, 32), 3, HeadConfig(hidden=4, batch_norm=True))


def build_transformer(**changes):
    shape = Transformer(16, blocks=1, heads=2, width=8, mlp_width=12, **changes)
    row = Backbone(build=lambda side: build_vision_transformer(shape, side), image_size=32)
    return build_model(row, build_backbone(row, 32), 3, HeadConfig())


def read_config(file):
    with zipfile.ZipFile(file) as archive:
        return json.loads(archive.read("config.json"))


def list_objects(node):
    """Yield the name and the keys of each object in a config."""
    if isinstance(node, dict):
        if "class_name" in node and node["class_name"] != "__keras_tensor__":
            yield node["class_name"], set(node["config"])
        node = list(node.values())
    for each in node if isinstance(node, list) else []:
        yield from list_objects(each)


@pytest.mark.parametrize("name", ["model", "layers", "transformer"])
def test_no_key_is_written_that_the_oldest_keras_refuses(model, tmp_path, name):
    """It fails where a new Keras writes a new key: give it its row in NEWER_KEYS."""
    made = {"layers": build_every_kind_of_layer, "transformer": build_transformer}
    written = made.get(name, lambda: model)()
    write_model(written, tmp_path / "m.keras", NOTES)
    found = list(list_objects(read_config(tmp_path / "m.keras")))
    assert len(found) > 20
    refused = {(kind, *sorted(keys - {*KNOWN[kind]})) for kind, keys in found if kind in KNOWN}
    assert {row for row in refused if len(row) > 1} == set()
    assert {kind for kind, _ in found if kind not in KNOWN} <= {"Add", "Multiply"}


def test_a_key_that_is_not_at_its_default_stays():
    layer = keras.layers.BatchNormalization(renorm=True, renorm_momentum=0.5, name="odd")
    settings = drop_newer_keys(keras.saving.serialize_keras_object(layer))["config"]
    assert (settings["renorm"], settings["renorm_momentum"]) == (True, 0.5)


def test_the_written_model_is_the_model(model, tmp_path):
    write_model(model, tmp_path / "m.keras", NOTES)
    assert [file.name for file in tmp_path.iterdir()] == ["m.keras"]
    loaded = keras.models.load_model(tmp_path / "m.keras")
    images = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    np.testing.assert_array_equal(np.asarray(loaded(images)), np.asarray(model(images)))
    assert loaded.input_shape == (None, 32, 32, 3)


def test_what_is_said_of_a_model_is_read_again(model, tmp_path):
    write_model(model, tmp_path / "m.keras", NOTES)
    assert read_notes(tmp_path / "m.keras") == NOTES
    keras.models.load_model(tmp_path / "m.keras").save(tmp_path / "again.keras")
    assert read_notes(tmp_path / "again.keras") == {}


def test_a_write_that_fails_leaves_the_former_file(model, tmp_path):
    (tmp_path / "m.keras").write_bytes(b"former")
    with pytest.raises(TypeError):
        write_model(model, tmp_path / "m.keras", {"class_names": object()})
    assert [file.name for file in tmp_path.iterdir()] == ["m.keras"]
    assert (tmp_path / "m.keras").read_bytes() == b"former"


PREDICT = """
import sys; sys.path.insert(0, "old")
import keras, numpy as np
assert keras.__version__.startswith(sys.argv[1] + "."), keras.__version__
np.save("found.npy", keras.models.load_model("m.keras").predict(np.load("images.npy"), verbose=0))
"""


@pytest.mark.thorough
@pytest.mark.parametrize(
    "kind",
    [
        "convolutions",
        *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("class token", "mean of tokens")),
    ],
)
def test_the_oldest_keras_gives_the_same_answers(model, randomize, tmp_path, kind):
    if kind == "class token":
        model = build_transformer(activation="quick_gelu", pre_norm=True)
    elif kind == "mean of tokens":
        model = build_transformer(class_token=False)
    randomize(model)
    write_model(model, tmp_path / "m.keras", NOTES)
    images = np.random.default_rng(0).uniform(0, 255, (4, 32, 32, 3)).astype("float32")
    np.save(tmp_path / "images.npy", images)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", "old"]
    asked = subprocess.run(
        [*pip, f"keras~={OLDEST_KERAS}.0"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode:
        pytest.skip(f"Keras {OLDEST_KERAS} cannot be installed: {asked.stderr[-200:]}")
    ended = subprocess.run(
        [sys.executable, "-c", PREDICT, OLDEST_KERAS],
        cwd=tmp_path,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    wanted = model.predict(images, verbose=0)
    assert np.ptp(wanted, axis=0).max() > 0.01
    np.testing.assert_allclose(np.load(tmp_path / "found.npy"), wanted, atol=1e-5)
