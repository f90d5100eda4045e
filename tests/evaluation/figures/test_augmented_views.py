"""The sheet of views: one tile each, in their own colours, and words where images are mixed."""

import numpy as np
import pytest
from PIL import Image

from keras_transfer.evaluation.figures.augmented_views import build_view_sheet, draw_view_sheet

NAMES = ("ants", "bees")


def make_tiles(side):
    """Two images with three views each: red ones and blue ones."""
    tiles = np.zeros((2, 4, side, side, 3), np.uint8)
    tiles[0, ..., 0] = tiles[1, ..., 2] = 255
    return tiles, np.eye(2, dtype=np.float32)[[[0] * 4, [1] * 4]]


@pytest.mark.parametrize("side", [32, 224])
def test_every_view_is_shown_in_its_colours(side, tmp_path):
    tiles, labels = make_tiles(side)
    draw_view_sheet(tiles, labels, NAMES, tmp_path / "sheet.png", "run")
    pixels = np.asarray(Image.open(tmp_path / "sheet.png").convert("RGB")).astype(int)
    for colour in ([255, 0, 0], [0, 0, 255]):
        share = (np.abs(pixels - colour).sum(axis=2) < 30).sum() / 96**2
        assert 3.5 < share < 5  # four tiles, whatever the layout makes of their size
    axes = build_view_sheet(tiles, labels, NAMES, "run").axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["image", "1", "2", "3"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["ants", "bees"]
    assert not axes.texts


def test_mixed_views_say_of_what_they_are(tmp_path):
    tiles, labels = make_tiles(32)
    labels[0, 2] = [0.25, 0.75]
    axes = build_view_sheet(tiles, labels, NAMES, "run").axes[0]
    said = [text.get_text() for text in axes.texts]
    assert said == ["ants 100%", "bees 75% ants 25%", "ants 100%"] + 3 * ["bees 100%"]
