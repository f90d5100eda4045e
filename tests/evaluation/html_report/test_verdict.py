"""What a report says first."""

from made_pages import make_predictions

from keras_transfer.evaluation.certainty.answer_threshold import Answering
from keras_transfer.evaluation.html_report.verdict import say_verdict


def test_accuracy_weakest_class_and_trust_are_said_in_three_lines():
    predictions = make_predictions([0, 0, 0, 1], [0, 0, 1, 1], [0.9, 0.9, 0.9, 0.6])
    chosen = Answering(0.85, 50, 50, 49)  # of validation
    accuracy, weakest, trust = say_verdict(predictions, chosen, 0.98)
    assert accuracy.startswith("75.0 % of 4 validation images are right")
    assert "between 30.1 % and 95.4 %" in accuracy
    assert "class that most of them have would be right for 75.0 %" in accuracy
    assert weakest.startswith("Weakest class: class 1, F1 0.67.")
    assert "class 0 taken for class 1, 33.3 % of its images (1)" in weakest
    assert trust.endswith(
        "Answering only from probability 0.850 on, which validation chose for 98.0 %, it answers "
        "75.0 % of them, and 66.7 % of these are right."
    )


def test_nothing_wrong_and_nothing_answered_are_said_as_they_are():
    predictions = make_predictions([0], [0])
    accuracy, weakest, trust = say_verdict(predictions, None, 0.98)
    assert accuracy.startswith("100 % of 1 validation image is right")
    assert weakest == "None of them is taken for another class."
    assert trust.endswith("At no probability are 98.0 % of validation's answers right.")
    *_, trust = say_verdict(predictions, Answering(0.99, 4, 2, 2), 0.98)
    assert trust.endswith("it answers 0 % of them.")


def test_names_that_cannot_be_seen_are_written_out():
    predictions = make_predictions([0, 1], [1, 1])
    object.__setattr__(predictions, "class_names", ("a\u202eb", "c", "d"))
    assert "a\\u202eb taken for c" in [*say_verdict(predictions, None, 0.98)][1]
