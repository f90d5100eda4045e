"""Which images a report has in it."""

import base64
import io

import numpy as np
from made_pages import make_predictions
from PIL import Image

from keras_transfer.evaluation.html_report.shown_images import (
    MOST,
    MOST_WRONG,
    SIDE,
    choose_rows,
    draw_shown,
    find_doubted,
)


def test_all_images_are_shown_where_there_is_room_the_worst_first():
    predictions = make_predictions([0, 0, 1, 1], [0, 1, 1, 1], [0.7, 0.6, 0.9, 0.5])
    rows = choose_rows(predictions).tolist()
    assert rows[0] == 1
    assert sorted(rows) == [0, 1, 2, 3]


def test_every_pair_that_is_confused_has_images_before_any_has_many():
    truth, said = [0] * 5000 + [1] * 3, [1] * 5000 + [2] * 3
    confidence = np.linspace(0.99, 0.6, 5003)  # the three are less wrong than all others
    rows = choose_rows(make_predictions(truth, said, confidence))
    assert len(rows) == MOST_WRONG
    assert {5000, 5001, 5002} <= {*rows[:8].tolist()}


def test_a_part_of_the_room_is_kept_for_images_that_are_right():
    truth = np.repeat([0, 1], 5000)
    said = np.where(np.arange(10_000) % 2, truth, 2)
    rows = choose_rows(make_predictions(truth, said))
    right = truth[rows] == said[rows]
    assert len(rows) == MOST
    assert (~right).sum() == MOST_WRONG
    assert {0, 1} == {*truth[rows][right].tolist()}


def test_no_image_no_row():
    assert len(choose_rows(make_predictions([], []))) == 0


def test_thumbnails_are_pictures_and_lost_files_are_none(tmp_path):
    tile = np.full((SIDE, SIDE, 3), (200, 30, 30), np.uint8)

    def draw(file, side):
        assert side == SIDE
        return tile if file == tmp_path / "1.png" else None

    shown = draw_shown(make_predictions([0, 1], [0, 2], [0.9, 0.8]), tmp_path, draw)
    assert shown.rows == [1, 0]
    assert shown.contents[1] == ""
    head, _, code = shown.contents[0].partition(",")
    assert head == "data:image/jpeg;base64"
    found = np.asarray(Image.open(io.BytesIO(base64.b64decode(code))))
    assert np.abs(found.astype(int) - tile).max() < 12


def test_a_page_that_is_full_takes_no_more_images(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3)).astype(np.uint8)
    predictions = make_predictions([0] * 40, [1] * 40)
    shown = draw_shown(predictions, tmp_path, lambda file, side: noise, most=100_000)
    assert 3 < len(shown.rows) < 40
    assert sum(map(len, shown.contents)) <= 100_000


def test_a_label_is_doubted_where_the_model_is_as_sure_of_another_class_as_usual():
    truth, said = [0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 0, 0]
    confidence = [0.9, 0.9, 0.6, 0.9, 0.95, 0.6]  # 0.8 is usual for class 0
    assert find_doubted(make_predictions(truth, said, confidence)) == [4]


def test_no_label_is_doubted_where_all_are_right():
    assert find_doubted(make_predictions([0, 1], [0, 1])) == []


def test_a_class_without_images_tells_nothing_of_how_sure_is_usual():
    assert find_doubted(make_predictions([0, 0], [0, 2], [0.9, 0.7])) == []
