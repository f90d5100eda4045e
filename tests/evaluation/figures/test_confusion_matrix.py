import numpy as np
import pytest
from answers import answer, draw_predictions, make_predictions

from keras_transfer.evaluation.figures.confusion_matrix import (
    build_confusion_matrix,
    draw_confusion_matrix,
)


def test_cells_hold_the_count_and_the_share_of_the_true_class():
    predictions = make_predictions([0] * 3 + [1] * 2, np.eye(2)[[0, 0, 1, 1, 1]], ("ants", "bees"))
    axes = build_confusion_matrix(predictions, "digits").axes[0]
    cells = {text.get_position(): text.get_text() for text in axes.texts}  # (column, row)
    assert cells == {(0, 0): "2\n67%", (1, 0): "1\n33%", (0, 1): "0\n0%", (1, 1): "2\n100%"}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("prediction", "truth")
    np.testing.assert_allclose(axes.images[0].get_array(), [[2 / 3, 1 / 3], [0, 1]])


def test_a_share_is_called_all_or_none_only_where_it_is():
    truth, prediction = [0] * 300 + [1], [0] * 299 + [1] + [1]
    axes = build_confusion_matrix(make_predictions(truth, np.eye(2)[prediction], "ab"), "").axes[0]
    cells = [text.get_text() for text in axes.texts]
    assert cells == ["299\n>99%", "1\n<1%", "0\n0%", "1\n100%"]


def read_labels(axis):
    return [text.get_text() for text in axis.get_ticklabels()]


@pytest.mark.parametrize(("classes", "lines"), [(20, 2), (21, 1), (30, 1)])
def test_every_cell_that_is_not_empty_says_its_count(classes, lines):
    predictions = draw_predictions(classes)
    axes = build_confusion_matrix(predictions, "").axes[0]
    assert read_labels(axes.xaxis) == read_labels(axes.yaxis) == list(predictions.class_names)
    assert {text.get_text().count("\n") + 1 for text in axes.texts} == {lines}
    assert sum(int(text.get_text().split("\n")[0]) for text in axes.texts) == 300
    assert axes.get_title() == ""


def test_of_more_than_thirty_classes_those_confused_most_are_shown_with_the_rest_in_a_column():
    counts = np.diag([5] * 40)
    counts[range(10), range(39, 29, -1)] = 4
    counts[0, 20] = 1
    axes = build_confusion_matrix(answer(counts, [f"class {i}" for i in range(40)]), "").axes[0]
    names = read_labels(axes.yaxis)
    assert names == [f"class {index}" for index in [*range(10), *range(30, 40)]]
    assert read_labels(axes.xaxis) == [*names, "other classes"]
    cells = {text.get_position(): text.get_text() for text in axes.texts}  # (column, row)
    assert cells[19, 0] == "4\n40%"  # class 0 for class 39
    assert cells[20, 0] == "1\n10%"  # and for class 20, which is not shown
    assert (20, 1) not in cells
    assert axes.get_title() == "20 of 40 classes, those confused most; confusion_matrix.csv has all"


def test_classes_fill_a_matrix_without_errors():
    axes = build_confusion_matrix(answer(np.eye(31, dtype=int), [*map(str, range(31))]), "").axes[0]
    assert read_labels(axes.yaxis) == [*map(str, range(20))]


def test_names_that_fit_stay_level_and_long_ones_are_turned_and_shortened():
    short = build_confusion_matrix(draw_predictions(10, name="{}"), "").axes[0]
    assert {text.get_rotation() for text in short.get_xticklabels()} == {0}
    long = build_confusion_matrix(draw_predictions(10, name="a very long name of class {}"), "")
    labels = long.axes[0].get_xticklabels()
    assert {text.get_rotation() for text in labels} == {45}
    assert labels[3].get_text() == "a very long…e of class 3"


def test_the_matrix_grows_with_the_classes_within_limits():
    widths = [
        build_confusion_matrix(draw_predictions(classes), "").get_size_inches()[0]
        for classes in (2, 10, 20, 100, 300)
    ]
    assert widths == sorted(widths)
    assert widths[0] > 5
    assert widths[-1] < 12


@pytest.mark.parametrize(
    "predictions",
    [
        draw_predictions(2),
        draw_predictions(10, name="蜂 $\\no{}$ \n"),
        draw_predictions(100, images=2000),
        make_predictions([], [], ("ants", "bees")),
        make_predictions([0, 0], np.full((2, 2), np.nan), ("ants", "bees")),
    ],
    ids=["2", "10 with odd names", "100", "no images", "NaN"],
)
def test_a_confusion_matrix_is_written(predictions, tmp_path):
    file = tmp_path / "confusion_matrix.png"
    draw_confusion_matrix(predictions, file, r"$\no formula$")
    assert file.read_bytes().startswith(b"\x89PNG")
    assert 10_000 < file.stat().st_size < 1_000_000
