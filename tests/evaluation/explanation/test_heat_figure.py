import pytest
from made_explanations import make_explanation

from keras_transfer.evaluation.explanation.heat_figure import DPI, TILE, build_explanation

NAMES = ("cats", "dogs", "<img src=x onerror=alert(1)>", "a\nb\x1b[31m", "x" * 300)


def list_texts(figure):
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    return titles, [text.get_text() for text in figure.texts[1:]]  # without the title


def test_the_image_stands_beside_the_heat_of_its_classes_with_their_probability():
    figure = build_explanation(make_explanation(classes=("cats", "dogs"), truth="dogs"), NAMES)
    titles, below = list_texts(figure)
    assert titles == ["photos/a.png", "cats 0.750", "dogs 0.750"]
    assert below[0] == "truth: dogs"
    assert below[1].startswith("predicted: ")
    assert below[2].startswith("the truth: ")
    tiles = [axes.get_images()[0].get_array() for axes in figure.axes]
    assert [tile.shape for tile in tiles] == [(TILE, TILE, 3)] * 3
    assert (tiles[0] == 128).all()
    width, height = figure.get_size_inches() * DPI
    for axes in figure.axes:  # a pixel of the tile is one of the PNG
        box = axes.get_position()
        assert (box.width * width, box.height * height) == pytest.approx((TILE, TILE))


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
