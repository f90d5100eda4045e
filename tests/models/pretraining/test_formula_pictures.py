"""Pictures are functions of (seed, index), and vary as they should."""

import subprocess
import sys

import numpy as np
import pytest

from keras_transfer.models.pretraining.formula_pictures import NUMBERS, draw_pictures
from keras_transfer.models.pretraining.formula_shapes import SHAPES, TEXTURES


def test_a_picture_is_a_function_of_seed_and_index():
    first, again = draw_pictures(1, [4, 5], 64), draw_pictures(1, [2, 5, 9], 64)
    for part, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(part[1], other[1])
    others = [first.pixels[0], draw_pictures(2, [5], 64).pixels[0]]
    assert all((first.pixels[1] != other).mean() > 0.5 for other in others)


@pytest.mark.parametrize("size", [32, 97, 112])
def test_shapes_and_ranges(size):
    pictures = draw_pictures(0, range(60), size)
    assert pictures.pixels.shape == (60, size, size, 3)
    assert pictures.pixels.dtype == np.uint8
    assert pictures.numbers.shape == (60, NUMBERS)
    assert np.nanmax(np.abs(pictures.numbers)) < 1.6
    assert pictures.pixels.std(axis=(1, 2, 3)).min() > 1  # none is empty


def test_every_texture_and_shape_occurs_and_every_number_is_said():
    pictures = draw_pictures(3, range(200), 32)
    assert set(pictures.texture.tolist()) == set(range(len(TEXTURES)))
    assert set(pictures.shape.tolist()) == set(range(len(SHAPES)))
    assert not np.isnan(pictures.numbers).all(axis=0).any()


@pytest.mark.parametrize("name", SHAPES)
def test_outlines_stay_within_reach(name):
    random = np.random.default_rng(0)
    for _ in range(50):
        outlines, about = SHAPES[name](random)
        points = np.concatenate(outlines)
        assert np.isfinite(points).all()
        assert 0.2 < np.abs(points).max() < 2
        assert np.abs(about).max() < 1.6


def test_only_numpy_and_pillow_are_needed():
    code = (
        "import sys; import keras_transfer.models.pretraining.formula_pictures; "
        "print([m for m in ('tensorflow', 'keras', 'scipy', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
