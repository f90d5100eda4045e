"""What sets and thresholds are worth on labelled images: what `evaluate` says of them."""

import argparse
from typing import Any

import numpy as np

from keras_transfer.config.messages import count_of, say_interval
from keras_transfer.evaluation.certainty.answer_threshold import judge_threshold, say_threshold
from keras_transfer.evaluation.certainty.decision_options import Settled
from keras_transfer.evaluation.certainty.neighbours import UNUSUAL_SHARE, is_unusual
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


def measure_unusual(shares: np.ndarray) -> dict[str, Any]:
    """Return how many images are unlike the training images.

    Args:
        shares: (n,) in [0, 1], see `Neighbours`, of one image or more.
    """
    flagged = int(is_unusual(shares).sum())
    return {
        "limit": UNUSUAL_SHARE,
        "flagged": flagged / len(shares),
        "flagged_interval": list(wilson_interval(flagged, len(shares))),
    }


def measure_decisions(
    predictions: Predictions,
    words: argparse.Namespace,
    settled: Settled,
    shares: np.ndarray | None = None,
) -> dict[str, dict[str, Any]]:
    """Return what was asked for as `evaluate --json` has it: `sets`, `answering`, `unusual`."""
    found, (limits, answering) = {}, settled
    if limits is not None:
        found["sets"] = measure_sets(predictions, limits, words.coverage, words.class_wise)
    if answering is not None:
        asked = answering.threshold, words.answer_at_accuracy
        found["answering"] = measure_answering(predictions, *asked)
    if shares is not None:
        found["unusual"] = measure_unusual(shares)
    return found


def describe_decisions(
    measured: dict[str, dict[str, Any]], images: int, noun: str = "image"
) -> list[str]:
    """Return a line for each entry of `measure_decisions`."""
    says = {
        "sets": _describe_sets,
        "answering": _describe_answering,
        "unusual": _describe_unusual,
    }
    return [says[name](each, images, noun) for name, each in measured.items()]


def _describe_sets(measured: dict[str, Any], images: int, noun: str) -> str:
    interval = say_interval(measured["coverage_interval"])
    each = ", class by class" if measured["class_wise"] else ""
    return (
        f"Sets for {100 * measured['asked']:g} %{each}: {measured['coverage']:.3f} of "
        f"{count_of(images, noun)} "
        f"have the true class in theirs (95 % interval {interval}); "
        f"{measured['mean_size']:.2f} classes on average, {100 * measured['one_class']:.0f} % one"
    )


def _describe_answering(measured: dict[str, Any], images: int, noun: str) -> str:
    threshold, share = say_threshold(measured["threshold"]), 100 * measured["answered"]
    return (
        f"From probability {threshold} on: {share:.0f} % of "
        f"{count_of(images, noun)} are answered, {measured['accuracy']:.3f} of these right "
        f"(95 % interval {say_interval(measured['accuracy_interval'])})"
    )


def _describe_unusual(measured: dict[str, Any], images: int, noun: str) -> str:
    return (
        f"Unlike the training {noun}s: {measured['flagged']:.3f} of {count_of(images, noun)} "
        f"(95 % interval "
        f"{say_interval(measured['flagged_interval'])}); of {noun}s like them about "
        f"{100 * measured['limit']:g} % are taken for such"
    )
