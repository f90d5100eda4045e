import numpy as np
import pytest
from made_explanations import make_explanation
from PIL import Image

from keras_transfer.evaluation.explanation.heat_figure import (
    TILE,
    build_explanation,
    draw_explanation,
)

NAMES = ("cats", "dogs", "<img src=x onerror=alert(1)>", "a\nb\x1b[31m", "x" * 300)


def list_texts(figure):
    """Return what stands above the tiles, and what below."""
    texts = [text.get_text() for text in figure.texts[1:]]  # without the title of the figure
    return texts[::2], texts[1::2]


def test_the_image_stands_beside_the_heat_of_its_classes_with_their_probability():
    figure = build_explanation(make_explanation(classes=("cats", "dogs"), truth="dogs"), NAMES)
    titles, below = list_texts(figure)
    assert titles == ["photos/a.png", "cats 0.750", "dogs 0.750"]
    assert below[0] == "truth: dogs"
    assert below[1].startswith("predicted: ")
    assert below[2].startswith("the truth: ")
    tiles = [image.get_array() for image in figure.images]
    assert [tile.shape for tile in tiles] == [(TILE, TILE, 3)] * 3
    assert (tiles[0] == 128).all()


def test_tiles_are_drawn_pixel_by_pixel(tmp_path):
    explanation = make_explanation(classes=("cats", "dogs"))
    draw_explanation(explanation, tmp_path / "heat.png", NAMES)
    with Image.open(tmp_path / "heat.png") as picture:
        drawn = np.asarray(picture.convert("RGB"))
    for image in build_explanation(explanation, NAMES).images:
        bottom = len(drawn) - int(image.oy)
        found = drawn[bottom - TILE : bottom, int(image.ox) : int(image.ox) + TILE]
        np.testing.assert_array_equal(found, image.get_array())


def test_what_is_not_known_is_not_said():
    _, below = list_texts(build_explanation(make_explanation(), NAMES))
    assert below[0] == ""
    _, below = list_texts(build_explanation(make_explanation(truth="cats"), NAMES))
    assert below[1].startswith("predicted, and true: ")


def test_a_class_that_nothing_speaks_for_is_said():
    _, below = list_texts(build_explanation(make_explanation(heat=0.0), NAMES))
    assert below[1] == "predicted: nothing speaks for it"


@pytest.mark.parametrize("name", NAMES[2:])
def test_odd_names_are_drawn_as_text(name):
    figure = build_explanation(make_explanation(f"a/{name}.png", (name,), name), NAMES)
    titles, below = list_texts(figure)
    assert "\x1b" not in "".join(titles + below)
    assert max(map(len, below)) < 60
    assert titles[1].replace("\n", "").endswith("0.750")
    assert titles[1].count("\n") < 4
