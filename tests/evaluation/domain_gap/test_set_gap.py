import numpy as np

from keras_transfer.evaluation.domain_gap import set_gap
from keras_transfer.evaluation.domain_gap.gap_measures import DomainGap
from keras_transfer.evaluation.domain_gap.set_gap import SetGap, gap_of_rows, number_classes


def test_one_name_in_two_encodings_is_one_class():
    classes = np.array(["b", "", "é", "e\u0301"], object)
    names, labels = number_classes(classes)
    assert names == ["b", "é"]
    assert labels.tolist() == [0, -1, 1, 1]


def test_classes_that_are_numbers_are_in_their_order():
    assert number_classes(np.array(["10", "9"], object))[0] == ["9", "10"]


def measure(*classes):
    vectors = np.eye(6, dtype=np.float32)[[0, 1, 2, 0, 1, 2]]
    rows = np.arange(3), np.arange(3, 6)
    return gap_of_rows(vectors, np.array(classes, object), *rows).neighbour_accuracy


def test_neighbours_are_asked_where_the_source_has_every_class_of_the_target():
    assert measure("a", "b", "c", "a", "b", "a") == 2 / 3
    assert measure("a", "b", "c", "a", "b", "d") is None
    assert measure("a", "b", "c", "a", "b", "") is None
    assert measure("a", "b", "", "a", "b", "a") is None


def test_at_most_a_thousand_of_each_are_measured(monkeypatch):
    monkeypatch.setattr(set_gap, "MOST", 5)
    vectors = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
    gap = gap_of_rows(vectors, np.full(30, "", object), np.arange(10), np.arange(10, 30))
    assert (gap.source_images, gap.target_images) == (5, 5)


def test_the_line_says_against_what_and_who_saw_it():
    gap = SetGap(against="B", network="N", gap=DomainGap(0.1, 0.1, 1.0, None, 2, 2))
    assert gap.describe() == f"{gap.gap.describe()}, against B as N sees them"
    assert gap.as_json() == {"against": "B", "network": "N", **gap.gap.as_json()}
