"""The numbers of each class, what it is taken for, and their tables."""

import math

import numpy as np
import pytest
from answers import answer

from keras_transfer.evaluation.class_scores import (
    list_confusions,
    score_classes,
    sort_weakest,
    write_class_tables,
)
from keras_transfer.evaluation.metrics import f1_interval, wilson_interval
from keras_transfer.run.predictions_csv import join_predictions
from keras_transfer.run.run_files import RunFiles
from keras_transfer.system.files.atomic_files import read_table

COUNTS = [[6, 3, 1], [0, 8, 0], [2, 2, 0]]


def test_a_class_has_its_numbers_and_what_it_is_taken_for():
    first, second, third = score_classes(answer(COUNTS, "abc"))
    assert (first.name, first.support, first.confused_with, first.confused_images) == (
        *("a", 10),
        *("b", 3),
    )
    assert (first.precision, first.recall, first.f1) == pytest.approx((6 / 8, 6 / 10, 12 / 18))
    assert first.recall_interval == wilson_interval(6, 10)
    assert first.f1_interval == f1_interval(6, 10, 8)
    assert (second.confused_with, second.confused_images) == (None, 0)
    assert (third.f1, third.confused_with) == (0, "a")  # of equal ones the first


def test_the_interval_of_f1_holds_it_and_is_open_where_there_are_no_images():
    low, high = f1_interval(6, 10, 8)
    assert 0 < low < 12 / 18 < high < 1
    assert f1_interval(0, 0, 0) == (0, 1)
    assert f1_interval(0, 5, 0)[0] == 0
    assert f1_interval(5, 5, 5)[1] == 1
    narrow = f1_interval(600, 1000, 800)
    assert narrow[1] - narrow[0] < (high - low) / 5


@pytest.mark.parametrize(("recall", "precision"), [(0.9, 0.6), (0.5, 0.5)])
def test_the_interval_of_f1_holds_the_truth_as_often_as_it_says(recall, precision):
    """Drawn: 60 images of a class, and others that are called so."""
    random = np.random.default_rng(0)
    right = random.binomial(60, recall, 2000)
    wrong = random.poisson(60 * recall * (1 - precision) / precision, 2000)
    truth = 2 * recall / (1 + recall / precision)
    ends = [f1_interval(int(r), 60, int(r + w)) for r, w in zip(right, wrong, strict=True)]
    assert np.mean([low <= truth <= high for low, high in ends]) > 0.93


def test_pairs_are_sorted_by_images_then_by_their_share_and_have_a_direction():
    pairs = list_confusions(answer(COUNTS, "abc"))
    assert [(each.truth, each.prediction, each.images) for each in pairs] == [
        ("a", "b", 3),
        ("c", "a", 2),
        ("c", "b", 2),
        ("a", "c", 1),
    ]
    assert math.isclose(pairs[0].share, 0.3)
    assert len(list_confusions(answer(COUNTS, "abc"), 2)) == 2
    assert list_confusions(answer([[1, 0], [0, 1]], "ab")) == []


def test_the_weakest_class_is_that_with_the_lowest_f1_of_those_with_images():
    scores = score_classes(answer([[6, 3, 1, 0], [0, 8, 0, 0], [2, 2, 0, 0], [0] * 4], "abcd"))
    assert [each.name for each in sort_weakest(scores)] == ["c", "a", "b"]


def test_tables_hold_every_class_of_every_split(tmp_path):
    parts = [answer(COUNTS, ("a", "b,\n", "c"), name) for name in ("validation", "test")]
    write_class_tables(join_predictions(parts), tmp_path)
    table = read_table(RunFiles(tmp_path).per_class_file)
    assert table["split"] == ["validation"] * 3 + ["test"] * 3
    assert table["class"] == ["a", "b,\n", "c"] * 2
    assert table["confused_with"][:3] == ["b,\n", "", "a"]
    assert table["confused_images"][:3] == ["3", "0", "2"]
    assert table["support"][:3] == ["10", "8", "4"]
    low, recall, high = (float(table[name][0]) for name in ("recall_low", "recall", "recall_high"))
    assert low < recall == 0.6 < high
    matrix = read_table(RunFiles(tmp_path).confusion_file)
    assert matrix["truth"] == table["class"]
    for column, name in enumerate(("a", "b,\n", "c")):
        wanted = [row[column] for row in COUNTS] * 2
        assert [int(cell) for cell in matrix[f"predicted_{name}"]] == wanted
