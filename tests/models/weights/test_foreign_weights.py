"""A file that holds more, less or other than the backbone alone: what is said of it."""

import zipfile

import keras
import pytest

from keras_transfer.models.build_model import build_backbone
from keras_transfer.models.weights.pretrained_weights import find_weights
from keras_transfer.models.weights.weight_loading import load_weights
from keras_transfer.system.errors import ConfigError

pytestmark = pytest.mark.usefixtures("cache")


def build_nested(base):
    """Build the model of Keras' guide to transfer learning."""
    images = keras.Input((32, 32, 3))
    x = base(keras.layers.Rescaling(1 / 127.5, -1.0)(images))
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, keras.layers.Dense(5, name="my_head")(x))


def build_sequential(base):
    pooled = keras.layers.GlobalAveragePooling2D()
    return keras.Sequential(
        [keras.Input((32, 32, 3)), base, pooled, keras.layers.Dense(5, name="my_head")]
    )


def build_flat(base):
    x = keras.layers.GlobalAveragePooling2D()(base.output)
    return keras.Model(base.input, keras.layers.Dense(5, name="my_head")(x))


def write(model, file):
    model.save_weights(file) if file.name.endswith(".weights.h5") else model.save(file)
    return file


def refuse(row, file):
    """Return the one line that is said of a file."""
    with pytest.raises(ConfigError) as refused:
        load_weights(build_backbone(row, 32), "tiny", find_weights("tiny", row, str(file)))
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("file", ["m.weights.h5", "m.h5", "m.keras"])
@pytest.mark.parametrize("build", [build_nested, build_sequential])
def test_a_right_backbone_inside_another_model_is_not_blamed(source, row, tmp_path, build, file):
    source.name = "my_base"
    line = refuse(row, write(build(source), tmp_path / file))
    for part in (
        "all 6 layers with weights of tiny in the nested model 'my_base'",
        ", and 1 more: my_head (16 x 5)",
        "The backbone is right",
        "model.get_layer('my_base').save_weights('tiny.weights.h5')",
    ):
        assert part in line
    assert "--backbone" not in line


def test_the_advice_for_a_nested_backbone_works(source, row, tmp_path):
    source.name = "my_base"
    model = build_nested(source)
    model.get_layer("my_base").save_weights(tmp_path / "tiny.weights.h5")
    backbone = build_backbone(row, 32)
    file = tmp_path / "tiny.weights.h5"
    load_weights(backbone, "tiny", find_weights("tiny", row, str(file)))


def test_a_right_backbone_with_its_head_is_not_blamed(source, row, tmp_path):
    line = refuse(row, write(build_flat(source), tmp_path / "m.h5"))
    assert "all 6 layers with weights of tiny, and 1 more: my_head (16 x 5)" in line
    assert "The backbone is right" in line
    assert "--backbone" not in line


@pytest.mark.parametrize("file", ["m.weights.h5", "m.h5", "m.keras"])
def test_of_another_network_the_first_layer_that_differs_is_named(tmp_path, row, file):
    x = images = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(16, 3, use_bias=False, name="block1_conv")(x)
    x = keras.layers.BatchNormalization(name="block1_bn")(x)
    x = keras.layers.Conv2D(9, 3, use_bias=False, name="block2_conv")(x)
    line = refuse(row, write(keras.Model(images, x), tmp_path / file))
    differs = "The first layer that differs is block2_conv (3 x 3 x 16 x 16) of tiny; "
    assert f"{differs}the nearest of 3 in the file is block2_conv (3 x 3 x 16 x 9)" in line
    assert "--backbone" in line


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.pt", b"x", "weights of PyTorch"),
        ("a.safetensors", b"x", "weights of another library"),
        ("a.tflite", b"x", "a TFLite model"),
        ("a.onnx", b"x", "an ONNX model"),
        ("a.h5", b"<html>404</html>", "a web page: the download failed"),
        ("a.h5", b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS"),
        ("a.keras", b"", "an empty file"),
        ("saved/saved_model.pb", b"x", "a part of a SavedModel"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path, row, name, content, said):
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    assert said in refuse(row, file)
    if "/" in name:
        assert "a SavedModel, which" in refuse(row, file.parent)


def test_a_file_under_a_wrong_name_is_told_the_right_one(source, row, tmp_path):
    source.save(tmp_path / "m.keras")
    source.save(tmp_path / "n.h5")
    assert "must end in .h5" in refuse(row, (tmp_path / "n.h5").rename(tmp_path / "n.keras"))
    assert "must end in .keras" in refuse(row, (tmp_path / "m.keras").rename(tmp_path / "m.h5"))
    with zipfile.ZipFile(tmp_path / "t.h5", "w") as archive:
        archive.writestr("archive/data.pkl", b"")
    assert "weights of PyTorch" in refuse(row, tmp_path / "t.h5")
