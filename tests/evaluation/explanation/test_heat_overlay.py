import numpy as np
import pytest

from keras_transfer.evaluation.explanation.heat_overlay import (
    enlarge_heat,
    enlarge_square,
    lay_heat,
)


def test_a_place_of_the_map_lies_in_the_middle_of_its_part_of_the_square():
    heat = np.zeros((7, 7), np.float32)
    heat[1, 5] = 1
    found = enlarge_heat(heat, 224)
    assert found.shape == (224, 224)
    assert (found.min(), found.max() <= 1) == (0, True)
    rows, columns = np.nonzero(found > 0.9 * found.max())
    middle = 1.5 * 32 - 0.5, 5.5 * 32 - 0.5
    assert (rows.mean(), columns.mean()) == pytest.approx(middle, abs=0.5)


def test_only_what_is_hot_is_coloured():
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    heat = np.zeros((8, 8))
    heat[0, 0] = 1
    found = lay_heat(pixels, heat).astype(int)
    assert found.shape == (64, 64, 3)
    assert (found[32:] == found[32:, :, :1]).all()  # gray
    assert (found[:6, :6, 0] > found[:6, :6, 2] + 50).all()
    cold = lay_heat(pixels, np.zeros((8, 8)))
    assert (cold == cold[..., :1]).all()
    assert lay_heat(pixels, heat, 128).shape == (128, 128, 3)


def test_few_pixels_stay_visible():
    pixels = np.array([[[0, 0, 0], [255, 0, 0]], [[0, 255, 0], [0, 0, 255]]], np.uint8)
    found = enlarge_square(pixels, 100)
    assert {*map(tuple, found.reshape(-1, 3).tolist())} == {
        *map(tuple, pixels.reshape(-1, 3).tolist())
    }
