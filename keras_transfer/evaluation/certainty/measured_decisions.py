"""What sets and thresholds are worth on labelled images: what `evaluate` says of them."""

import argparse
from typing import Any

import numpy as np

from keras_transfer.config.messages import count_of, say_interval
from keras_transfer.evaluation.certainty.answer_threshold import judge_threshold
from keras_transfer.evaluation.certainty.decision_options import Settled
from keras_transfer.evaluation.certainty.prediction_sets import list_members
from keras_transfer.evaluation.metrics import wilson_interval
from keras_transfer.run.predictions_csv import Predictions


def measure_sets(
    predictions: Predictions, limits: np.ndarray, coverage: float, class_wise: bool
) -> dict[str, Any]:
    """Return how often the true class is in the set of an image, and how large sets are.

    Args:
        predictions: Of labelled images, one or more.
        limits: Of sets, (classes,).
        coverage: That was asked for, in (0, 1).
        class_wise: Of each class.
    """
    members = list_members(predictions.probabilities, limits)
    sizes, covered = members.sum(axis=1), members[np.arange(len(predictions)), predictions.truth]
    return {
        "asked": coverage,
        "class_wise": class_wise,
        "coverage": float(covered.mean()),
        "coverage_interval": list(wilson_interval(int(covered.sum()), len(covered))),
        "mean_size": float(sizes.mean()),
        "one_class": float((sizes == 1).mean()),
    }


def measure_answering(
    predictions: Predictions, threshold: float, accuracy: float
) -> dict[str, Any]:
    """Return how many images are answered from a threshold on, and how many of these are right.

    Args:
        predictions: Of labelled images, one or more.
        threshold: In [0, 1].
        accuracy: That was asked for, in (0, 1].
    """
    found = judge_threshold(predictions.probabilities, predictions.truth, threshold)
    return {
        "asked": accuracy,
        "threshold": threshold,
        "answered": found.share,
        "accuracy": found.accuracy,
        "accuracy_interval": list(found.interval),
    }


def measure_decisions(
    predictions: Predictions, words: argparse.Namespace, settled: Settled
) -> dict[str, dict[str, Any]]:
    """Return what was asked for as `evaluate --json` has it: `sets`, `answering`, or neither."""
    found, (limits, answering) = {}, settled
    if limits is not None:
        found["sets"] = measure_sets(predictions, limits, words.coverage, words.class_wise)
    if answering is not None:
        asked = answering.threshold, words.answer_at_accuracy
        found["answering"] = measure_answering(predictions, *asked)
    return found


def describe_decisions(measured: dict[str, dict[str, Any]], images: int) -> list[str]:
    """Return a line for each entry of `measure_decisions`."""
    says = {"sets": _describe_sets, "answering": _describe_answering}
    return [says[name](each, count_of(images, "image")) for name, each in measured.items()]


def _describe_sets(measured: dict[str, Any], images: str) -> str:
    interval = say_interval(measured["coverage_interval"])
    each = ", class by class" if measured["class_wise"] else ""
    return (
        f"Sets for {100 * measured['asked']:g} %{each}: {measured['coverage']:.3f} of {images} "
        f"have the true class in theirs (95 % interval {interval}); "
        f"{measured['mean_size']:.2f} classes on average, {100 * measured['one_class']:.0f} % one"
    )


def _describe_answering(measured: dict[str, Any], images: str) -> str:
    return (
        f"From probability {measured['threshold']:.3f} on: {100 * measured['answered']:.0f} % of "
        f"{images} are answered, {measured['accuracy']:.3f} of these right (95 % interval "
        f"{say_interval(measured['accuracy_interval'])})"
    )
