"""Pictures are functions of (seed, index), and vary as they should."""

import subprocess
import sys

import numpy as np
import pytest

from keras_transfer.pretrain import formula_pictures
from keras_transfer.pretrain.formula_pictures import draw_pictures
from keras_transfer.pretrain.formula_shapes import SHAPES, TEXTURES

# Green of four pixels of pictures 0 to 15 of seed 0 at 64 pixels, when the weights were made
DRAWN = [
    [79, 141, 129, 81],
    [0, 199, 158, 198],
    [103, 215, 184, 108],
    [111, 123, 236, 226],
    [73, 66, 252, 243],
    [76, 37, 63, 80],
    [255, 243, 229, 182],
    [158, 215, 201, 68],
    [221, 212, 216, 204],
    [204, 71, 175, 194],
    [69, 110, 109, 79],
    [91, 35, 153, 54],
    [61, 50, 50, 61],
    [151, 207, 63, 25],
    [137, 170, 149, 127],
    [86, 81, 103, 78],
]


def test_a_picture_is_a_function_of_seed_and_index():
    first, again = draw_pictures(1, [4, 5], 64), draw_pictures(1, [2, 5, 9], 64)
    np.testing.assert_array_equal(first[1], again[1])
    others = [first[0], draw_pictures(2, [5], 64)[0]]
    assert all((first[1] != other).mean() > 0.5 for other in others)


def test_the_pictures_are_those_that_the_bundled_weights_were_made_of():
    """To a level: another processor or version of NumPy may round otherwise."""
    pixels = draw_pictures(0, range(len(DRAWN)), 64)
    np.testing.assert_allclose(pixels[:, 31, 8::16, 1], DRAWN, rtol=0, atol=1)


@pytest.mark.thorough
@pytest.mark.parametrize("size", [32, 97, 112])
def test_sizes_and_ranges(size):
    pictures = draw_pictures(0, range(60), size)
    assert pictures.shape == (60, size, size, 3)
    assert pictures.dtype == np.uint8
    assert pictures.std(axis=(1, 2, 3)).min() > 1  # none is empty


@pytest.mark.parametrize(("table", "functions"), [("TEXTURES", TEXTURES), ("SHAPES", SHAPES)])
def test_every_texture_and_every_shape_occurs(monkeypatch, table, functions):
    used = set()

    def record(function):
        return lambda *arguments: used.add(function) or function(*arguments)

    monkeypatch.setattr(formula_pictures, table, [record(function) for function in functions])
    draw_pictures(3, range(len(DRAWN)), 32)
    assert used == set(functions)


@pytest.mark.parametrize("draw", TEXTURES, ids=lambda draw: draw.__name__)
def test_tones_fill_the_picture_and_its_range(draw):
    fields = [draw(np.random.default_rng(seed), 48) for seed in range(20)]
    assert {field.shape for field in fields} == {(48, 48)}
    assert np.isfinite(fields).all()
    assert -0.2 < np.min(fields) < 0.2
    assert 0.8 < np.max(fields) < 1.2


@pytest.mark.parametrize("trace", SHAPES, ids=lambda trace: trace.__name__)
def test_outlines_stay_within_reach(trace):
    random = np.random.default_rng(0)
    for _ in range(50):
        points = np.concatenate(trace(random))
        assert np.isfinite(points).all()
        assert 0.2 < np.abs(points).max() < 2


def test_only_numpy_and_pillow_are_needed():
    code = (
        "import sys; import keras_transfer.pretrain.formula_pictures; "
        "print([m for m in ('tensorflow', 'keras', 'scipy', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
