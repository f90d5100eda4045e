"""A tile of a figure shows what the network sees, at any size."""

import numpy as np
import pytest
from PIL import Image

from keras_transfer.config.sections.data_settings import DataConfig
from keras_transfer.images.drawing import draw_image


@pytest.mark.parametrize("resize", ["crop", "pad", "stretch"])
def test_a_tile_smaller_than_the_network_shows_the_same_square(resize, tmp_path):
    rows, columns = np.mgrid[0:300, 0:500]
    pixels = np.stack([columns / 2, rows / 2, 128 + 60 * np.sin(columns / 40)], axis=2)
    Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "wide.png")
    config = DataConfig(image_size=224, resize=resize)
    seen, tile = (draw_image(tmp_path / "wide.png", side, config) for side in (224, 56))
    assert (seen.shape, tile.shape) == ((224, 224, 3), (56, 56, 3))
    reduced = seen.astype(float).reshape(56, 4, 56, 4, 3).mean(axis=(1, 3))
    inner = slice(2, -2)  # at edges each filter has its own way
    if resize == "pad":  # black above and below
        inner = slice(14, -14)
    assert np.abs(reduced - tile)[inner, 2:-2].max() < 4


def test_few_pixels_of_a_network_stay_visible(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "small.png")
    tile = draw_image(tmp_path / "small.png", 64, DataConfig(image_size=32))
    assert (tile[::2, ::2] == noise).all()
    assert (tile[1::2, 1::2] == noise).all()
