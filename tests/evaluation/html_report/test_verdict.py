"""What a report says first."""

import pytest
from made_pages import make_predictions

from keras_transfer.evaluation.certainty.answer_threshold import Answering
from keras_transfer.evaluation.html_report.verdict import say_verdict


def test_accuracy_weakest_class_and_trust_are_said_in_three_lines():
    predictions = make_predictions([0, 0, 0, 1], [0, 0, 1, 1], [0.9, 0.9, 0.9, 0.6])
    chosen = Answering(0.95, 4, 2, 2)
    accuracy, weakest, trust = say_verdict(predictions, chosen, 0.98)
    assert accuracy.startswith("75.0 % of 4 validation images are right")
    assert "between 30.1 % and 95.4 %" in accuracy
    assert "largest class always would be right for 75.0 %" in accuracy
    assert weakest.startswith("Weakest class: class 1, F1 0.67.")
    assert "class 0 taken for class 1, 33.3 % of its images (1)" in weakest
    assert trust.endswith(
        "From probability 0.950 on, 98.0 % of its answers are right: 50.0 % of the images get one."
    )


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (None, "At no probability are 98.0 % of its answers right."),
        (Answering(0.4, 2, 2, 2), "98.0 % of its answers are right, however sure it is."),
    ],
)
def test_nothing_wrong_and_no_threshold_are_said_as_they_are(chosen, said):
    _, weakest, trust = say_verdict(make_predictions([0, 1], [0, 1]), chosen, 0.98)
    assert weakest == "None of them is taken for another class."
    assert trust.endswith(said)


def test_names_that_cannot_be_seen_are_written_out():
    predictions = make_predictions([0, 1], [1, 1])
    object.__setattr__(predictions, "class_names", ("a\u202eb", "c", "d"))
    assert "a\\u202eb taken for c" in [*say_verdict(predictions, None, 0.98)][1]
