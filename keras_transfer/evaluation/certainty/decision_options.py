"""The options that ask how far answers can be trusted, and what is said of them."""

import argparse
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from keras_transfer.config.messages import count_of, say_interval
from keras_transfer.config.validation import require
from keras_transfer.evaluation.certainty.answer_threshold import Answering, say_threshold
from keras_transfer.evaluation.certainty.decision_numbers import KnownLimits
from keras_transfer.evaluation.certainty.neighbours import UNUSUAL_SHARE


def add_decisions(parser: argparse.ArgumentParser) -> None:
    """Add --coverage, --class_wise, --answer_at_accuracy and --unusual."""
    text = (
        "name a set of classes for each example: if new ones are like those of validation, the "
        "sets hold the true class of at least this share of them"
    )
    parser.add_argument("--coverage", type=float, metavar="SHARE", help=text)
    text = "with --coverage: of the examples of each class, which makes sets larger"
    parser.add_argument("--class_wise", action="store_true", help=text)
    text = (
        "answer only where the best class is so probable that this share of the answers is right "
        "on validation"
    )
    parser.add_argument("--answer_at_accuracy", type=float, metavar="SHARE", help=text)
    text = "say which examples are unlike those of training: to these nothing is promised"
    parser.add_argument("--unusual", action="store_true", help=text)


def check_decisions(words: argparse.Namespace) -> None:
    """Raise `ConfigError` for shares that are none."""
    share, accuracy = words.coverage, words.answer_at_accuracy
    require(share is None or 0 < share < 1, "coverage", "above 0 and below 1", share)
    alone = words.class_wise and share is None
    require(not alone, "class_wise", "left out without --coverage", words.class_wise)
    fits = accuracy is None or 0 < accuracy <= 1
    require(fits, "answer_at_accuracy", "above 0, and 1 at most", accuracy)


class Settled(NamedTuple):
    """What was asked for, and what is known of it."""

    limits: np.ndarray | None = None  # of sets, (classes,)
    answering: Answering | None = None


def settle_decisions(words: argparse.Namespace, read: Callable[[], KnownLimits]) -> Settled:
    """Return the limits and the threshold that are asked for.

    Args:
        words: Of a command with `add_decisions`.
        read: Returns what is known of the model; called if something is asked for.

    Raises:
        ConfigError: It is not known, or more is asked for than it can promise.
    """
    if words.coverage is None and words.answer_at_accuracy is None:
        return Settled()
    found, accuracy, limits = read(), words.answer_at_accuracy, None
    if words.coverage is not None:
        limits = found.find_limits(words.coverage, words.class_wise)
    return Settled(limits, None if accuracy is None else found.choose_threshold(accuracy))


def say_sets(coverage: float, class_wise: bool, noun: str = "image") -> str:
    """Return what the sets promise."""
    which = f"the {noun}s of each class" if class_wise else f"{noun}s"
    return (
        f"Sets: if new {noun}s are like those of validation, the true class is in the set of at "
        f"least {100 * coverage:g} % of {which}"
    )


def say_unusual(unusual: int, images: int, noun: str = "image") -> str:
    """Return how many examples are unusual, and how many are so by chance."""
    are = "is" if 1 in (unusual, images) else "are"
    return (
        f"{unusual:,} of {count_of(images, noun)} {are} unlike the training {noun}s; of {noun}s "
        f"like them about {100 * UNUSUAL_SHARE:g} % are taken for such"
    )


def say_answering(found: Answering, noun: str = "image") -> str:
    """Return what comes of a threshold that was chosen."""
    images = count_of(found.images, f"validation {noun}")
    threshold, share = say_threshold(found.threshold), f"{100 * found.share:.0f} %"
    return (
        f"Threshold {threshold}: of {images} {share} are answered, "
        f"{found.accuracy:.3f} of these right (95 % interval {say_interval(found.interval)})"
    )
