import keras
import numpy as np
import pytest

from keras_transfer.models.backbones.backbone_table import BACKBONES
from keras_transfer.models.build_model import build_backbone

SMALL = ("cnn5", "danndigits")


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "side", "shape"),
    [("cnn5", 32, (1, 1, 512)), ("cnn5", 224, (7, 7, 512)), ("danndigits", 28, (768,))],
)
def test_features_have_the_shape_that_papers_and_books_give_them(name, side, shape):
    assert build_backbone(BACKBONES[name], side).output.shape[1:] == shape


@pytest.mark.thorough
@pytest.mark.parametrize("name", SMALL)
def test_the_least_size_is_the_least_that_the_layers_can_take(name):
    row = BACKBONES[name]
    assert build_backbone(row, row.least_size).output.shape[-1] >= 48
    with pytest.raises(ValueError, match=r"positive|egative"):
        build_backbone(row, row.least_size - 1)


@pytest.mark.parametrize("name", SMALL)
def test_each_block_is_a_convolution_with_batch_norm(name):
    row, backbone = BACKBONES[name], build_backbone(BACKBONES[name], 32)
    starts = [*row.blocks.values()][1:]
    for start in starts:
        kinds = [type(layer).__name__ for layer in backbone.layers[start : start + 4]]
        assert kinds == ["Conv2D", "BatchNormalization", "ReLU", "MaxPooling2D"]
    convolutions = [x for x in backbone.layers if isinstance(x, keras.layers.Conv2D)]
    assert len(convolutions) == len(starts)


def test_the_digit_network_computes_what_the_paper_draws():
    """Written once more in NumPy: valid 5 x 5 kernels, then maxima of 2 x 2, flattened by rows."""
    backbone = build_backbone(BACKBONES["danndigits"], 28)
    x = np.random.default_rng(0).uniform(0, 1, (1, 28, 28, 3)).astype("float32")
    found = np.array(backbone(x, training=False))
    for number in (1, 2):
        kernel = np.array(backbone.get_layer(f"block{number}_conv").kernel)
        windows = np.lib.stride_tricks.sliding_window_view(x, (5, 5), axis=(1, 2))
        x = np.einsum("brcihw,hwio->brco", windows, kernel) / np.sqrt(1 + 1e-3)  # fresh BatchNorm
        batch, rows, columns, channels = x.shape
        x = np.maximum(x, 0).reshape(batch, rows // 2, 2, columns // 2, 2, channels).max((2, 4))
    np.testing.assert_allclose(found, x.reshape(1, 768), atol=1e-5)
