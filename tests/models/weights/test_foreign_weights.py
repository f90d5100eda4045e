"""A file that does not hold the backbone: what is said of it."""

import zipfile

import keras
import pytest

from keras_transfer.models.build_model import build_backbone
from keras_transfer.models.weights.pretrained_weights import find_weights
from keras_transfer.models.weights.weight_loading import load_weights
from keras_transfer.system.errors import ConfigError

pytestmark = pytest.mark.usefixtures("cache")


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
def test_of_another_network_the_first_layer_that_differs_is_named(tmp_path, row, file):
    x = images = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(16, 3, use_bias=False, name="block1_conv")(x)
    x = keras.layers.BatchNormalization(name="block1_bn")(x)
    x = keras.layers.Conv2D(9, 3, use_bias=False, name="block2_conv")(x)
    line = refuse(row, write(keras.Model(images, x), tmp_path / file))
    differs = "first layer that differs: block2_conv, (3, 3, 16, 9) in the file, "
    assert f"{differs}(3, 3, 16, 16) in tiny. " in line
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
