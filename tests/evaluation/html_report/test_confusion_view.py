"""The confusion matrix of a report, and the rows of its classes."""

import numpy as np
from made_pages import make_predictions

from keras_transfer.evaluation.html_report.confusion_view import (
    FEW,
    MOST,
    build_matrix,
    list_classes,
    list_pairs,
)


def test_cells_have_images_and_their_share_of_the_true_class():
    matrix = build_matrix(make_predictions([0, 0, 0, 1, 2], [0, 0, 1, 1, 2]))
    assert matrix.classes == [0, 1, 2]
    first, second, third = matrix.rows
    assert [cell and (cell.images, round(cell.share, 2)) for cell in first.cells] == [
        (2, 0.67),
        (1, 0.33),
        None,
    ]
    assert (first.support, second.support, third.support) == (3, 1, 1)
    assert matrix.left_out == 0


def test_of_many_classes_those_that_are_confused_most_come_first():
    classes = FEW + 1
    truth = np.arange(classes)
    said = truth.copy()
    said[20] = 7
    matrix = build_matrix(make_predictions(truth, said, classes=classes))
    assert matrix.classes[:3] == [7, 20, 0]
    assert matrix.is_turned
    few = build_matrix(make_predictions(truth[:-1], said[:-1], classes=FEW))
    assert few.classes == list(range(FEW))


def test_a_matrix_of_hundreds_of_classes_says_how_many_it_leaves_out():
    classes = MOST + 30
    truth = np.arange(classes)
    matrix = build_matrix(make_predictions(truth, truth, classes=classes))
    assert len(matrix.rows) == len(matrix.rows[0].cells) == MOST
    assert matrix.left_out == 30


def test_pairs_name_their_cells():
    pairs = list_pairs(make_predictions([0, 0, 2, 1], [1, 1, 1, 1]))
    assert [(truth, other, each.images) for truth, other, each in pairs] == [(0, 1, 2), (2, 1, 1)]


def test_the_weakest_class_comes_first_and_one_without_images_last():
    rows = list_classes(make_predictions([0, 0, 2, 2], [0, 0, 2, 0]), {"class 0": 9})
    assert [(row.label, row.training) for row in rows] == [(2, 0), (0, 9), (1, 0)]
