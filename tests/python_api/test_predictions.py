import numpy as np
import pytest

import keras_transfer as kt
from keras_transfer.evaluation.predict_output import ImagePredictions as Found
from keras_transfer.run import predictions_csv

HOSTILE = "<img src=x>\x1b[31m"
PROBABILITIES = [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.99, 0.01]]


@pytest.fixture
def labelled():
    """Ants, ants, bees and, surely wrong, bees; the second of another split."""
    return kt.Predictions(
        predictions_csv.Predictions(
            paths=np.array(["a.png", "b.png", "c.png", f"{HOSTILE}.png"], object),
            splits=np.array(["test", "validation", "test", "test"], object),
            truth=np.array([0, 1, 1, 1]),
            probabilities=np.array(PROBABILITIES),
            class_names=("ants", "bees"),
        )
    )


@pytest.fixture
def unlabelled():
    return kt.ImagePredictions(
        names=np.array(["a.png", HOSTILE, "c.png"], object),
        probabilities=np.array([[0.9, 0.1], [np.nan, np.nan], [0.2, 0.8]], np.float32),
        reasons=np.array(["", "of no known image format", ""], object),
        class_names=("ants", "bees"),
    )


def test_classes_are_names_in_both_kinds(labelled, unlabelled):
    assert labelled.truth.tolist() == ["ants", "bees", "bees", "bees"]
    assert labelled.prediction.tolist() == ["ants", "ants", "bees", "ants"]
    assert labelled.truth_index.tolist() == [0, 1, 1, 1]
    assert labelled.prediction_index.tolist() == [0, 0, 1, 0]
    assert labelled.probability.tolist() == [0.9, 0.6, 0.8, 0.99]
    assert unlabelled.prediction.tolist() == ["ants", "", "bees"]
    assert unlabelled.prediction_index.tolist() == [0, -1, 1]


def test_what_is_right_is_counted(labelled):
    assert labelled.accuracy() == 0.5
    assert labelled.scores()["images"] == 4
    assert labelled.confusion_matrix().tolist() == [[1, 0], [2, 1]]
    table = labelled.per_class()
    assert list(table["class"]) == ["ants", "bees"]
    assert list(table["support"]) == [1, 3]
    assert list(table["recall"]) == [1, pytest.approx(1 / 3)]


def test_wrong_ones_come_with_the_surest_first(labelled):
    wrong = labelled.wrong()
    assert wrong.paths.tolist() == [f"{HOSTILE}.png", "b.png"]
    assert wrong.accuracy() == 0
    assert len(wrong.wrong()) == 2
    assert repr(wrong).endswith("\nall of them wrong")  # an interval would say nothing
    assert "interval" in repr(labelled)
    assert len(labelled.select("test")) == 3


def test_tables_have_the_columns_of_the_files(labelled, unlabelled, with_and_without_pandas):
    frame = labelled.to_frame()
    names = ["path", "split", "truth", "prediction", "probability_ants", "probability_bees"]
    assert list(frame) == names
    assert list(frame["truth"]) == ["ants", "bees", "bees", "bees"]
    assert list(frame["probability_ants"]) == [0.9, 0.6, 0.2, 0.99]
    frame = unlabelled.to_frame()
    names = ["path", "prediction", "probability", "error", "probability_ants", "probability_bees"]
    assert list(frame) == names
    assert list(frame["error"]) == ["", "of no known image format", ""]


def test_they_say_themselves_in_three_lines_at_most(labelled, unlabelled):
    said = repr(labelled).splitlines()
    assert said == [
        "Predictions of 4 validation and test images, 2 classes",
        "accuracy 0.500 (95 % interval 0.150 - 0.850)",
    ]
    assert repr(unlabelled).splitlines() == [
        "ImagePredictions of 3 images",
        "ants: 1, bees: 1, unusable: 1",
    ]
    assert repr(labelled.select("train")).startswith("Predictions of 0 images, 2 classes\n")


def test_a_notebook_shows_classes_or_what_is_wrong(labelled, unlabelled):
    assert "ants" in labelled._repr_html_()
    assert "recall" in labelled._repr_html_()
    wrong = labelled.wrong()._repr_html_()
    assert "b.png" in wrong
    for shown in (wrong, unlabelled._repr_html_()):
        assert "<img" not in shown
        assert "\x1b" not in shown
        assert "&lt;img" in shown
    assert "nan" not in unlabelled._repr_html_()
    assert "<table" not in labelled.select("train")._repr_html_()


def test_they_are_those_of_the_verbs(unlabelled):
    assert isinstance(unlabelled, Found)
