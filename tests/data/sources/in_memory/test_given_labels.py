import numpy as np
import pytest

from keras_transfer.data.sources.in_memory.given_labels import name_labels
from keras_transfer.system.errors import ConfigError


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ([0, 2, 1], ["0", "2", "1"]),
        (np.array([[0], [2], [1]], np.uint8), ["0", "2", "1"]),
        (np.array([0.0, 1.0, np.nan]), ["0", "1", ""]),
        (np.eye(3)[[2, 0, 1]], ["2", "0", "1"]),
        (["cat", None, b"dog"], ["cat", "", "dog"]),
        (np.array(["a", "b"]), ["a", "b"]),
        ([True, False], ["True", "False"]),
        (np.array([1, "a", 2.0], object), ["1", "a", "2"]),
    ],
)
def test_labels_become_names(labels, names):
    assert name_labels(labels) == names


def test_numbers_are_places_among_class_names():
    assert name_labels([0, 1, 0], ["cat", "dog"]) == ["cat", "dog", "cat"]
    assert name_labels(np.eye(2)[[1, 0]], ["cat", "dog"]) == ["dog", "cat"]
    assert name_labels(["dog"], ["cat", "dog"]) == ["dog"]
    assert name_labels([True, False], ["cat", "dog"]) == ["dog", "cat"]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0.5, 1.0], "fractions such as 0.5, which look like measurements"),
        ([[1, 1], [0, 1]], r"\[1, 1\], a row of 2 that looks like multi-label data"),
        ([[0, 0], [0, 1]], r"\[0, 0\], a row of 2 that looks like multi-label"),
        ([[0.9, 0.1], [0, 1]], "shares of classes, as of mixup or smoothed labels"),
        ([["a", "b"], ["c", "d"]], "several labels for one example"),
        ([[1], [1, 2]], "rows of different lengths"),
        (np.zeros((3, 4, 4), int), r"labels of shape \(3, 4, 4\)"),
        ([0, 2], "one of the 2 classes, from 0 on. Received: 2."),
        ([-1, 0], "Received: -1"),
    ],
)
def test_what_is_no_class_is_refused(labels, message):
    names = ["cat", "dog"] if "of the 2 classes" in message or "-1" in message else ()
    with pytest.raises(ConfigError, match=message):
        name_labels(labels, names)
