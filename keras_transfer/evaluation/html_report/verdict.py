"""What a report says first: how good the model is, where it fails, how far it can be trusted."""

from collections.abc import Iterator

import numpy as np

from keras_transfer.config.messages import count_of
from keras_transfer.evaluation.certainty.answer_threshold import (
    Answering,
    judge_threshold,
    say_threshold,
)
from keras_transfer.evaluation.class_scores import list_confusions, score_classes, sort_weakest
from keras_transfer.evaluation.html_report.page import say_share
from keras_transfer.evaluation.metrics import score
from keras_transfer.run.predictions_csv import Predictions
from keras_transfer.system.terminal.visible_text import show_name


def say_verdict(
    predictions: Predictions, chosen: Answering | None, asked: float, noun: str = "image"
) -> Iterator[str]:
    """Yield three lines.

    Args:
        predictions: Examples of one split, at least one.
        chosen: The threshold that answers at the accuracy `asked` on validation; None: none does.
        asked: In (0, 1].
        noun: What one example is called.
    """
    yield _say_accuracy(predictions, noun)
    yield _say_weakest(predictions, noun)
    yield _say_trust(predictions, chosen, asked)


def _say_accuracy(predictions: Predictions, noun: str) -> str:
    numbers, split = score(predictions), predictions.split_names[0]
    low, high = numbers["accuracy_interval"]
    most = np.bincount(predictions.truth).max() / len(predictions)
    examples, are = (
        count_of(len(predictions), f"{split} {noun}"),
        "is" if len(predictions) == 1 else "are",
    )
    return (
        f"{say_share(numbers['accuracy'])} of {examples} {are} right, and with 95 % confidence "
        f"between {say_share(low)} and {say_share(high)} of others like them. Always naming the "
        f"class that most of them have would be right for {say_share(most)}."
    )


def _say_weakest(predictions: Predictions, noun: str) -> str:
    pairs = list_confusions(predictions, 1)
    if not pairs:
        return "None of them is taken for another class."
    weakest, pair = sort_weakest(score_classes(predictions))[0], pairs[0]
    truth, other = show_name(pair.truth), show_name(pair.prediction)
    return (
        f"Weakest class: {show_name(weakest.name)}, F1 {weakest.f1:.2f}. Confused most: "
        f"{truth} taken for {other}, {say_share(pair.share)} of its {noun}s ({pair.images:,})."
    )


def _say_trust(predictions: Predictions, chosen: Answering | None, asked: float) -> str:
    error = score(predictions)["expected_calibration_error"]
    off = f"Its probabilities are off by {100 * error:.1f} points on average. "
    if chosen is None:
        return off + f"At no probability are {say_share(asked)} of validation's answers right."
    found = judge_threshold(predictions.probabilities, predictions.truth, chosen.threshold)
    of_these = f", and {say_share(found.accuracy)} of these are right" if found.answered else ""
    return off + (
        f"Answering only from probability {say_threshold(found.threshold)} on, which validation "
        f"chose for {say_share(asked)}, it answers {say_share(found.share)} of them{of_these}."
    )
