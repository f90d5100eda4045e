import numpy as np
import pytest

from keras_transfer.evaluation.certainty.answer_threshold import (
    choose_threshold,
    judge_threshold,
    say_threshold,
)


def answers(*rows):
    """Return probabilities and truth; a row is the probability of the best class and if right."""
    probabilities = np.array([[share, 1 - share] for share, _ in rows])
    return probabilities, np.array([0 if right else 1 for _, right in rows])


ROWS = answers((0.99, True), (0.95, True), (0.9, False), (0.8, True), (0.8, True), (0.6, False))


@pytest.mark.parametrize(
    ("accuracy", "threshold", "answered", "right"),
    [(1.0, 0.95, 2, 2), (0.8, 0.8, 5, 4), (0.81, 0.95, 2, 2), (0.5, 0.6, 6, 4)],
)
def test_as_many_images_are_answered_as_the_accuracy_lets(accuracy, threshold, answered, right):
    found = choose_threshold(*ROWS, accuracy)
    assert (found.threshold, found.answered, found.right) == (threshold, answered, right)
    assert found == judge_threshold(*ROWS, found.threshold)
    assert found.interval[0] < found.accuracy <= found.interval[1]


def test_equally_certain_answers_are_given_or_withheld_together():
    rows = answers((0.9, True), (0.9, False), (0.5, True))
    assert choose_threshold(*rows, 0.6).answered == 3
    assert choose_threshold(*rows, 0.9) is None


def test_where_the_most_certain_answer_is_wrong_there_is_no_threshold():
    assert choose_threshold(*answers((0.9, False), (0.6, False)), 0.9) is None


def test_a_threshold_that_nothing_reaches_answers_nothing():
    found = judge_threshold(*ROWS, 1.0)
    assert (found.answered, found.share, found.accuracy) == (0, 0, 0)
    assert found.interval == (0, 1)


def test_a_threshold_near_one_is_said_with_the_digits_that_matter():
    said = [say_threshold(value) for value in (0.4667, 0.95, 0.99934, 0.999999, 1.0)]
    assert said == ["0.467", "0.950", "0.99934", "0.9999990", "1.0000000"]
